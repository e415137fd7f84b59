package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members that ask to be left alone are, and those that ask for less get less. */
class PushbackTest {

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();

  private LoadBalancer balancer(int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members)
            .mapToObj(i -> (char) ('a' + i) + ":80")
            .toArray(String[]::new))
        .strategy(Strategy.weightedRoundRobin())
        .time(clock)
        .chance(() -> 0)
        .listener(heard)
        .build();
  }

  private static Member answer(LoadBalancer balancer, Outcome outcome) throws Exception {
    try (Lease lease = balancer.acquire()) {
      lease.record(outcome);
      return lease.member();
    }
  }

  @Test
  void whoAsksToBeLeftAlone_isForSoLong_evenInAPanic() throws Exception {
    LoadBalancer balancer = balancer(3);
    Member member = answer(balancer, Outcome.unavailable(Duration.ofSeconds(7)));
    answer(balancer, Outcome.unavailable(Duration.ofSeconds(7)));

    assertThat(balancer.snapshot().panic()).isTrue();
    assertThat(member.vetoes()).singleElement().satisfies(veto -> {
      assertThat(veto.kind()).isEqualTo(Veto.Kind.HARD);
      assertThat(veto).hasToString("retry after: asked for 7000 ms");
    });
    for (int i = 0; i < 20; i++) {
      assertThat(answer(balancer, Outcome.success())).isNotSameAs(member);
    }
    clock.advance(Duration.ofSeconds(7).minusNanos(1));
    assertThat(member.available()).isFalse();
    clock.advance(Duration.ofNanos(1));
    assertThat(member.available()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {31, 86_400, Long.MAX_VALUE})
  void absurdTimes_areCapped(long seconds) throws Exception {
    LoadBalancer balancer = balancer(2);

    Member member = answer(balancer, Outcome.unavailable(Duration.ofSeconds(seconds)));
    Member other = answer(balancer, Outcome.throttled(Duration.ofSeconds(seconds)));

    clock.advance(Duration.ofSeconds(30).minusNanos(1));
    assertThat(member.available()).isFalse();
    assertThat(other.weight()).isEqualTo(0.5);
    clock.advance(Duration.ofNanos(1));
    assertThat(member.available()).isTrue();
    assertThat(other.weight()).isEqualTo(1);
  }

  @Test
  void zero_isNoTime() throws Exception {
    LoadBalancer balancer = balancer(2);

    assertThat(answer(balancer, Outcome.unavailable(Duration.ZERO)).available()).isTrue();
    assertThat(answer(balancer, Outcome.throttled(Duration.ZERO)).weight()).isEqualTo(1);
  }

  @Test
  void ifAllAskForIt_requestsAreToldTheEarliestTime() throws Exception {
    LoadBalancer balancer = balancer(3);
    for (int seconds : List.of(20, 3, 10)) {
      answer(balancer, Outcome.unavailable(Duration.ofSeconds(seconds)));
    }
    clock.advance(Duration.ofSeconds(1));

    assertThatExceptionOfType(OverloadedException.class)
        .isThrownBy(balancer::acquire)
        .satisfies(e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofSeconds(2)));
  }

  @Test
  void ifTheOperatorSaysNo_nothingIsToldOfATime() throws Exception {
    LoadBalancer balancer = balancer(1);
    Member member = answer(balancer, Outcome.unavailable(Duration.ofSeconds(5)));
    balancer.pool().control(member, "operator").veto(Veto.Kind.HARD, "repairs");

    assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
  }

  @Test
  void manyAnswersAtOnce_areOneVeto_untilTheLongestIsOver() throws Exception {
    LoadBalancer balancer = balancer(1);
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      leases.add(balancer.acquire());
    }
    for (Lease lease : leases) {
      clock.advance(Duration.ofMillis(1));
      lease.record(Outcome.unavailable(Duration.ofSeconds(8)));
      lease.close();
    }

    assertThat(heard.events).filteredOn(e -> e.startsWith("vetoed")).hasSize(1);
    Lease late = leases.get(0);
    assertThat(late.member().vetoes()).hasSize(1);
  }

  @Test
  void aLaterAnswer_mayPutTheEndOff_andNotBringItForward() throws Exception {
    LoadBalancer balancer = balancer(1);
    Lease one = balancer.acquire();
    Lease two = balancer.acquire();
    Lease three = balancer.acquire();
    one.record(Outcome.unavailable(Duration.ofSeconds(4)));
    two.record(Outcome.unavailable(Duration.ofSeconds(9)));
    three.record(Outcome.unavailable(Duration.ofSeconds(1)));

    clock.advance(Duration.ofSeconds(9).minusNanos(1));
    assertThat(one.member().available()).isFalse();
    clock.advance(Duration.ofNanos(1));
    assertThat(one.member().available()).isTrue();
    List.of(one, two, three).forEach(Lease::close);
  }

  @Test
  void whoAsksForLess_getsHalf_onceForAllThatAreUnderWay_andNeverLessThanAnEighth()
      throws Exception {
    LoadBalancer balancer = balancer(1);
    Member member = balancer.pool().members().get(0);
    for (double weight : List.of(0.5, 0.25, 0.125, 0.125)) {
      List<Lease> leases = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        leases.add(balancer.acquire());
      }
      clock.advance(Duration.ofMillis(10));
      for (Lease lease : leases) {
        lease.record(Outcome.throttled(Duration.ofSeconds(2)));
        lease.close();
      }
      assertThat(member.weight()).isEqualTo(weight);
      clock.advance(Duration.ofSeconds(1));
    }
    clock.advance(Duration.ofSeconds(1).minusNanos(1));
    assertThat(member.weight()).isEqualTo(0.125);
    clock.advance(Duration.ofNanos(1));
    assertThat(member.weight()).isEqualTo(1);
  }

  @Test
  void whoGetsHalf_getsHalf() throws Exception {
    LoadBalancer balancer = balancer(2);
    Member member = answer(balancer, Outcome.throttled(Duration.ofSeconds(20)));
    clock.runDue();

    int got = 0;
    for (int i = 0; i < 300; i++) {
      got += answer(balancer, Outcome.success()) == member ? 1 : 0;
    }
    assertThat(got).isBetween(95, 105);
  }

  @Test
  void whoIsGone_leavesNothingBehind() throws Exception {
    LoadBalancer balancer = balancer(2);
    answer(balancer, Outcome.throttled(Duration.ofSeconds(20)));
    answer(balancer, Outcome.unavailable(Duration.ofSeconds(20)));

    balancer.pool().update("c:80");
    clock.advance(Duration.ofSeconds(1));

    assertThat(clock.scheduled()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"retry after", "throttling", "reachability"})
  void thesePoliciesAreTheBalancersOwn(String policy) {
    LoadBalancer balancer = balancer(1);
    Member member = balancer.pool().members().get(0);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.pool().control(member, policy))
        .withMessageStartingWith("policy: " + policy + " (expected: another name");
  }
}
