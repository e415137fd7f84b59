package io.fairlead.lab;

import io.fairlead.lab.HashingResult.Leaving;
import io.fairlead.lab.HashingResult.Load;
import io.fairlead.lab.HashingResult.OneAway;
import io.fairlead.lab.Randomness.Stream;
import io.fairlead.strategy.Strategy;
import io.fairlead.time.Chance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Tries one strategy on one set of members. */
final class HashingTrial {

  /** How many members are made unavailable, one after the other, to see where the keys of one go. */
  private static final int VICTIMS = 10;

  private final HashingSet set;
  private final long seed;
  private final long[] keys;
  private final KeyedBalancer balancer;
  private final int[] before;

  private HashingTrial(HashingSet set, long seed, long[] keys, KeyedBalancer balancer) {
    this.set = set;
    this.seed = seed;
    this.keys = keys;
    this.balancer = balancer;
    this.before = balancer.owners(keys);
  }

  /** Tries it; the same keys are looked up, and the same members leave, whatever the strategy. */
  static HashingResult run(HashingSet set, String name, Strategy strategy, long seed, int keys) {
    Chance chance = Randomness.chance(seed, Stream.KEYS, 0);
    long[] hashes = new long[keys];
    Arrays.setAll(hashes, i -> chance.nextLong());
    try (KeyedBalancer balancer = new KeyedBalancer(set.backends(), strategy)) {
      HashingTrial trial = new HashingTrial(set, seed, hashes, balancer);
      return new HashingResult(set, name, keys, trial.load(), trial.oneAway(), trial.leavings());
    }
  }

  private Load load() {
    int[] counts = counts(before);
    double max = 0;
    double min = Double.POSITIVE_INFINITY;
    double squares = 0;
    double chance = 0;
    for (int i = 0; i < counts.length; i++) {
      double fair = set.part(i) * keys.length;
      double load = counts[i] / fair;
      max = Math.max(max, load);
      min = Math.min(min, load);
      squares += (load - 1) * (load - 1);
      chance +=
          (1 - set.part(i)) / fair; // a binomial distribution's variance, relative to its mean
    }
    return new Load(
        max, min, Math.sqrt(squares / counts.length), Math.sqrt(chance / counts.length));
  }

  private int[] counts(int[] owners) {
    int[] counts = new int[set.members()];
    for (int owner : owners) {
      counts[owner]++;
    }
    return counts;
  }

  private OneAway oneAway() {
    double receivers = 0;
    double byChance = 0;
    double largest = 0;
    double worst = 0;
    int victims = 0;
    for (int victim : some(Math.min(VICTIMS, set.members()))) {
      long[] own = IntStream.range(0, keys.length)
          .filter(i -> before[i] == victim)
          .mapToLong(i -> keys[i])
          .toArray();
      if (own.length == 0) {
        continue; // too few keys for so many members
      }
      balancer.veto(Set.of(victim));
      int[] counts = counts(balancer.owners(own));
      balancer.lift(Set.of(victim));
      double share = (double) Arrays.stream(counts).max().orElse(0) / own.length;
      receivers += Arrays.stream(counts).filter(count -> count > 0).count();
      byChance += receiversByChance(victim, own.length);
      largest += share;
      worst = Math.max(worst, share);
      victims++;
    }
    return new OneAway(receivers / victims, byChance / victims, largest / victims, worst);
  }

  private double receiversByChance(int victim, int keys) {
    return IntStream.range(0, set.members())
        .filter(i -> i != victim)
        .mapToDouble(i -> 1 - Math.pow(1 - set.part(i) / (1 - set.part(victim)), keys))
        .sum();
  }

  /** One of all, 1 % of them and 10 % of them. */
  private List<Leaving> leavings() {
    Set<Integer> sizes = new TreeSet<>();
    for (int divisor : new int[] {set.members(), 100, 10}) {
      sizes.add(Math.max(1, set.members() / divisor));
    }
    return sizes.stream().map(this::leaving).toList();
  }

  private Leaving leaving(int leavers) {
    Set<Integer> away = some(leavers);
    balancer.leave(away);
    int[] without = balancer.owners(keys);
    balancer.returnAll();
    int[] back = balancer.owners(keys);
    balancer.veto(away);
    int[] unavailable = balancer.owners(keys);
    balancer.lift(away);

    int minimum = 0;
    int asIfLeft = 0;
    int notRestored = 0;
    for (int i = 0; i < keys.length; i++) {
      if (away.contains(before[i])) {
        minimum++;
        asIfLeft += without[i] == unavailable[i] ? 1 : 0;
      }
      notRestored += back[i] == before[i] ? 0 : 1;
    }
    return new Leaving(
        leavers,
        minimum,
        excess(before, without, away),
        excess(back, without, away),
        notRestored,
        excess(before, unavailable, away),
        asIfLeft);
  }

  /** How many keys have other owners in the one than in the other, though none of those who are away has to do with it. */
  private static int excess(int[] whenAll, int[] whenSome, Set<Integer> away) {
    int excess = 0;
    for (int i = 0; i < whenAll.length; i++) {
      excess += whenAll[i] != whenSome[i] && !away.contains(whenAll[i]) ? 1 : 0;
    }
    return excess;
  }

  /** The same for all strategies. */
  private Set<Integer> some(int count) {
    Randomness random = Randomness.of(seed, Stream.LEAVERS, set.members());
    List<Integer> all =
        new ArrayList<>(IntStream.range(0, set.members()).boxed().toList());
    Set<Integer> some = new TreeSet<>();
    while (some.size() < count) {
      int at = random.index(all.size());
      some.add(all.get(at));
      all.subList(at, at + 1).clear();
    }
    return some;
  }
}
