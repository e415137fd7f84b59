package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.LoadBalancerSnapshot.MemberSnapshot;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoadBalancerSnapshotTest {

  private final LoadBalancer balancer = LoadBalancer.builder("orders")
      .backends(
          Backend.of("a:80"),
          Backend.builder("b:80").id("blue").weight(3).build(),
          Backend.of("c:80"))
      .time(new FakeClock())
      .strategy(Strategy.roundRobin())
      .chance(() -> 0)
      .build();

  @Test
  void snapshot_tellsHowEverythingStands() throws Exception {
    balancer.pool().update("a:80", "c:80", "d:80"); // b had nothing
    Lease onA = balancer.acquire();
    Lease onC = balancer.acquire();
    onC.record(Outcome.connectFailure());
    onC.close();
    Lease onD = balancer.acquire();
    onD.record(Outcome.success());
    balancer
        .pool()
        .update(List.of(
            Backend.builder("b:80").id("blue").weight(3).build(),
            Backend.of("c:80"),
            Backend.of("d:80")));
    Member c = balancer.pool().member("c:80");
    balancer.pool().control(c, "check").vetoUntil(Veto.Kind.HARD, "no answer", Veto.UNTIL_LIFTED);
    balancer.pool().control(c, "load").factor(0.5);

    LoadBalancerSnapshot snapshot = balancer.snapshot();

    assertThat(snapshot.name()).isEqualTo("orders");
    assertThat(snapshot.closed()).isFalse();
    assertThat(snapshot.panic()).isFalse();
    assertThat(snapshot.members())
        .containsExactly(
            new MemberSnapshot(
                Backend.builder("b:80").id("blue").weight(3).build(),
                true,
                false,
                List.of(),
                3,
                0,
                0,
                State.CLOSED,
                null,
                Map.of()),
            new MemberSnapshot(
                Backend.of("c:80"),
                false,
                false,
                c.vetoes(),
                0.5,
                0,
                0,
                State.CLOSED,
                null,
                Map.of(Outcome.Kind.CONNECT, 1L)),
            new MemberSnapshot(
                Backend.of("d:80"),
                true,
                false,
                List.of(),
                1,
                1,
                0,
                State.CLOSED,
                null,
                Map.of(Outcome.Kind.SUCCESS, 1L)),
            new MemberSnapshot(
                Backend.of("a:80"), false, true, List.of(), 1, 1, 1, State.CLOSED, null, Map.of()));
    assertThat(snapshot.summary()).isEqualTo("3 backends: 2 available, 1 vetoed; 1 more draining");
    assertThat(balancer).hasToString("""
            orders, 3 backends: 2 available, 1 vetoed; 1 more draining
              blue (b:80): available, weight 3.0, in flight 0, outstanding 0
              c:80: vetoed (check: no answer), weight 0.5, in flight 0, outstanding 0, connect 1
              d:80: available, weight 1.0, in flight 1, outstanding 0, success 1
              a:80: draining, weight 1.0, in flight 1, outstanding 1""");
    onA.close();
    onD.close();
  }

  @Test
  void snapshot_closed_saysSo() {
    balancer.close();

    assertThat(balancer.snapshot().closed()).isTrue();
    assertThat(balancer).hasToString("orders (closed), 0 backends: 0 available, 0 vetoed");
  }

  @Test
  void summary_one_isSingular() {
    balancer.pool().update("a:80");

    assertThat(balancer.snapshot().summary()).isEqualTo("1 backend: 1 available, 0 vetoed");
  }

  @Test
  void panic_isTold() {
    balancer
        .pool()
        .members()
        .forEach(member -> balancer
            .pool()
            .control(member, "p")
            .vetoUntil(Veto.Kind.STATISTICAL, "x", Veto.UNTIL_LIFTED));

    assertThat(balancer.snapshot().panic()).isTrue();
    assertThat(balancer.snapshot().summary()).isEqualTo("3 backends: 0 available, 3 vetoed; panic");
  }

  @Test
  void vetoes_severalOfThem_areAllNamed() {
    Member a = balancer.pool().member("a:80");
    balancer.pool().control(a, "p").vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);
    balancer.pool().control(a, "q").vetoUntil(Veto.Kind.STATISTICAL, "y", Veto.UNTIL_LIFTED);

    assertThat(balancer.toString()).contains("a:80: vetoed (p: x; q: y), weight 1.0");
  }

  @Test
  void outcomes_twoWords_readWell() throws Exception {
    try (Lease lease = balancer.acquire()) {
      lease.record(Outcome.serverError());
    }

    assertThat(balancer.toString()).contains("server error 1");
  }

  @Test
  void lists_areUnmodifiable() {
    LoadBalancerSnapshot snapshot = balancer.snapshot();

    assertThatThrownBy(() -> snapshot.members().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> snapshot.members().get(0).outcomes().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }
}
