package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenersTest {

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();

  private LoadBalancer balancer(LoadBalancerListener... listeners) {
    LoadBalancer.Builder builder = LoadBalancer.builder("orders")
        .backends("a:80", "b:80")
        .time(clock)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0);
    for (LoadBalancerListener listener : listeners) {
      builder.listener(listener);
    }
    return builder.build();
  }

  /** Everything that can happen, once, in this order. */
  private void liveThroughEverything(LoadBalancer balancer) throws Exception {
    Member a = balancer.pool().member("a:80");
    Lease first = balancer.acquire();
    clock.advance(Duration.ofMillis(5));
    first.record(Outcome.connectFailure());
    Lease second = first.another(Target.UNTRIED);
    first.close();
    second.record(Outcome.success());
    balancer.pool().control(a, "check").vetoUntil(Veto.Kind.HARD, "no answer", clock.nanos() + 10);
    clock.advance(Duration.ofNanos(10));
    balancer.pool().update("a:80", "c:80");
    second.closeLeaked();
    balancer.pool().update(List.of());
    assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
    balancer.close();
    assertThatExceptionOfType(LoadBalancerClosedException.class).isThrownBy(balancer::acquire);
  }

  private static final List<String> EVERYTHING = List.of(
      "joined a:80",
      "joined b:80",
      "leased a:80",
      "answered a:80: connect after PT0.005S",
      "leased b:80",
      "retried a:80 to b:80",
      "released a:80",
      "answered b:80: success after PT0S",
      "vetoed a:80 by check: no answer",
      "lifted a:80 by check: no answer",
      "joined c:80",
      "draining b:80",
      "released b:80",
      "leaked b:80",
      "drained b:80",
      "draining a:80",
      "drained a:80",
      "draining c:80",
      "drained c:80",
      "rejected: orders: no backend can take the request; " + "0 backends: 0 available, 0 vetoed",
      "rejected: orders: the load balancer is closed");

  @Test
  void listener_hearsTheExactSequence() throws Exception {
    liveThroughEverything(balancer(heard));

    // When the last request of a member that drains ends, which of the two is told first is open.
    assertThat(heard.events).containsExactlyInAnyOrderElementsOf(EVERYTHING);
    List<String> others = new ArrayList<>(EVERYTHING);
    List<String> heardOthers = new ArrayList<>(heard.events);
    others.remove("drained b:80");
    heardOthers.remove("drained b:80");
    assertThat(heardOthers).isEqualTo(others);
  }

  @Test
  void severalListeners_eachHearsAll() throws Exception {
    Heard other = new Heard();
    liveThroughEverything(balancer(heard, other));

    assertThat(other.events).hasSameSizeAs(EVERYTHING).isEqualTo(heard.events);
  }

  @Test
  void defaultMethods_doNothing() throws Exception {
    liveThroughEverything(balancer(new LoadBalancerListener() {}));
  }

  /** Whichever event it throws for, and whatever it throws. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void listenerThatThrows_isLoggedOnce_andHarmless(boolean error) throws Exception {
    Heard thrower = new Heard();
    thrower.onEvent = event -> {
      if (error) {
        throw new NoClassDefFoundError(event);
      }
      throw new IllegalStateException(event);
    };
    try (CapturedLog log = new CapturedLog()) {
      liveThroughEverything(balancer(thrower, heard));

      assertThat(log.count("orders: the listener")).isEqualTo(1);
      assertThat(log.text())
          .contains("joined a:80", "further exceptions of listeners are not logged");
    }
    assertThat(heard.events).hasSameSizeAs(EVERYTHING).isEqualTo(thrower.events);
  }

  @Test
  void listener_mayCallTheBalancer() throws Exception {
    List<LoadBalancer> self = new ArrayList<>();
    heard.onEvent = event -> {
      for (LoadBalancer balancer : self) {
        assertThat(balancer.snapshot().toString()).isNotEmpty();
        if (event.startsWith("rejected")) {
          balancer.pool().update(List.of(Backend.of("new:80")));
        }
      }
    };
    LoadBalancer balancer = balancer(heard);
    self.add(balancer);
    balancer.pool().update(List.of());

    assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
    balancer.acquire().close();
    assertThat(heard.events)
        .endsWith(
            "joined new:80",
            "leased new:80",
            "answered new:80: abandoned after PT0S",
            "released new:80");
  }

  @Test
  void lastRequestOfALeaver_releasedIsToldBeforeDrained() throws Exception {
    LoadBalancer balancer = balancer(heard);
    Lease lease = balancer.acquire();
    String id = lease.backend().id();
    balancer.pool().update(List.of());
    heard.onEvent = event -> {
      if (event.startsWith("released")) {
        assertThat(lease.member().inFlight()).isZero();
      }
    };
    lease.close();

    assertThat(heard.events).endsWith("released " + id, "drained " + id);
  }
}
