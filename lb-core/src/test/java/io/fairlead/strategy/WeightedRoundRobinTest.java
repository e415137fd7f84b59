package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.StrategyContract;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class WeightedRoundRobinTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.weightedRoundRobin();
  }

  private static Testbed bed(long seed, List<Backend> backends) {
    return new Testbed(Strategy.weightedRoundRobin(), seed, backends);
  }

  @Test
  void anyPeriod_isExact() throws Exception {
    Testbed bed = bed(1, Testbed.weighted(5, 1, 1, 0, 3));

    for (int period = 0; period < 10; period++) {
      assertThat(bed.picks(10)).isEqualTo(Map.of("m0", 5, "m1", 1, "m2", 1, "m4", 3));
    }
  }

  @Test
  void fiveOneOne_noRunOfFive() throws Exception {
    for (long seed = 0; seed < 20; seed++) {
      Testbed bed = bed(seed, Testbed.weighted(5, 1, 1));
      StringBuilder picks = new StringBuilder();
      for (int i = 0; i < 70; i++) {
        picks.append(bed.pick());
      }

      assertThat(picks.toString()).as("seed %d", seed).doesNotContain("m0m0m0m0");
    }
  }

  @Test
  void severalThreads_allTheirPicksTogetherAreExact() throws Exception {
    Testbed bed = bed(1, Testbed.weighted(7, 2, 1));
    Concurrently.run(() -> bed.picks(10_000), () -> bed.picks(20_000));

    assertThat(bed.balancer.pool().members())
        .extracting(member -> member.count(Outcome.Kind.IGNORED))
        .containsExactly(21_000L, 6_000L, 3_000L);
  }

  @Test
  void factors_countAsWeights() throws Exception {
    Testbed bed = bed(1, Testbed.weighted(2, 1, 1));
    bed.factor("m1", 0.3);
    Map<String, Integer> counts = bed.picks(33_000);

    assertThat(counts.get("m0")).isBetween(19_995, 20_005);
    assertThat(counts.get("m1")).isBetween(2_995, 3_005);
    assertThat(counts.get("m2")).isBetween(9_995, 10_005);
  }

  @Test
  void update_newWeightsCountAtOnce() throws Exception {
    Testbed bed = bed(1, Testbed.weighted(1, 1));
    bed.picks(5);
    bed.update(Testbed.weighted(3, 1));

    assertThat(bed.picks(400)).isEqualTo(Map.of("m0", 300, "m1", 100));
  }

  /**
   * It has most of the requests, so that the next turn is often its own again: who fails there must not go to a small one as
   * often as to a large one.
   */
  @Test
  void deadMember_itsShareIsSpreadByWeight() throws Exception {
    for (long seed = 0; seed < 3; seed++) {
      Testbed bed = bed(seed, Testbed.weighted(150, 100, 1));
      Map<String, Integer> second = new TreeMap<>();
      for (int i = 0; i < 10_000; i++) {
        try (Lease lease = bed.balancer.acquire()) {
          if (lease.backend().id().equals("m0")) {
            try (Lease next = lease.another()) {
              second.merge(next.backend().id(), 1, Integer::sum);
            }
          }
        }
      }

      // Not 1 %, since after three more draws who is left is taken alike.
      assertThat(second.get("m2") / (double) (second.get("m1") + second.get("m2")))
          .as("share of the small one, seed %d: %s", seed, second)
          .isLessThan(0.08);
    }
  }

  /** Before what goes by weights is made anew, somebody may be named who may not be picked; nobody gets it. */
  @Test
  void vetoNotYetWorkedIn_getsNothingAllTheSame() throws Exception {
    Testbed bed = bed(1, Testbed.weighted(5, 3, 2));
    bed.control("m0").veto(Veto.Kind.HARD, "now");

    assertThat(bed.picks(1_000)).containsOnlyKeys("m1", "m2");
    bed.clock.runDue();
    assertThat(bed.picks(500)).isEqualTo(Map.of("m1", 300, "m2", 200));
  }

  @Test
  void manyMembersOfLargeWeights_workAtOnce() throws Exception {
    int[] weights = new int[10_000];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 1_000_000 - i * 99;
    }
    Testbed bed = bed(1, Testbed.weighted(weights));
    bed.picks(50_000);

    assertThat(bed.balancer.pool().members())
        .allSatisfy(member -> assertThat(member.count(Outcome.Kind.IGNORED)).isBetween(0L, 15L));
    assertThat(bed.member("m0").count(Outcome.Kind.IGNORED)).isBetween(5L, 15L);
  }
}
