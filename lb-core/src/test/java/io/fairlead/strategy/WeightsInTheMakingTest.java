package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Members;
import io.fairlead.testing.Concurrently;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights that an update is to bring, as long as it has not taken effect, and if it never does. */
class WeightsInTheMakingTest {

  private static final List<Backend> BEFORE = Testbed.weighted(1, 1, 1, 1);
  private static final List<Backend> HEAVY = Testbed.weighted(10, 1, 1, 1);

  static List<Strategy> strategies() {
    return List.of(
        Strategy.roundRobin(),
        Strategy.weightedRoundRobin(),
        Strategy.random(),
        Strategy.consistentHash(),
        Strategy.maglev(),
        Strategy.rendezvous(),
        Strategy.zoneAware(Strategy.consistentHash()));
  }

  /** A strategy that does something when it has made a picker. */
  private static final class Hooked implements Strategy {
    private final Strategy inner;
    Runnable hook = () -> {};

    Hooked(Strategy inner) {
      this.inner = inner;
    }

    @Override
    public Selector start(Environment environment) {
      Selector selector = inner.start(environment);
      return members -> {
        Picker picker = selector.picker(members);
        hook.run();
        return picker;
      };
    }
  }

  /** While the tables of the new set are made a veto comes: all that follows live weights is computed anew. */
  @ParameterizedTest
  @MethodSource("strategies")
  void refused_requestsGoAsIfItHadNotBeenAskedFor(Strategy strategy) throws Exception {
    Testbed untouched = new Testbed(strategy, 1, BEFORE);
    Hooked hooked = new Hooked(strategy);
    Testbed bed = new Testbed(hooked, 1, BEFORE);
    List<String> meanwhile = new ArrayList<>();
    hooked.hook = () -> {
      bed.veto("m3");
      assertThat(bed.member("m0").backend()).isEqualTo(BEFORE.get(0));
      try {
        meanwhile.addAll(bed.owners(500));
      } catch (LoadBalancingException e) {
        throw new AssertionError(e);
      }
      throw new IllegalStateException("no");
    };
    assertThatIllegalStateException().isThrownBy(() -> bed.update(HEAVY)).withMessage("no");
    bed.clock.advance(Duration.ofHours(1));
    untouched.veto("m3");

    assertThat(meanwhile).isEqualTo(untouched.owners(500));
    assertThat(bed.owners(500)).isEqualTo(untouched.owners(500));
  }

  /** As one that begins with the new set. */
  @ParameterizedTest
  @MethodSource("strategies")
  void taken_requestsGoByThem(Strategy strategy) throws Exception {
    Testbed bed = new Testbed(strategy, 1, BEFORE);
    bed.update(HEAVY);
    Testbed fresh = new Testbed(strategy, 1, HEAVY);

    assertThat(new TreeMap<>(Testbed.counts(bed.owners(13))))
        .isEqualTo(Testbed.counts(fresh.owners(13)));
  }

  /** Whatever makes a picker sees the backends as they will be, a condition on their metadata above all. */
  @Test
  void pickerIsMade_byTheBackendsOfTheNewSet() throws Exception {
    Strategy newVersion = Strategy.of(members -> {
      Members chosen =
          members.where(i -> "2".equals(members.backend(i).metadata().get("version")));
      return choice -> chosen.live().size() == 0 ? null : chosen.live().member(0);
    });
    Testbed bed = new Testbed(newVersion, 1, BEFORE);
    List<Backend> changed = new ArrayList<>(BEFORE);
    changed.set(2, changed.get(2).toBuilder().metadata("version", "2").build());
    bed.update(changed);

    assertThat(bed.picks(10)).containsOnlyKeys("m2");
  }

  /** One of two is of weight 0, now the one and then the other, or both, which then count alike: there is always somebody. */
  @Test
  void weightGoesBackAndForth_eachChoiceFindsSomebody() throws Exception {
    LoadBalancer balancer = LoadBalancer.builder("test")
        .strategy(Strategy.roundRobin())
        .backends(Testbed.weighted(1, 0))
        .build();
    AtomicBoolean done = new AtomicBoolean();
    Executable requests = () -> {
      while (!done.get()) {
        try (Lease lease = balancer.acquire()) {
          assertThat(lease.backend().id()).startsWith("m");
        }
      }
    };
    Concurrently.run(requests, requests, () -> {
      try {
        for (int i = 0; i < 20_000; i++) {
          int some = i % 3; // none, or one of the two
          balancer.pool().update(Testbed.weighted(some & 1, some >> 1));
        }
      } finally {
        done.set(true);
      }
    });
  }
}
