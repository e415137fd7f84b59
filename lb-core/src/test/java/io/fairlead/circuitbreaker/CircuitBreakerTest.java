package io.fairlead.circuitbreaker;

import static io.fairlead.circuitbreaker.CircuitBreaker.REJECTED;
import static io.fairlead.circuitbreaker.CircuitBreaker.UNCOUNTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.FakeClock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000);
  private final List<Transition> told = new ArrayList<>();
  private final CircuitBreaker.Builder builder = CircuitBreaker.builder()
      .name("orders")
      .time(clock)
      .jitter(0)
      .consecutiveFailures(3)
      .openTime(Duration.ofSeconds(10))
      .halfOpenPermits(2)
      .listener(new CircuitBreakerListener() {
        @Override
        public void transition(CircuitBreaker breaker, Transition transition) {
          told.add(transition);
        }
      });

  private static void fail(CircuitBreaker breaker, int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(breaker.tryAcquire(), 1_000);
    }
  }

  @Test
  void failed_asOftenInARowAsItTakes_opens() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 2);
    breaker.succeeded(breaker.tryAcquire(), 1_000);
    fail(breaker, 2);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(10));
    assertThat(told).singleElement().hasToString("CLOSED to OPEN: 3 failures in a row");
  }

  @Test
  void halfOpen_allTrialsSucceed_closes() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 3);
    clock.advance(Duration.ofSeconds(10));

    long first = breaker.tryAcquire();
    long second = breaker.tryAcquire();
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    breaker.succeeded(first, 1_000);
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    breaker.succeeded(second, 1_000);

    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(told)
        .extracting(Transition::to)
        .containsExactly(State.OPEN, State.HALF_OPEN, State.CLOSED);
  }

  @Test
  void halfOpen_oneTrialFails_opensForTwiceAsLong() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 3);
    clock.advance(Duration.ofSeconds(10));

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(20));
    assertThat(breaker.snapshot().openedInARow()).isEqualTo(2);
  }

  @Test
  void call_open_throwsWithoutStackTrace() {
    CircuitBreaker breaker = builder.build();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> breaker.call(() -> {
            throw new IOException("down");
          }))
          .isInstanceOf(IOException.class);
    }

    assertThatThrownBy(() -> breaker.call(() -> "never"))
        .isInstanceOf(CircuitBreakerOpenException.class)
        .hasMessage("orders: open, retry after PT10S")
        .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
  }

  @Test
  void disable_letsAllThroughAndCountsNone() {
    CircuitBreaker breaker = builder.build();
    breaker.disable();

    assertThat(breaker.tryAcquire()).isEqualTo(UNCOUNTED);
    fail(breaker, 10);

    assertThat(breaker.state()).isEqualTo(State.DISABLED);
  }
}
