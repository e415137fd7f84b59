package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One after the other, by weight or without. */
final class RoundRobin implements Selector {

  // One counter for all choices. If all get the same, its value modulo those who may be picked:
  // even over any run of choices. If not, an interleaving of their weights. A choice that has to go
  // past a member (since it refused, or for a further attempt of a call) draws at random instead.
  // If it took the next member, a failed one's successor would have twice its share; if it took the
  // next turn, two servers of which one fails would meet each new call and its second attempt in
  // turns, so that all calls began at the one that fails. O(1).
  private final AtomicLong counter;
  private final long phase;
  private final boolean weighted;

  /**
   * A selector.
   *
   * @param weighted whether weights count; those that live weights are lowered to by policies do in any case
   */
  RoundRobin(Environment environment, boolean weighted) {
    // Somewhere, or the first of all clients' requests would all go to the first server; but not
    // far up, since it takes longer to divide large numbers.
    this.counter = new AtomicLong(environment.chance().nextLong() >>> 44);
    this.phase = environment.chance().nextLong() >>> 16;
    this.weighted = weighted;
  }

  /** How the turns of those who are live go; the interleaving is null if all get the same. */
  private record Turns(Live live, @Nullable Interleaving interleaving) {}

  @Override
  public Picker picker(Members members) {
    Derived<Turns> turns = members.derive(this::turns);
    // Where own weights differ and don't count, live ones that are alike tell nothing.
    boolean tells =
        weighted || Arrays.stream(Hashed.weights(members)).distinct().count() < 2;
    return choice -> pick(members.live(), tells, turns, choice);
  }

  private Turns turns(Live live) {
    double[] weights = new double[live.size()];
    boolean uniform = true;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = weighted ? live.weight(i) : live.factor(i);
      uniform &= weights[i] == weights[0];
    }
    return new Turns(live, uniform ? null : Interleaving.of(weights));
  }

  /**
   * Picks.
   *
   * @param tells whether all get the same if live weights are uniform
   */
  private @Nullable Member pick(Live live, boolean tells, Derived<Turns> derived, Choice choice) {
    Interleaving interleaving = null;
    if (!tells || !live.uniform()) {
      Turns turns = derived.get();
      interleaving = turns.interleaving();
      live = interleaving == null ? live : turns.live();
    }
    int size = live.size();
    if (size == 0) {
      return null;
    }
    boolean past = choice.draw() > 0 || choice.attempt() > 0;
    if (interleaving != null) {
      // From a place of this client's own, and when it is past somebody by weight too.
      return live.member(interleaving.at(
          past ? choice.random() : phase + counter.getAndAdd(interleaving.stride())));
    }
    return live.member(
        past
            ? Draws.index(choice.random(), size)
            : (int) ((counter.getAndIncrement() & Long.MAX_VALUE) % size));
  }
}
