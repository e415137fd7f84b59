package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.testing.StrategyContract;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RandomPickTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.random();
  }

  @Test
  void picks_areByWeight() throws Exception {
    for (long seed = 0; seed < 5; seed++) {
      List<Backend> backends = Testbed.weighted(1, 2, 5, 12, 80);
      Testbed bed = new Testbed(Strategy.random(), seed, backends);

      ChiSquare.assertFits(bed.picks(20_000), Testbed.shares(backends), "seed " + seed);
    }
  }

  /** What the heavy one fails goes to others, however often the draw names the heavy one again. */
  @Test
  void furtherAttempts_areByWeightToo() throws Exception {
    Testbed bed = new Testbed(Strategy.random(), 4, Testbed.weighted(100, 10, 10, 1, 1));
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < 20_000; i++) {
      try (Lease lease = bed.balancer.acquire()) {
        if (lease.backend().id().equals("m0")) {
          try (Lease next = lease.another()) {
            counts.merge(next.backend().id(), 1, Integer::sum);
          }
        }
      }
    }

    ChiSquare.assertFits(counts, Map.of("m1", 10.0, "m2", 10.0, "m3", 1.0, "m4", 1.0), "seed 4");
  }

  @Test
  void factors_countAsWeights() throws Exception {
    Testbed bed = new Testbed(Strategy.random(), 1, Testbed.weighted(1, 1, 1));
    bed.factor("m0", 0.25);

    ChiSquare.assertFits(bed.picks(20_000), Map.of("m0", 0.25, "m1", 1.0, "m2", 1.0), "seed 1");
  }

  @Test
  void vetoed_othersByWeight_beforeAndAfterItIsWorkedIn() throws Exception {
    Testbed bed = new Testbed(Strategy.random(), 1, Testbed.weighted(3, 1, 2));
    bed.veto("m0");

    ChiSquare.assertFits(bed.picks(20_000), Map.of("m1", 1.0, "m2", 2.0), "seed 1");
    bed.control("m0").lift();
    assertThat(bed.picks(100)).as("not yet worked in").containsOnlyKeys("m1", "m2");
    bed.clock.runDue();
    assertThat(bed.picks(1_000)).containsOnlyKeys("m0", "m1", "m2");
  }
}
