package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Cancellable;
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

  @Test
  void addListener_hearsFromNowOn_untilItIsTakenOut() throws Exception {
    LoadBalancer balancer = balancer();
    Lease before = balancer.acquire();

    Cancellable there = balancer.addListener(heard);
    before.record(Outcome.success());
    before.close();
    balancer.acquire().close();
    there.cancel();
    balancer.acquire().close();
    balancer.pool().update(List.of());

    assertThat(heard.events)
        .containsExactly(
            "answered a:80: success after PT0S",
            "released a:80",
            "leased b:80",
            "answered b:80: abandoned after PT0S",
            "released b:80");
  }

  @Test
  void addListener_besideOthers_theyHearOnWhenItIsTakenOut() throws Exception {
    Heard first = new Heard();
    Heard last = new Heard();
    LoadBalancer balancer = balancer(first);
    Cancellable middle = balancer.addListener(heard);
    balancer.addListener(last);
    first.events.clear(); // that the servers joined

    middle.cancel();
    balancer.acquire().close();

    assertThat(heard.events).isEmpty();
    assertThat(first.events).hasSize(3).isEqualTo(last.events);
  }

  /** Each of its places is one of its own, and taken out once however often that is asked for. */
  @Test
  void addListener_twice_hearsTwice_andIsTakenOutOneByOne() {
    LoadBalancer balancer = balancer();
    Cancellable once = balancer.addListener(heard);
    balancer.addListener(heard);

    balancer.pool().update("a:80", "b:80", "c:80");
    once.cancel();
    once.cancel();
    balancer.pool().update("a:80", "b:80", "c:80", "d:80");

    assertThat(heard.events).containsExactly("joined c:80", "joined c:80", "joined d:80");
  }

  @Test
  void addListener_fromAListener_whileItIsTold_isHarmless() {
    LoadBalancer balancer = balancer();
    Heard adds = new Heard();
    List<Cancellable> itself = new ArrayList<>();
    adds.onEvent = event -> {
      balancer.addListener(heard);
      itself.get(0).cancel();
    };
    itself.add(balancer.addListener(adds));

    balancer.pool().update("a:80", "b:80", "c:80", "d:80");

    assertThat(adds.events).containsExactly("joined c:80");
    assertThat(heard.events).containsExactly("joined d:80");
  }

  /** Of those who come and go at the same time, none is forgotten and none comes back. */
  @Test
  void addListener_byManyThreads_losesNone() throws Exception {
    LoadBalancer balancer = balancer();
    Runnable comeAndGo = () -> {
      for (int i = 0; i < 1_000; i++) {
        Cancellable there = balancer.addListener(new Heard());
        balancer.addListener(heard);
        there.cancel();
      }
    };
    Concurrently.run(comeAndGo::run, comeAndGo::run);

    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(heard.events).hasSize(2_000).containsOnly("joined c:80");
  }
}
