package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.SeededChance;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoundRobinTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.roundRobin();
  }

  private static LoadBalancer balancer(int size) {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      backends.add(Backend.builder("m" + i, 80).id("m" + i).weight(1 + i).build());
    }
    return LoadBalancer.builder("test")
        .strategy(Strategy.roundRobin())
        .backends(backends)
        .chance(SeededChance.of(1))
        .build();
  }

  private static String pick(LoadBalancer balancer) throws LoadBalancingException {
    try (Lease lease = balancer.acquire()) {
      return lease.backend().id();
    }
  }

  /** Whatever the weights. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100})
  void anyWindow_isEvenToWithinOne(int size) throws Exception {
    LoadBalancer balancer = balancer(size);
    int[] picks = new int[5 * size];
    for (int i = 0; i < picks.length; i++) {
      picks[i] = Integer.parseInt(pick(balancer).substring(1));
    }

    for (int from = 0; from < picks.length; from++) {
      int[] counts = new int[size];
      for (int to = from; to < picks.length; to++) {
        counts[picks[to]]++;
        int most = Arrays.stream(counts).max().getAsInt();
        int least = Arrays.stream(counts).min().getAsInt();
        assertThat(most - least)
            .as("picks %d to %d: %s", from, to, Arrays.toString(picks))
            .isBetween(0, 1);
      }
    }
  }

  @Test
  void severalThreads_allTheirPicksAreEvenToWithinOne() throws Exception {
    LoadBalancer balancer = balancer(7);
    Concurrently.run(
        () -> pickMany(balancer, 10_000),
        () -> pickMany(balancer, 20_001),
        () -> pickMany(balancer, 30_002));

    long[] counts = balancer.pool().members().stream()
        .mapToLong(member -> member.count(Outcome.Kind.ABANDONED))
        .sorted()
        .toArray();
    assertThat(Arrays.stream(counts).sum()).isEqualTo(60_003);
    assertThat(counts[6] - counts[0]).as(Arrays.toString(counts)).isLessThanOrEqualTo(1);
  }

  private static void pickMany(LoadBalancer balancer, int times) throws LoadBalancingException {
    for (int i = 0; i < times; i++) {
      pick(balancer);
    }
  }

  @Test
  void vetoed_theOthersAreEven() throws Exception {
    LoadBalancer balancer = balancer(4);
    Member vetoed = balancer.pool().members().get(1);
    balancer.pool().control(vetoed, "p").vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);

    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < 300; i++) {
      counts.merge(pick(balancer), 1, Integer::sum);
    }

    assertThat(counts).isEqualTo(Map.of("m0", 100, "m2", 100, "m3", 100));
  }

  @Test
  void update_goesOnWhereItWas() throws Exception {
    LoadBalancer balancer =
        LoadBalancer.builder("test").strategy(Strategy.roundRobin()).build();
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < 300; i++) {
      balancer
          .pool()
          .update(i % 2 == 0 ? List.of(at(0), at(1), at(2)) : List.of(at(0), at(1), at(3)));
      counts.merge(pick(balancer), 1, Integer::sum);
    }

    assertThat(counts)
        .as("not always the first")
        .isEqualTo(Map.of("m0", 100, "m1", 100, "m2", 50, "m3", 50));
  }

  /** Two turns for each call that fails once, and all calls would begin at the one that fails. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void deadMember_oneCallAfterTheOther_getsItsShareOfFirstAttempts(int size) throws Exception {
    for (boolean weighted : new boolean[] {false, true}) {
      LoadBalancer balancer = LoadBalancer.builder("test")
          .strategy(weighted ? Strategy.weightedRoundRobin() : Strategy.roundRobin())
          .backends(IntStream.range(0, size).mapToObj(RoundRobinTest::at).toList())
          .chance(SeededChance.of(2))
          .build();
      int met = 0;
      for (int i = 0; i < 1_000 * size; i++) {
        try (Lease lease = balancer.acquire()) {
          if (lease.backend().id().equals("m0")) {
            met++;
            lease.another().close();
          }
        }
      }
      assertThat(met).as("first attempts at m0; weighted: %s", weighted).isEqualTo(1_000);
    }
  }

  /** Or all clients would go to the same server at the same time, for as long as one of them ramps up. */
  @Test
  void unequalFactors_clientsBeginAtDifferentPlaces() throws Exception {
    Map<String, Integer> first = new TreeMap<>();
    for (long seed = 0; seed < 2_000; seed++) {
      Testbed bed = new Testbed(Strategy.roundRobin(), seed, Testbed.equal(10));
      bed.factor("m9", 0.1);
      first.merge(bed.pick(RequestContext.empty()), 1, Integer::sum);
    }
    Map<String, Double> shares = new TreeMap<>();
    for (int i = 0; i < 10; i++) {
      shares.put("m" + i, i == 9 ? 0.1 : 1.0);
    }

    ChiSquare.assertFits(first, shares, "seeds 0 to 1999");
  }

  /** Live weights that happen to be alike, 10 times a tenth and 1, don't mean that nobody is held back. */
  @Test
  void unequalFactors_equalLiveWeights_factorsCount() throws Exception {
    Testbed bed = new Testbed(Strategy.roundRobin(), 3, Testbed.weighted(10, 1));
    bed.factor("m0", 0.1);

    assertThat(bed.picks(1_100)).isEqualTo(Map.of("m0", 100, "m1", 1_000));
  }

  private static Backend at(int i) {
    return Backend.builder("m" + i, 80).id("m" + i).build();
  }

  /** What failed on one goes to the others alike, and not all to whoever is next in turn. */
  @Test
  void deadMember_itsShareIsSpreadOverTheOthers() throws Exception {
    for (long seed = 0; seed < 5; seed++) {
      Random random = new Random(seed);
      LoadBalancer balancer = LoadBalancer.builder("test")
          .strategy(Strategy.roundRobin())
          .backends("dead:80", "a:80", "b:80", "c:80", "d:80")
          .chance(SeededChance.of(seed))
          .maxEjected(0)
          .build();
      Map<String, Integer> counts = new HashMap<>();
      List<Lease> failing = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        Lease lease = balancer.acquire();
        if (lease.backend().host().equals("dead")) {
          failing.add(lease);
        } else {
          lease.close();
          counts.merge(lease.backend().host(), 1, Integer::sum);
        }
        while (failing.size() > random.nextInt(5)) { // connecting takes its time
          try (Lease failed = failing.remove(random.nextInt(failing.size()));
              Lease next = failed.another()) {
            assertThat(next.backend().host()).isNotEqualTo("dead");
            counts.merge(next.backend().host(), 1, Integer::sum);
          }
        }
      }
      failing.forEach(Lease::close);
      ChiSquare.assertFits(counts, Map.of("a", 1.0, "b", 1.0, "c", 1.0, "d", 1.0), "seed " + seed);
    }
  }

  /** A tenth of each weight is not a tenth to the last bit: it does not count, and neither does its rounding. */
  @Test
  void allAreHeldBackAlike_evenToWithinOne() throws Exception {
    Testbed bed = new Testbed(Strategy.roundRobin(), 1, Testbed.weighted(1, 3, 7, 10, 11));
    for (int i = 0; i < 5; i++) {
      bed.factor("m" + i, 0.1);
    }

    for (int i = 0; i < 20; i++) {
      bed.pick();
      assertThat(bed.picks(8).values())
          .allMatch(count -> count == 1 || count == 2)
          .hasSize(5);
    }
  }
}
