package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Live;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StrategyFactoriesTest {

  @Test
  void of_theFunctionMakesAPickerForEachMembership() throws Exception {
    List<Integer> sizes = new ArrayList<>();
    Strategy firstAvailable = Strategy.of(members -> {
      sizes.add(members.size());
      return choice -> {
        Live live = members.live();
        return live.size() == 0 ? null : members.get(live.index(0));
      };
    });
    LoadBalancer balancer = LoadBalancer.builder("test")
        .backends("a:1", "b:1")
        .strategy(firstAvailable)
        .build();

    try (Lease lease = balancer.acquire()) {
      assertThat(lease.backend().host()).isEqualTo("a");
    }
    balancer.pool().update("c:1");
    try (Lease lease = balancer.acquire()) {
      assertThat(lease.backend().host()).isEqualTo("c");
    }
    assertThat(sizes).containsExactly(2, 1);
    assertThatNullPointerException().isThrownBy(() -> Strategy.of(null)).withMessage("pickers");
  }

  @Test
  void environment_isTheBalancers() {
    List<@Nullable Object> seen = new ArrayList<>();
    Strategy curious = environment -> {
      seen.add(environment.name());
      seen.add(environment.zone());
      seen.add(environment.clock());
      seen.add(environment.scheduler());
      seen.add(environment.chance());
      return Strategy.roundRobin().start(environment);
    };
    FakeClock clock = new FakeClock();
    SeededChance chance = SeededChance.of(1);

    LoadBalancer.builder("test")
        .zone("z")
        .time(clock)
        .chance(chance)
        .strategy(curious)
        .build();
    LoadBalancer.builder("test").time(clock).chance(chance).strategy(curious).build();

    assertThat(seen)
        .containsExactly("test", "z", clock, clock, chance, "test", null, clock, clock, chance);
  }
}
