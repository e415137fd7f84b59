package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBucketTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final FakeClock clock = new FakeClock();

  private TokenBucket bucket(RateLimit... limits) {
    return bucket(clock, limits);
  }

  static TokenBucket bucket(FakeClock clock, RateLimit... limits) {
    TokenBucket.Builder builder = TokenBucket.builder().time(clock);
    for (RateLimit limit : limits) {
      builder.limit(limit);
    }
    return builder.build();
  }

  @Test
  void tryAcquire_ofAFullBucket_givesItsCapacity() {
    TokenBucket bucket = bucket(RateLimit.perSecond(3));

    assertThat(bucket.tryAcquire(2)).isTrue();
    assertThat(bucket.tryAcquire()).isTrue();
    assertThat(bucket.tryAcquire()).isFalse();
    assertThat(bucket.available()).isZero();
  }

  @Test
  void tryAcquire_ofABucketThatStartsEmpty_givesNothingYet() {
    TokenBucket bucket = bucket(RateLimit.perSecond(3).startingEmpty());

    assertThat(bucket.tryAcquire()).isFalse();
    clock.advance(SECOND);
    assertThat(bucket.tryAcquire(3)).isTrue();
  }

  @Test
  void permit_comesBack_toTheNanosecond() {
    TokenBucket bucket = bucket(RateLimit.perSecond(3));
    bucket.tryAcquire(3);

    clock.advance(Duration.ofNanos(333_333_333));
    assertThat(bucket.tryAcquire()).isFalse();
    clock.advance(Duration.ofNanos(1));
    assertThat(bucket.tryAcquire()).isTrue();
  }

  @Test
  void burst_isWhatThereIsAtOnce() {
    TokenBucket bucket = bucket(RateLimit.perSecond(10).burst(50));

    assertThat(bucket.tryAcquire(50)).isTrue();
    clock.advance(SECOND);
    assertThat(bucket.available()).isEqualTo(10);
    clock.advance(Duration.ofDays(3_000));
    assertThat(bucket.available()).isEqualTo(50);
  }

  @Test
  void ofSeveralLimits_allGiveOrNoneDoes() {
    TokenBucket bucket = bucket(RateLimit.perSecond(10), RateLimit.perMinute(15));

    assertThat(bucket.tryAcquire(10)).isTrue();
    clock.advance(SECOND);
    assertThat(bucket.tryAcquire(6)).isFalse();
    assertThat(bucket.available()).isEqualTo(5);
    assertThat(bucket.tryAcquire(5)).isTrue();
    assertThat(bucket.waitNanos(1, clock.nanos()))
        .isEqualTo(Duration.ofSeconds(3).toNanos());
  }

  @Test
  void ofSeveralLimits_theLongestWaitCounts() {
    TokenBucket bucket =
        bucket(RateLimit.perMinute(60).burst(2), RateLimit.perSecond(1).burst(5));
    bucket.tryAcquire(2);

    assertThat(bucket.reserve(2, SECOND)).isEqualTo(TokenBucket.REFUSED);
    assertThat(bucket.reserve(2, Duration.ofSeconds(2))).isEqualTo(2_000_000_000L);
    assertThat(bucket.waitTime(1)).isEqualTo(Duration.ofSeconds(3));
    bucket.refund(2);
    assertThat(bucket.waitTime(1)).isEqualTo(SECOND);
  }

  @Test
  void ofSeveralLimits_oneWhoseLineEnds_isRenewedAlone() {
    RateLimit fast = RateLimit.of(16_000_057, SECOND); // its line lasts for 75 seconds
    TokenBucket bucket = bucket(RateLimit.of(1_000, Duration.ofDays(1)), fast);
    for (int minute = 0; minute < 60; minute++) {
      assertThat(bucket.tryAcquire(10)).isTrue();
      clock.advance(Duration.ofMinutes(1));
    }

    assertThat(bucket.available()).isEqualTo(1_000 - 600 + 1_000 / 24);
  }

  /** Whatever is there is taken, at odd times, so that it never fills up: all that came is counted. */
  @ParameterizedTest
  @CsvSource({
    "7, PT3S",
    "999999937, PT1S",
    "1, PT24H",
    "100, PT1M",
    "1000003, PT24H",
    "1, PT0.000000001S",
    "999999999989, PT1S",
  })
  void ofADay_nothingIsLostAndNothingIsTooMuch(long permits, Duration period) {
    TokenBucket bucket = bucket(RateLimit.of(permits, period));
    long step = Math.max(1, Math.min(period.toNanos() / 2, 86_400_000_000_000L / 50_000));
    long end = Math.min(86_400_000_000_000L, step * 100_000);
    long taken = 0;
    for (long now = 0; now <= end; now += step) {
      long available = bucket.available(now);
      if (available > 0 && bucket.tryAcquire(available, now)) {
        taken += available;
      }
    }
    long last = end / step * step;

    assertThat(taken).isEqualTo(permits + Units.multiplyDivide(last, permits, period.toNanos()));
  }

  @Test
  void reserve_takesInAdvance_inOrderOfArrival() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1).burst(4));
    bucket.tryAcquire(4);

    assertThat(bucket.reserve(3, Duration.ofMinutes(1))).isEqualTo(3_000_000_000L);
    assertThat(bucket.reserve(1, Duration.ofMinutes(1))).isEqualTo(4_000_000_000L);
    clock.advance(Duration.ofSeconds(3));
    assertThat(bucket.tryAcquire())
        .as("what is there belongs to those who wait")
        .isFalse();
    clock.advance(Duration.ofSeconds(2));
    assertThat(bucket.tryAcquire()).isTrue();
  }

  @Test
  void reserve_longerThanAsked_takesNothing() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1));
    bucket.tryAcquire();

    assertThat(bucket.reserve(1, Duration.ofNanos(999_999_999))).isEqualTo(TokenBucket.REFUSED);
    assertThat(bucket.reserve(1, SECOND)).isEqualTo(1_000_000_000L);
  }

  @Test
  void reserve_mayBeForDays() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1_000_000));
    for (int second = 0; second < 1_000_000; second++) {
      bucket.reserve(1_000_000, Duration.ofSeconds(Long.MAX_VALUE));
    }

    assertThat(bucket.tryAcquire()).isFalse();
    clock.advance(Duration.ofSeconds(999_999));
    assertThat(bucket.tryAcquire()).isFalse();
    clock.advance(SECOND);
    assertThat(bucket.available()).isEqualTo(1_000_000);
  }

  @Test
  void reserve_atTheFastestRate_goesTwoMinutesAhead() {
    TokenBucket bucket = bucket(RateLimit.of(999_999_999_989L, SECOND));
    Duration maxWait = Duration.ofMinutes(10);
    long last = 0;
    for (long wait = 0; wait >= 0; wait = bucket.reserve(999_999_999_989L, maxWait)) {
      last = wait;
    }

    assertThat(last).isBetween(120_000_000_000L, 180_000_000_000L);
    clock.advance(Duration.ofNanos(last + 1_000_000_000));
    assertThat(bucket.available()).isEqualTo(999_999_999_989L);
  }

  @Test
  void refund_neverFillsAboveTheCapacity() {
    TokenBucket bucket = bucket(RateLimit.perSecond(5));
    bucket.tryAcquire(3);

    bucket.refund(2);
    assertThat(bucket.available()).isEqualTo(4);
    bucket.refund(Long.MAX_VALUE);
    assertThat(bucket.available()).isEqualTo(5);
    bucket.refund(1);
    clock.advance(SECOND);
    assertThat(bucket.available()).isEqualTo(5);
  }

  @Test
  void replace_keeps_scales_orResets() {
    RateLimit ten = RateLimit.perSecond(10);
    assertThat(replaced(ten, 4, Carry.KEEP, RateLimit.perSecond(100))).isEqualTo(6);
    assertThat(replaced(ten, 4, Carry.KEEP, RateLimit.perSecond(5))).isEqualTo(5);
    assertThat(replaced(ten, 4, Carry.SCALE, RateLimit.perMinute(100))).isEqualTo(60);
    assertThat(replaced(ten, 5, Carry.SCALE, RateLimit.perSecond(4))).isEqualTo(2);
    assertThat(replaced(ten, 10, Carry.RESET, RateLimit.perSecond(4))).isEqualTo(4);
    assertThat(replaced(ten, 0, Carry.RESET, RateLimit.perSecond(4).startingEmpty()))
        .isZero();
  }

  private long replaced(RateLimit from, long taken, Carry carry, RateLimit to) {
    TokenBucket bucket = bucket(from);
    if (taken > 0) {
      bucket.tryAcquire(taken);
    }
    bucket.replace(carry, to);
    assertThat(bucket.limits()).containsExactly(to);
    return bucket.available();
  }

  @Test
  void replace_whileSomebodyWaits_keepsTheDebt() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1));
    bucket.tryAcquire();
    bucket.reserve(1, SECOND);

    bucket.replace(Carry.KEEP, RateLimit.perSecond(2));

    assertThat(bucket.waitTime(1)).isEqualTo(SECOND); // one that is owed, and one more
  }

  @Test
  void replace_byMoreLimits_startsThoseThatAreNew() {
    TokenBucket bucket = bucket(RateLimit.perSecond(10));
    bucket.tryAcquire(8);

    bucket.replace(Carry.KEEP, RateLimit.perSecond(10), RateLimit.perMinute(1));
    assertThat(bucket.available()).isEqualTo(1);
    bucket.replace(Carry.KEEP, RateLimit.perSecond(10));
    assertThat(bucket.available()).isEqualTo(2);
  }

  @Test
  void warmUp_beginsWithAThirdOfTheRate_andGrowsToTheWhole() {
    RateLimit limit = RateLimit.perSecond(300).burst(3).warmUp(Duration.ofSeconds(10));
    TokenBucket bucket = bucket(limit);

    assertThat(takenIn(bucket, SECOND)).isBetween(105L, 115L); // 300 × (1/3 + 1/30)
    assertThat(takenIn(bucket, Duration.ofSeconds(9))).isBetween(1_880L, 1_895L); // 2,000 in all
    assertThat(takenIn(bucket, SECOND)).isBetween(299L, 300L);
    clock.advance(Duration.ofSeconds(9));
    assertThat(takenIn(bucket, SECOND)).as("not idle for long").isBetween(299L, 303L);
    clock.advance(Duration.ofSeconds(11));
    assertThat(takenIn(bucket, SECOND)).as("cold again").isBetween(105L, 115L);
  }

  @Test
  void warmUp_tellsTheWaitExactly() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1).warmUp(Duration.ofSeconds(10)));
    bucket.tryAcquire();

    long wait = bucket.reserve(1, Duration.ofMinutes(1));
    assertThat(wait).isBetween(2_400_000_000L, 2_500_000_000L); // x/3 + x²/30 = 1
    assertThat(bucket.waitNanos(1, wait - 1)).isGreaterThan(0);
    bucket.refund(1);
    assertThat(bucket.waitNanos(1, wait - 1)).isEqualTo(1);
    assertThat(bucket.tryAcquire(1, wait - 1)).isFalse();
    assertThat(bucket.tryAcquire(1, wait)).isTrue();
  }

  private long takenIn(TokenBucket bucket, Duration time) {
    long taken = 0;
    for (int i = 0; i < 10_000; i++) {
      clock.advance(time.dividedBy(10_000));
      for (; bucket.tryAcquire(); taken++) {}
    }
    return taken;
  }

  @Test
  void readingFromBefore_findsLess_andNeverThrows() {
    TokenBucket bucket = bucket(FakeClock.startingAt(Long.MIN_VALUE + 5), RateLimit.perSecond(10));
    long start = Long.MIN_VALUE + 5;
    assertThat(bucket.tryAcquire(10, start + 1_000_000_000)).isTrue();

    assertThat(bucket.tryAcquire(1, start - 1_000)).isFalse(); // it wraps around
    assertThat(bucket.tryAcquire(1, start)).isFalse();
    assertThat(bucket.available(start)).isZero();
    assertThat(bucket.waitNanos(1, start)).isEqualTo(1_100_000_000);
    bucket.refund(1, start);
    assertThat(bucket.available(start + 1_000_000_000)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 11, Long.MAX_VALUE})
  void permitsThatCanNeverBeHad_areRefusedAtOnce(long permits) {
    TokenBucket bucket = bucket(RateLimit.perSecond(20), RateLimit.perSecond(10));
    String message = "permits: " + permits + " (expected: 1 to ";

    for (long before : new long[] {0, 10}) {
      if (before > 0) {
        bucket.tryAcquire(before); // not even when there are none at all
      }
      assertThatThrownBy(() -> bucket.tryAcquire(permits))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() -> bucket.reserve(permits, SECOND)).hasMessageContaining(message);
      assertThatThrownBy(() -> bucket.acquire(permits, SECOND)).hasMessageContaining(message);
      assertThatThrownBy(() -> bucket.waitTime(permits)).hasMessageContaining(message);
    }
    clock.advance(SECOND);
    assertThat(bucket.available()).isEqualTo(10);
  }

  @Test
  void badInput_isRefused() {
    TokenBucket bucket = bucket(RateLimit.perSecond(1));

    assertThatThrownBy(() -> bucket.refund(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("permits: 0 (expected: 1 or more)");
    assertThatThrownBy(() -> bucket.reserve(1, Duration.ofNanos(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxWait: PT-0.000000001S (expected: 0 or more)");
    assertThatThrownBy(() -> bucket.replace(Carry.KEEP))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("limit: none (expected: one or more)");
    assertThatThrownBy(() -> TokenBucket.builder().build())
        .hasMessage("limit: none (expected: one or more)");
    assertThatThrownBy(() -> TokenBucket.of()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void builder_isARecipe() {
    TokenBucket.Builder builder = TokenBucket.builder().time(clock).limit(RateLimit.perSecond(1));
    TokenBucket one = builder.build();
    TokenBucket more = builder.copy().limit(RateLimit.perMinute(5)).build();
    one.tryAcquire();

    assertThat(builder.build().tryAcquire()).isTrue();
    assertThat(builder.build().limits()).hasSize(1);
    assertThat(more.limits()).isEqualTo(List.of(RateLimit.perSecond(1), RateLimit.perMinute(5)));
    assertThat(more).hasToString("TokenBucket [1 per PT1S, 5 per PT1M]");
  }

  @Test
  void of_usesTheSystemsClock() {
    TokenBucket bucket = TokenBucket.of(RateLimit.of(1, Duration.ofDays(365)));

    assertThat(bucket.tryAcquire()).isTrue();
    assertThat(bucket.tryAcquire(1)).isFalse();
  }

  @Test
  void morePermitsThanTheSmallestCapacity_areRefused_whateverIsLeft() {
    FakeClock time = new FakeClock();
    TokenBucket bucket =
        bucket(time, RateLimit.perSecond(10), RateLimit.of(20, Duration.ofDays(1)));
    for (int i = 0; i < 2; i++) {
      assertThat(bucket.tryAcquire(10)).isTrue();
      time.advance(Duration.ofSeconds(1));
    }
    assertThat(bucket.tryAcquire(10)).as("the second limit has none left").isFalse();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> bucket.tryAcquire(11))
        .withMessageStartingWith("permits: 11 (expected: 1 to 10, the capacity of");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> bucket.reserve(11, Duration.ofSeconds(1)));
  }
}
