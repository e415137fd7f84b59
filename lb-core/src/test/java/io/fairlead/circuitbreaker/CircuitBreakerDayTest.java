package io.fairlead.circuitbreaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A day of traffic, twenty calls a second, with the defaults. */
class CircuitBreakerDayTest {

  private static final Duration STEP = Duration.ofMillis(50);

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 40_000_000_000_000L);
  private final SeededChance chance = SeededChance.of(1);
  private final CircuitBreaker breaker = CircuitBreaker.builder()
      .name("orders")
      .time(clock)
      .chance(SeededChance.of(2))
      .build();
  private long made;

  private void hours(double hours, double share) {
    long calls = (long) (hours * 3_600 * 20);
    for (long i = 0; i < calls; i++) {
      long permit = breaker.tryAcquire(clock.nanos());
      boolean fails = (chance.nextLong() >>> 11) * 0x1p-53 < share;
      clock.advance(STEP);
      if (permit != CircuitBreaker.REJECTED) {
        made++;
        if (fails) {
          breaker.failed(permit, STEP.toNanos(), clock.nanos());
        } else {
          breaker.succeeded(permit, STEP.toNanos(), clock.nanos());
        }
      }
    }
  }

  @Test
  void aDay_opensInTheOutageOnly_andLetsHardlyAnythingThroughInIt() {
    hours(12, 0.05);
    assertThat(breaker.snapshot().transitions())
        .as("twelve hours of 5 % failures")
        .isZero();
    assertThat(breaker.snapshot().calls())
        .as("nine tenths of the window to all of it")
        .isBetween(180L, 200L);

    made = 0;
    hours(2, 1);
    // Ten to open it, then one each time it is tried: every 48 to 60 seconds, after it has come to
    // a minute.
    assertThat(made).as("calls made in an outage of two hours").isBetween(130L, 170L);
    assertThat(breaker.snapshot().rejected()).isEqualTo(2 * 3_600 * 20 - made);

    long rejected = breaker.snapshot().rejected();
    hours(1.0 / 60, 0);
    assertThat(breaker.snapshot().state()).as("a minute later").isEqualTo(State.CLOSED);
    assertThat(breaker.snapshot().rejected() - rejected).isLessThanOrEqualTo(60 * 20);

    long transitions = breaker.snapshot().transitions();
    hours(9.9, 0.05);
    assertThat(breaker.snapshot().transitions()).isEqualTo(transitions);
    assertThat(breaker.snapshot().failureRate()).isCloseTo(5, within(8.0));
    clock.advance(Duration.ofSeconds(10));
    assertThat(breaker.snapshot().calls()).isZero();
  }
}
