package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RateLimitTest {

  @Test
  void settings_areThoseThatWereSet() {
    RateLimit limit =
        RateLimit.perMinute(100).burst(20).startingEmpty().warmUp(Duration.ofSeconds(3));

    assertThat(limit.permits()).isEqualTo(100);
    assertThat(limit.period()).isEqualTo(Duration.ofMinutes(1));
    assertThat(limit.capacity()).isEqualTo(20);
    assertThat(limit.startsEmpty()).isTrue();
    assertThat(limit.warmUp()).isEqualTo(Duration.ofSeconds(3));
    assertThat(limit)
        .hasToString("100 per PT1M, burst 20, starting empty, warm-up PT3S")
        .isEqualTo(RateLimit.perMinute(100).burst(20).startingEmpty().warmUp(Duration.ofSeconds(3)))
        .hasSameHashCodeAs(
            RateLimit.perMinute(100).burst(20).startingEmpty().warmUp(Duration.ofSeconds(3)))
        .isNotEqualTo(RateLimit.perMinute(100));
  }

  @Test
  void capacity_isThePeriodsPermitsUnlessSet() {
    assertThat(RateLimit.perSecond(7).capacity()).isEqualTo(7);
    assertThat(RateLimit.perSecond(7)).hasToString("7 per PT1S");
  }

  @Test
  void whatCannotBe_isRefused() {
    refused("permits: 0 (expected: 1 to 1000000000000)", () -> RateLimit.perSecond(0));
    refused("permits: -1 (expected: 1 to 1000000000000)", () -> RateLimit.perMinute(-1));
    refused(
        "permits: 9223372036854775807 (expected: 1 to 1000000000000)",
        () -> RateLimit.perSecond(Long.MAX_VALUE));
    refused(
        "permits: 1001 per PT0.000000001S (expected: at most 1000 per nanosecond)",
        () -> RateLimit.of(1_001, Duration.ofNanos(1)));
    refused("period: PT0S (expected: 1 ns to 365 days)", () -> RateLimit.of(1, Duration.ZERO));
    refused(
        "period: PT-1S (expected: 1 ns to 365 days)",
        () -> RateLimit.of(1, Duration.ofSeconds(-1)));
    refused(
        "period: PT8760H0.000000001S (expected: 1 ns to 365 days)",
        () -> RateLimit.of(1, Duration.ofDays(365).plusNanos(1)));
    refused(
        "burst: 0 (expected: 1 to 1000000000000)", () -> RateLimit.perSecond(1).burst(0));
    refused(
        "burst: 1000000000000 at 1 per PT1S (expected: what comes back within 10 years)",
        () -> RateLimit.perSecond(1).burst(1_000_000_000_000L));
    refused(
        "warmUp: PT-1S (expected: 0 to 1 day)",
        () -> RateLimit.perSecond(1).warmUp(Duration.ofSeconds(-1)));
    refused(
        "warmUp: PT25H (expected: 0 to 1 day)",
        () -> RateLimit.perSecond(1).warmUp(Duration.ofHours(25)));
  }

  private static void refused(String message, ThrowingCallable setting) {
    assertThatThrownBy(setting).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }
}
