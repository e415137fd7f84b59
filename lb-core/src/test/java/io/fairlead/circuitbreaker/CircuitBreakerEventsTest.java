package io.fairlead.circuitbreaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.FakeClock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Listener, gate, and calls around. */
class CircuitBreakerEventsTest {

  private final FakeClock clock = new FakeClock();
  private final List<Transition> told = new ArrayList<>();
  private final CircuitBreaker.Builder builder = CircuitBreaker.builder()
      .name("orders")
      .time(clock)
      .jitter(0)
      .consecutiveFailures(2)
      .halfOpenPermits(1)
      .listener(new CircuitBreakerListener() {
        @Override
        public void transition(CircuitBreaker breaker, Transition transition) {
          told.add(transition);
        }
      });

  private static final class Gate implements OpenGate {
    int free;
    int asked;

    Gate(int free) {
      this.free = free;
    }

    @Override
    public boolean mayOpen() {
      asked++;
      if (free == 0) {
        return false;
      }
      free--;
      return true;
    }

    @Override
    public void closed() {
      free++;
    }
  }

  private static void fail(CircuitBreaker breaker, int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(breaker.tryAcquire(), 1);
    }
  }

  @Test
  void listener_hearsOfEachTransitionOnce() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 2);
    clock.advance(Duration.ofSeconds(5));
    breaker.succeeded(breaker.tryAcquire(), 1);
    breaker.forceOpen();
    breaker.disable();
    breaker.reset();

    assertThat(told)
        .extracting(Transition::toString)
        .containsExactly(
            "CLOSED to OPEN: 2 failures in a row",
            "OPEN to HALF_OPEN: the open time is over",
            "HALF_OPEN to CLOSED: all trials succeeded",
            "CLOSED to FORCED_OPEN: forced open",
            "FORCED_OPEN to DISABLED: disabled",
            "DISABLED to CLOSED: reset");
    assertThat(told.get(0))
        .isEqualTo(new Transition(
            1,
            State.CLOSED,
            State.OPEN,
            "2 failures in a row",
            0,
            Duration.ofSeconds(5).toNanos(),
            1));
  }

  @Test
  void reason_ofRates_namesTheCounts() {
    CircuitBreaker failing = builder.copy().failureRate(50).countWindow(4).build();
    fail(failing, 1);
    failing.succeeded(failing.tryAcquire(), 1);
    failing.succeeded(failing.tryAcquire(), 1);
    fail(failing, 1);
    CircuitBreaker slow =
        builder.slowCallRate(100).slowCall(Duration.ofNanos(10)).minimumCalls(1).build();
    slow.succeeded(slow.tryAcquire(), 11);
    clock.advance(Duration.ofSeconds(5));
    slow.succeeded(slow.tryAcquire(), 11);

    assertThat(told)
        .extracting(Transition::reason)
        .containsExactly(
            "2 of 4 calls failed",
            "1 of 1 calls were slow",
            "the open time is over",
            "a slow call on trial");
  }

  @Test
  void listener_throws_breaksNobody() {
    CircuitBreaker breaker = builder
        .listener(new CircuitBreakerListener() {
          @Override
          public void transition(CircuitBreaker breaker, Transition transition) {
            told.add(transition);
            throw new IllegalStateException("on purpose");
          }
        })
        .build();
    fail(breaker, 2);
    breaker.reset();
    assertThat(told).hasSize(2);
  }

  @Test
  void listener_actsOnTheBreaker_hearsOfItAfterwards() {
    List<String> order = new ArrayList<>();
    CircuitBreaker breaker = builder
        .listener(new CircuitBreakerListener() {
          @Override
          public void transition(CircuitBreaker breaker, Transition transition) {
            order.add("begin " + transition.number());
            if (transition.to() == State.OPEN) {
              breaker.forceOpen();
            }
            order.add("end " + transition.number());
          }
        })
        .build();
    fail(breaker, 2);
    assertThat(order).containsExactly("begin 1", "end 1", "begin 2", "end 2");
    assertThat(breaker.state()).isEqualTo(State.FORCED_OPEN);
  }

  @Test
  void listener_doesNothingByDefault() {
    CircuitBreaker breaker = builder.listener(new CircuitBreakerListener() {}).build();
    fail(breaker, 2);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void gate_saysNo_staysClosedAndAsksAgainWithTheNextFailure() {
    Gate gate = new Gate(0);
    CircuitBreaker breaker = builder.gate(gate).build();
    fail(breaker, 4);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.snapshot().consecutiveFailures()).isEqualTo(4);
    assertThat(gate.asked).isEqualTo(3);

    gate.free = 1;
    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(gate.free).isZero();
  }

  @Test
  void gate_saysNo_aSuccessEndsTheRow() {
    Gate gate = new Gate(0);
    CircuitBreaker breaker = builder.gate(gate).build();
    fail(breaker, 3);
    breaker.succeeded(breaker.tryAcquire(), 1);
    fail(breaker, 1);
    assertThat(gate.asked).isEqualTo(2);
  }

  @Test
  void gate_placeIsHeldUntilClosed() {
    Gate gate = new Gate(1);
    CircuitBreaker breaker = builder.gate(gate).build();
    fail(breaker, 2);
    clock.advance(Duration.ofSeconds(5));
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    assertThat(gate.free).isZero();
    fail(breaker, 1);
    assertThat(gate.free).isZero();
    clock.advance(Duration.ofSeconds(10));
    breaker.succeeded(breaker.tryAcquire(), 1);
    assertThat(gate.free).isEqualTo(1);
    assertThat(gate.asked).isEqualTo(1);
  }

  @Test
  void gate_setByHand_returnsThePlaceOnce() {
    for (int how = 0; how < 3; how++) {
      Gate gate = new Gate(1);
      CircuitBreaker breaker = builder.gate(gate).build();
      fail(breaker, 2);
      if (how == 0) {
        breaker.reset();
      } else if (how == 1) {
        breaker.forceOpen();
      } else {
        breaker.disable();
      }
      assertThat(gate.free).isEqualTo(1);
      breaker.forceOpen();
      breaker.reset();
      assertThat(gate.free).isEqualTo(1);
    }
  }

  @Test
  void gate_throws_isANo() {
    CircuitBreaker breaker = builder
        .gate(new OpenGate() {
          @Override
          public boolean mayOpen() {
            throw new IllegalStateException("on purpose");
          }

          @Override
          public void closed() {}
        })
        .build();
    fail(breaker, 3);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void gate_throwsWhenItIsReturned_breaksNobody() {
    CircuitBreaker breaker = builder
        .gate(new OpenGate() {
          @Override
          public boolean mayOpen() {
            return true;
          }

          @Override
          public void closed() {
            throw new IllegalStateException("on purpose");
          }
        })
        .build();
    fail(breaker, 2);
    breaker.reset();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void call_counts() throws Exception {
    CircuitBreaker breaker = builder.build();
    assertThat(breaker.call(() -> "fine")).isEqualTo("fine");
    IOException down = new IOException("down");
    Callable<String> failing = () -> {
      throw down;
    };
    assertThatThrownBy(() -> breaker.call(failing)).isSameAs(down);
    assertThatThrownBy(() -> breaker.call(failing)).isSameAs(down);

    assertThatThrownBy(() -> breaker.call(() -> "never"))
        .isInstanceOfSatisfying(CircuitBreakerOpenException.class, e -> {
          assertThat(e).hasMessage("orders: open, retry after PT5S").hasNoCause();
          assertThat(e.getStackTrace()).isEmpty();
          assertThat(e.breaker()).isEqualTo("orders");
          assertThat(e.state()).isEqualTo(State.OPEN);
          assertThat(e.retryAfter()).isEqualTo(Duration.ofSeconds(5));
        });
    breaker.forceOpen();
    assertThatThrownBy(() -> breaker.call(() -> "never")).hasMessage("orders: forced open");
  }

  @Test
  void call_exceptionThatIsNoFailure_isASuccess() {
    CircuitBreaker breaker = builder.failureIf(e -> e instanceof IOException).build();
    fail(breaker, 1);
    assertThatThrownBy(() -> breaker.call(() -> {
          throw new IllegalArgumentException("bad request");
        }))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(breaker.snapshot().consecutiveFailures()).isZero();
  }

  @Test
  void call_predicateThrows_isAFailure() {
    CircuitBreaker breaker = builder
        .failureIf(e -> {
          throw new IllegalStateException("on purpose");
        })
        .build();
    assertThatThrownBy(() -> breaker.call(() -> {
          throw new IOException("down");
        }))
        .isInstanceOf(IOException.class)
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(breaker.snapshot().consecutiveFailures()).isEqualTo(1);
  }

  @Test
  void call_interrupted_isAbandoned() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 1);
    assertThatThrownBy(() -> breaker.call(() -> {
          throw new InterruptedException();
        }))
        .isInstanceOf(InterruptedException.class);
    assertThat(breaker.snapshot().consecutiveFailures()).isEqualTo(1);
  }

  @Test
  void call_error_isAFailureAndReturnsItsTrial() {
    CircuitBreaker breaker = builder.build();
    fail(breaker, 2);
    clock.advance(Duration.ofSeconds(5));
    assertThatThrownBy(() -> breaker.call(() -> {
          throw new StackOverflowError();
        }))
        .isInstanceOf(StackOverflowError.class);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }
}
