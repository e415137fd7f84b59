package io.fairlead.examples.ownstrategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import io.fairlead.testing.StrategyContract;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The contract, and what a {@link Canary} promises beyond it. */
class CanaryTest implements StrategyContract {

  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final FakeClock clock = new FakeClock();

  /** The contract's backends know of no version: every other one is taken for a canary, so that there are two sides. */
  @Override
  public Strategy strategy() {
    return Canary.of(0.5, PAUSE, backend -> backend.id().hashCode() % 2 == 0);
  }

  private LoadBalancer balancer(double share, Backend... backends) {
    return LoadBalancer.builder("shop")
        .strategy(Canary.of(
            share, PAUSE, backend -> "canary".equals(backend.metadata().get("version"))))
        .backends(backends)
        .time(clock)
        .chance(SeededChance.of(42))
        .maxEjected(0) // it is the strategy that is tried
        .build();
  }

  private static Backend backend(String id, String version) {
    return Backend.builder(id, 80).id(id).metadata("version", version).build();
  }

  private static String send(LoadBalancer balancer, RequestContext context, Outcome outcome)
      throws LoadBalancingException {
    try (Lease lease = balancer.acquire(context)) {
      lease.record(outcome);
      return Objects.requireNonNull(lease.backend().metadata().get("version"));
    }
  }

  private static String send(LoadBalancer balancer, int user) throws LoadBalancingException {
    return send(balancer, RequestContext.withKey("user " + user), Outcome.success());
  }

  /** How many of 10,000 users are sent to the canaries. */
  private static int onCanaries(LoadBalancer balancer) throws LoadBalancingException {
    int count = 0;
    for (int user = 0; user < 10_000; user++) {
      count += send(balancer, user).equals("canary") ? 1 : 0;
    }
    return count;
  }

  /** Of a binomial distribution: 500 with a standard deviation of 22, and 4 of them are allowed. */
  @Test
  void users_theShareSeesTheCanaries() throws Exception {
    try (LoadBalancer shop = balancer(0.05, backend("a", "stable"), backend("b", "canary"))) {
      assertThat(onCanaries(shop)).isBetween(412, 588);
    }
  }

  @Test
  void withoutKey_theShareSeesTheCanaries() throws Exception {
    try (LoadBalancer shop = balancer(0.05, backend("a", "stable"), backend("b", "canary"))) {
      int count = 0;
      for (int i = 0; i < 10_000; i++) {
        String version = send(shop, RequestContext.empty(), Outcome.success());
        count += version.equals("canary") ? 1 : 0;
      }
      assertThat(count).isBetween(412, 588);
    }
  }

  @Test
  void membersComeAndGo_usersStayOnTheirSide() throws Exception {
    Backend stable = backend("a", "stable");
    Backend canary = backend("b", "canary");
    try (LoadBalancer shop = balancer(0.3, stable, canary)) {
      for (int user = 0; user < 1_000; user++) {
        String before = send(shop, user);
        shop.pool().update(List.of(stable, canary, backend("c" + user, "canary")));
        assertThat(send(shop, user)).as("user %s", user).isEqualTo(before);
      }
    }
  }

  @Test
  void nobodyOnItsSide_goesToTheOther() throws Exception {
    try (LoadBalancer shop = balancer(0.3, backend("a", "stable"), backend("b", "canary"))) {
      shop.pool()
          .control(Objects.requireNonNull(shop.pool().member("b")), "test")
          .veto(Veto.Kind.HARD, "for a test");
      assertThat(onCanaries(shop)).isZero();
    }
  }

  @Test
  void attemptFailed_nextGoesToAnotherOfItsSide() throws Exception {
    try (LoadBalancer shop =
        balancer(1, backend("a", "stable"), backend("b", "canary"), backend("c", "canary"))) {
      Lease first = shop.acquire(RequestContext.withKey("user"));
      first.record(Outcome.connectFailure());
      Lease second = first.another();
      assertThat(second.backend().metadata()).containsEntry("version", "canary");
      assertThat(second.backend()).isNotEqualTo(first.backend());
      first.close();
      second.close();
    }
  }

  @Test
  void canariesFail_nobodySeesThemUntilThePauseIsOver() throws Exception {
    try (LoadBalancer shop = balancer(1, backend("a", "stable"), backend("b", "canary"))) {
      for (int i = 0; i < 5; i++) {
        assertThat(send(shop, RequestContext.empty(), Outcome.serverError())).isEqualTo("canary");
      }
      assertThat(send(shop, 0)).isEqualTo("stable");
      clock.advance(PAUSE.minusNanos(1));
      assertThat(send(shop, 0)).isEqualTo("stable");
      clock.advance(Duration.ofNanos(1));
      assertThat(send(shop, 0)).isEqualTo("canary");
    }
  }

  @Test
  void onlyOneInElevenFails_goesOn() throws Exception {
    try (LoadBalancer shop = balancer(1, backend("a", "stable"), backend("b", "canary"))) {
      for (int i = 0; i < 10_000; i++) {
        Outcome outcome = i % 11 == 0 ? Outcome.serverError() : Outcome.success();
        assertThat(send(shop, RequestContext.empty(), outcome)).isEqualTo("canary");
      }
    }
  }

  @Test
  void othersFail_canariesGoOn() throws Exception {
    try (LoadBalancer shop = balancer(0, backend("a", "stable"), backend("b", "canary"))) {
      for (int i = 0; i < 100; i++) {
        assertThat(send(shop, RequestContext.empty(), Outcome.serverError())).isEqualTo("stable");
      }
    }
    try (LoadBalancer shop = balancer(0.5, backend("a", "stable"), backend("b", "canary"))) {
      for (int user = 0; user < 1_000; user++) {
        try (Lease lease = shop.acquire(RequestContext.withKey("user " + user))) {
          boolean canary = lease.backend().id().equals("b");
          lease.record(canary ? Outcome.success() : Outcome.serverError());
        }
      }
      assertThat(onCanaries(shop)).isBetween(4_800, 5_200);
    }
  }

  @Test
  void stableServerBecomesACanary_itsFailuresCount() throws Exception {
    try (LoadBalancer shop = balancer(1, backend("a", "stable"), backend("b", "stable"))) {
      shop.pool().update(List.of(backend("a", "stable"), backend("b", "canary")));
      for (int i = 0; i < 5; i++) {
        assertThat(send(shop, RequestContext.empty(), Outcome.timeout())).isEqualTo("canary");
      }
      assertThat(send(shop, 0)).isEqualTo("stable");
    }
  }

  @Test
  void whatBeganBeforeTheStop_doesNotStopAgain() throws Exception {
    try (LoadBalancer shop = balancer(1, backend("a", "stable"), backend("b", "canary"))) {
      List<Lease> open = List.of(
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire(),
          shop.acquire());
      clock.advance(Duration.ofSeconds(1));
      open.subList(0, 5).forEach(lease -> lease.record(Outcome.timeout())); // which stop them
      clock.advance(PAUSE.minusSeconds(1));
      open.subList(5, 10).forEach(lease -> lease.record(Outcome.timeout()));
      clock.advance(Duration.ofSeconds(1));
      assertThat(send(shop, 0)).isEqualTo("canary");
      open.forEach(Lease::close);
    }
  }

  @Test
  void badArguments_refused() {
    assertThatThrownBy(() -> Canary.of(1.5, PAUSE, backend -> true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("share: 1.5 (expected: 0 to 1)");
    assertThatThrownBy(() -> Canary.of(0.5, Duration.ZERO, backend -> true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pause: PT0S (expected: more than zero)");
  }
}
