package io.fairlead.circuitbreaker;

import static io.fairlead.circuitbreaker.CircuitBreaker.REJECTED;
import static io.fairlead.circuitbreaker.CircuitBreaker.UNCOUNTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CircuitBreakerTest {

  private static final long SLOW = Duration.ofMillis(101).toNanos();
  private static final long FAST = Duration.ofMillis(100).toNanos();

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000);
  private final CircuitBreaker.Builder builder = CircuitBreaker.builder()
      .name("orders")
      .time(clock)
      .jitter(0)
      .openTime(Duration.ofSeconds(10))
      .maximumOpenTime(Duration.ofSeconds(50))
      .halfOpenPermits(2)
      .permitTimeout(Duration.ofSeconds(30));

  private static void fail(CircuitBreaker breaker, int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(breaker.tryAcquire(), FAST);
    }
  }

  private static void succeed(CircuitBreaker breaker, int times, long elapsed) {
    for (int i = 0; i < times; i++) {
      breaker.succeeded(breaker.tryAcquire(), elapsed);
    }
  }

  private CircuitBreaker open() {
    CircuitBreaker breaker = builder.consecutiveFailures(1).build();
    fail(breaker, 1);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    return breaker;
  }

  private CircuitBreaker halfOpen() {
    CircuitBreaker breaker = open();
    clock.advance(Duration.ofSeconds(10));
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    return breaker;
  }

  // Closed.

  @Test
  void consecutiveFailures_asManyInARow_opens() {
    CircuitBreaker breaker = builder.consecutiveFailures(3).build();
    fail(breaker, 2);
    succeed(breaker, 1, FAST);
    fail(breaker, 2);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(10));
    assertThat(breaker.snapshot().rejected()).isEqualTo(1);
  }

  @Test
  void consecutiveFailures_cancelledAndAbandonedBetween_countForNothing() {
    CircuitBreaker breaker = builder.consecutiveFailures(2).build();
    fail(breaker, 1);
    breaker.cancel(breaker.tryAcquire());
    breaker.abandoned(breaker.tryAcquire(), SLOW);

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void countWindow_anOldFailureLeaves_doesNotCount() {
    CircuitBreaker breaker =
        builder.failureRate(50).countWindow(4).minimumCalls(4).build();
    fail(breaker, 1);
    succeed(breaker, 3, FAST);
    succeed(breaker, 1, FAST); // the failure is the fifth last
    fail(breaker, 1);
    assertThat(breaker.snapshot().failures()).isEqualTo(1);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void rates_successesReachTheMinimum_openOnlyWithTheNextFailure() {
    CircuitBreaker breaker =
        builder.failureRate(50).countWindow(10).minimumCalls(4).build();
    fail(breaker, 3);
    succeed(breaker, 3, FAST);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);

    fail(breaker, 1);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void timeWindow_isForgottenByAndBy() {
    CircuitBreaker breaker = builder
        .failureRate(60)
        .timeWindow(Duration.ofSeconds(10))
        .minimumCalls(1)
        .build();
    succeed(breaker, 4, FAST);
    clock.advance(Duration.ofSeconds(5));
    fail(breaker, 5);
    assertThat(breaker.snapshot().calls()).isEqualTo(9);
    assertThat(breaker.snapshot().failureRate()).isEqualTo(500.0 / 9);
    clock.advance(Duration.ofMillis(4_999));
    assertThat(breaker.snapshot().calls()).isEqualTo(9);
    clock.advance(Duration.ofMillis(1));
    assertThat(breaker.snapshot().calls()).isEqualTo(5);
    succeed(breaker, 10, FAST);
    clock.advance(Duration.ofSeconds(5));
    assertThat(breaker.snapshot().calls()).isEqualTo(10);
    clock.advance(Duration.ofDays(400));
    assertThat(breaker.snapshot().calls()).isZero();
  }

  @Test
  void timeWindow_olderReading_countsNow() {
    CircuitBreaker breaker = builder
        .failureRate(60)
        .timeWindow(Duration.ofSeconds(10))
        .minimumCalls(3)
        .build();
    long now = clock.nanos();
    breaker.succeeded(breaker.tryAcquire(now), FAST, now);
    breaker.failed(breaker.tryAcquire(now), FAST, now - Duration.ofHours(1).toNanos());
    assertThat(breaker.snapshot().failures()).isEqualTo(1);

    breaker.failed(breaker.tryAcquire(now), FAST, now - 1);

    assertThat(breaker.state(now)).isEqualTo(State.OPEN);
  }

  @Test
  void slowCallRate_slowSuccesses_open() {
    CircuitBreaker breaker = builder
        .slowCallRate(50)
        .slowCall(Duration.ofNanos(FAST))
        .countWindow(4)
        .minimumCalls(4)
        .build();
    succeed(breaker, 2, FAST);
    fail(breaker, 5);
    succeed(breaker, 1, SLOW);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.snapshot().slowCalls()).isEqualTo(1);

    breaker.abandoned(breaker.tryAcquire(), SLOW);

    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void slowCallRate_abandonedBeforeTheLimit_isNothing() {
    CircuitBreaker breaker =
        builder.slowCallRate(50).slowCall(Duration.ofNanos(FAST)).countWindow(4).build();
    breaker.abandoned(breaker.tryAcquire(), FAST);
    assertThat(breaker.snapshot().calls()).isZero();
  }

  @Test
  void closed_manyPermits_areNotCountedUntilReported() {
    CircuitBreaker breaker = builder.failureRate(50).countWindow(10).build();
    for (int i = 0; i < 1_000; i++) {
      assertThat(breaker.tryAcquire()).isNotEqualTo(REJECTED);
    }
    assertThat(breaker.snapshot().calls()).isZero();
  }

  // Open.

  @Test
  void open_untilItsTimeIsOver_rejects() {
    CircuitBreaker breaker = open();
    clock.advance(Duration.ofSeconds(10).minusNanos(1));
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    assertThat(breaker.retryAtNanos()).isEqualTo(clock.nanos() + 1);
    clock.advance(Duration.ofNanos(1));
    assertThat(breaker.retryAfter()).isZero();
    assertThat(breaker.tryAcquire()).isNotEqualTo(REJECTED);
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
  }

  @Test
  void open_lateOutcomes_areIgnored() {
    CircuitBreaker breaker = builder.consecutiveFailures(1).build();
    long early = breaker.tryAcquire();
    fail(breaker, 1);
    clock.advance(Duration.ofSeconds(10));
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);

    breaker.failed(early, FAST);
    breaker.succeeded(early, FAST);
    breaker.abandoned(early, SLOW);
    breaker.cancel(early);

    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    assertThat(breaker.snapshot().trialsSucceeded()).isZero();
  }

  @Test
  void open_againAndAgain_doublesUpToTheMaximum() {
    CircuitBreaker breaker = open();
    for (int seconds : new int[] {10, 20, 40, 50, 50}) {
      assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(seconds));
      clock.advance(Duration.ofSeconds(seconds));
      fail(breaker, 1);
    }
    assertThat(breaker.snapshot().openedInARow()).isEqualTo(6);
  }

  @Test
  void open_soonAfterItClosed_isOnceMoreInARow() {
    CircuitBreaker breaker = halfOpen();
    succeed(breaker, 2, FAST);
    clock.advance(Duration.ofSeconds(10).minusNanos(1));
    fail(breaker, 1);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(20));
    clock.advance(Duration.ofSeconds(20));
    succeed(breaker, 2, FAST);
    clock.advance(Duration.ofSeconds(20));
    fail(breaker, 1);
    assertThat(breaker.retryAfter()).as("calm for long enough").isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void jitter_shortensByUpToItsShare() {
    builder.jitter(0.5).chance(() -> -1L);
    assertThat(open().retryAfter())
        .isBetween(Duration.ofSeconds(5), Duration.ofSeconds(5).plusNanos(10));
    builder.chance(() -> 0L);
    assertThat(open().retryAfter()).isEqualTo(Duration.ofSeconds(10));
  }

  // Half-open.

  @Test
  void halfOpen_allTrialsSucceed_closesAndBeginsAnew() {
    CircuitBreaker breaker = halfOpen();
    long first = breaker.tryAcquire();
    long second = breaker.tryAcquire();
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    breaker.succeeded(first, FAST);
    assertThat(breaker.tryAcquire()).as("no more than are missing").isEqualTo(REJECTED);
    assertThat(breaker.snapshot().trialsSucceeded()).isEqualTo(1);
    assertThat(breaker.snapshot().trialsInFlight()).isEqualTo(1);
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);

    breaker.succeeded(second, FAST);

    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.snapshot().consecutiveFailures()).isZero();
  }

  @Test
  void halfOpen_moreSuccessesThanPermits_lendsAgain() {
    builder.halfOpenPermits(2).halfOpenSuccesses(5);
    CircuitBreaker breaker = halfOpen();
    for (int i = 0; i < 5; i++) {
      assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
      succeed(breaker, 1, FAST);
    }
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void halfOpen_oneFails_opensAndIgnoresTheOther() {
    CircuitBreaker breaker = halfOpen();
    long first = breaker.tryAcquire();
    long second = breaker.tryAcquire();
    breaker.failed(first, FAST);
    breaker.succeeded(second, FAST);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void halfOpen_slowTrial_opens() {
    builder.slowCallRate(50).slowCall(Duration.ofNanos(FAST));
    CircuitBreaker breaker = halfOpen();
    breaker.succeeded(breaker.tryAcquire(), SLOW);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    clock.advance(Duration.ofSeconds(20));
    breaker.abandoned(breaker.tryAcquire(), SLOW);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void halfOpen_cancelled_isLentAgain() {
    CircuitBreaker breaker = halfOpen();
    for (int i = 0; i < 2_000_000; i++) { // more often than loans have numbers
      long permit = breaker.tryAcquire();
      assertThat(permit != REJECTED).isTrue();
      breaker.cancel(permit);
    }
    assertThat(breaker.snapshot().trialsInFlight()).isZero();
  }

  @Test
  void halfOpen_permitsLost_areLentAgainAndLateOutcomesIgnored() {
    CircuitBreaker breaker = halfOpen();
    long lost = breaker.tryAcquire();
    long alsoLost = breaker.tryAcquire();
    assertThat(breaker.retryAfter()).isBetween(Duration.ofSeconds(30), Duration.ofMillis(30_003));
    clock.advance(breaker.retryAfter().minusNanos(1));
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    clock.advance(Duration.ofNanos(1));
    assertThat(breaker.snapshot().trialsInFlight()).isZero();
    long again = breaker.tryAcquire();
    assertThat(again).isNotEqualTo(REJECTED);

    breaker.failed(lost, FAST); // lent again
    breaker.succeeded(alsoLost, FAST); // not lent again, and expired

    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
    assertThat(breaker.snapshot().trialsSucceeded()).isZero();
    breaker.succeeded(again, FAST);
    succeed(breaker, 1, FAST);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 25, 27, 40, 51, 52, 53, 400, 100_000})
  void halfOpen_lostForAnyNumberOfDays_isLentAgain(long days) {
    CircuitBreaker breaker = halfOpen();
    breaker.tryAcquire();
    breaker.tryAcquire();
    clock.advance(Duration.ofDays(days));
    assertThat(breaker.tryAcquire()).isNotEqualTo(REJECTED);
  }

  @Test
  void halfOpen_olderReading_lendsNoMoreAndExpiresNoSooner() {
    CircuitBreaker breaker = halfOpen();
    long older = clock.nanos() - Duration.ofMinutes(10).toNanos();
    long permit = breaker.tryAcquire(older);
    assertThat(permit).isNotEqualTo(REJECTED);
    assertThat(breaker.tryAcquire()).isNotEqualTo(REJECTED);
    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    assertThat(breaker.tryAcquire(older)).isEqualTo(REJECTED);
    clock.advance(Duration.ofSeconds(20));
    breaker.succeeded(permit, FAST, older);
    assertThat(breaker.snapshot().trialsSucceeded()).isEqualTo(1);
  }

  // Wrong reports.

  @Test
  void report_twiceOnTrial_isRefused() {
    CircuitBreaker breaker = halfOpen();
    long permit = breaker.tryAcquire();
    breaker.succeeded(permit, FAST);

    assertThatIllegalStateException()
        .isThrownBy(() -> breaker.succeeded(permit, FAST))
        .withMessageEndingWith("was reported before (expected: one outcome of each)");
    assertThatIllegalStateException().isThrownBy(() -> breaker.cancel(permit));
    assertThat(breaker.snapshot().trialsSucceeded()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, -1, 42, 1L << 30, 2L << 30, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 62, 9L << 32
      })
  void report_ofNoPermit_isRefused(long garbage) {
    for (CircuitBreaker breaker :
        new CircuitBreaker[] {builder.copy().consecutiveFailures(5).build(), open(), halfOpen()}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> breaker.succeeded(garbage, FAST))
          .withMessageContaining("expected: one that tryAcquire has given");
      assertThatIllegalArgumentException().isThrownBy(() -> breaker.failed(garbage, FAST));
      assertThatIllegalArgumentException().isThrownBy(() -> breaker.abandoned(garbage, FAST));
      assertThatIllegalArgumentException().isThrownBy(() -> breaker.cancel(garbage));
    }
  }

  @Test
  void report_ofATrialThatNeverWas_isRefused() {
    CircuitBreaker breaker = halfOpen();
    long permit = breaker.tryAcquire();
    long otherSlot = permit | 1L << 20;
    long noSuchSlot = permit | 1L << 29;
    assertThatIllegalArgumentException().isThrownBy(() -> breaker.failed(otherSlot, FAST));
    assertThatIllegalArgumentException().isThrownBy(() -> breaker.failed(noSuchSlot, FAST));
    assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
  }

  @Test
  void report_negativeElapsed_isFast() {
    CircuitBreaker breaker =
        builder.slowCallRate(1).slowCall(Duration.ofNanos(FAST)).countWindow(1).build();
    succeed(breaker, 1, Long.MIN_VALUE);
    assertThat(breaker.snapshot().slowCalls()).isZero();
  }

  // By hand.

  @Test
  void disabled_letsAllThroughAndCountsNone() {
    CircuitBreaker breaker = open();
    breaker.disable();

    assertThat(breaker.tryAcquire()).isEqualTo(UNCOUNTED);
    fail(breaker, 10);

    assertThat(breaker.state()).isEqualTo(State.DISABLED);
    assertThat(breaker.retryAfter()).isZero();
    breaker.reset();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void forcedOpen_rejectsUntilReset() {
    CircuitBreaker breaker = builder.consecutiveFailures(3).build();
    long permit = breaker.tryAcquire();
    breaker.forceOpen();
    breaker.forceOpen();
    breaker.failed(permit, FAST);
    clock.advance(Duration.ofDays(10_000));

    assertThat(breaker.tryAcquire()).isEqualTo(REJECTED);
    assertThat(breaker.retryAfter()).isGreaterThan(Duration.ofDays(50_000));
    assertThat(breaker.snapshot().transitions()).isEqualTo(1);
    breaker.reset();
    assertThat(breaker.tryAcquire()).isNotEqualTo(REJECTED);
  }

  @Test
  void reset_closed_forgets() {
    CircuitBreaker breaker = builder.consecutiveFailures(3).build();
    long permit = breaker.tryAcquire();
    fail(breaker, 2);
    breaker.reset();
    breaker.failed(permit, FAST);
    fail(breaker, 2);
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(breaker.snapshot().transitions()).isZero();
  }

  @Test
  void reset_open_forgetsHowOften() {
    CircuitBreaker breaker = open();
    clock.advance(Duration.ofSeconds(10));
    fail(breaker, 1);
    breaker.reset();
    fail(breaker, 1);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void uncounted_inAnyState_isIgnored() {
    for (CircuitBreaker breaker :
        new CircuitBreaker[] {builder.copy().consecutiveFailures(1).build(), open(), halfOpen()}) {
      State before = breaker.state();
      breaker.failed(UNCOUNTED, FAST);
      breaker.succeeded(UNCOUNTED, FAST);
      breaker.abandoned(UNCOUNTED, SLOW);
      breaker.cancel(UNCOUNTED);
      assertThat(breaker.state()).isEqualTo(before);
      assertThat(breaker.snapshot().trialsSucceeded()).isZero();
    }
  }

  @Test
  void snapshot_saysAll() {
    CircuitBreaker breaker =
        builder.failureRate(90).countWindow(20).consecutiveFailures(10).build();
    succeed(breaker, 3, FAST);
    fail(breaker, 1);
    clock.advance(Duration.ofSeconds(7));
    assertThat(breaker.snapshot())
        .isEqualTo(new CircuitBreakerSnapshot(
            "orders",
            State.CLOSED,
            Duration.ofSeconds(7),
            4,
            1,
            0,
            1,
            0,
            0,
            0,
            Duration.ZERO,
            0,
            0));
    assertThat(breaker.snapshot().failureRate()).isEqualTo(25);
    assertThat(breaker.snapshot().slowCallRate()).isZero();
  }

  // Tripped.

  @Test
  void trip_whileClosed_opensAsIfTooManyHadFailed() {
    CircuitBreaker breaker = builder.build();

    assertThat(breaker.trip("silent")).isTrue();

    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.retryAfter()).isEqualTo(Duration.ofSeconds(10));
    clock.advance(Duration.ofSeconds(10));
    fail(breaker, 1);
    assertThat(breaker.retryAfter()).as("twice in a row").isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void trip_whileNotClosed_changesNothing() {
    CircuitBreaker open = open();
    clock.advance(Duration.ofSeconds(1));
    assertThat(open.trip("silent")).isFalse();
    assertThat(open.retryAfter()).isEqualTo(Duration.ofSeconds(9));

    clock.advance(Duration.ofSeconds(9));
    assertThat(open.state()).isEqualTo(State.HALF_OPEN);
    assertThat(open.trip("silent")).isFalse();
    assertThat(open.state()).isEqualTo(State.HALF_OPEN);

    open.disable();
    assertThat(open.trip("silent")).isFalse();
    assertThat(open.state()).isEqualTo(State.DISABLED);
  }

  @Test
  void trip_ifTheGateDoesNotLetIt_changesNothing() {
    CircuitBreaker breaker = builder
        .gate(new OpenGate() {
          @Override
          public boolean mayOpen() {
            return false;
          }

          @Override
          public void closed() {}
        })
        .build();

    assertThat(breaker.trip("silent")).isFalse();
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
  }
}
