package io.fairlead.ratelimit;

import java.time.Duration;
import java.util.Objects;

/**
 * How much a bucket gives: so many permits at once, and so many in each period after that, which come back evenly.
 *
 * <pre>{@code
 * RateLimit.of(100, Duration.ofMinutes(1)) // 100 at once, and one more every 600 ms
 * RateLimit.perSecond(10).burst(50)        // 50 at once, then 10 per second
 * }</pre>
 *
 * <p>Over any span of time a bucket with this limit grants at most {@code capacity + rate × time}. Where that is too much at the
 * start of a span, give it a smaller {@link #burst}.
 *
 * <p>Immutable. Two with the same settings are equal.
 */
public final class RateLimit {

  private static final long MAX_PERMITS = 1_000_000_000_000L;
  private static final Duration MAX_PERIOD = Duration.ofDays(365);
  private static final Duration MAX_WARM_UP = Duration.ofDays(1);
  private static final long MAX_PER_NANO = 1_000;

  /** How long an empty bucket may take to be full: 10 years. */
  private static final long MAX_REFILL_NANOS = Duration.ofDays(3_650).toNanos();

  private final long permits;
  private final Duration period;
  private final long capacity;
  private final boolean startsEmpty;
  private final Duration warmUp;

  private RateLimit(
      long permits, Duration period, long capacity, boolean startsEmpty, Duration warmUp) {
    this.permits = permits;
    this.period = period;
    this.capacity = capacity;
    this.startsEmpty = startsEmpty;
    this.warmUp = warmUp;
  }

  /**
   * So many permits per period, refilled evenly, and as many at once.
   *
   * @param permits 1 to 10¹², and no more than 1,000 in a nanosecond
   * @param period 1 nanosecond to 365 days
   */
  public static RateLimit of(long permits, Duration period) {
    check("permits", permits);
    if (period.compareTo(Duration.ofNanos(1)) < 0 || period.compareTo(MAX_PERIOD) > 0) {
      throw new IllegalArgumentException(
          "period: " + period + " (expected: 1 ns to " + MAX_PERIOD.toDays() + " days)");
    }
    if ((permits - 1) / MAX_PER_NANO >= period.toNanos()) {
      throw new IllegalArgumentException("permits: " + permits + " per " + period
          + " (expected: at most " + MAX_PER_NANO + " per nanosecond)");
    }
    return new RateLimit(permits, period, permits, false, Duration.ZERO);
  }

  /** So many per second, and as many at once: {@code of(permits, Duration.ofSeconds(1))}. */
  public static RateLimit perSecond(long permits) {
    return of(permits, Duration.ofSeconds(1));
  }

  /** So many per minute, and as many at once: {@code of(permits, Duration.ofMinutes(1))}. */
  public static RateLimit perMinute(long permits) {
    return of(permits, Duration.ofMinutes(1));
  }

  /**
   * This limit with another capacity: how many permits there are at once at most, after some time in which none were taken.
   *
   * @param capacity 1 to 10¹², and what comes back within 10 years; the permits of a period unless set
   */
  public RateLimit burst(long capacity) {
    check("burst", capacity);
    // Exactly, refill = capacity × period ÷ permits; the limit is far from the ends of long.
    if (Units.multiplyDivide(capacity, period.toNanos(), permits) > MAX_REFILL_NANOS) {
      throw new IllegalArgumentException("burst: " + capacity + " at " + permits + " per " + period
          + " (expected: what comes back within 10 years)");
    }
    return new RateLimit(permits, period, capacity, startsEmpty, warmUp);
  }

  /** This limit with a bucket that has no permits at the start. It is full unless this is called. */
  public RateLimit startingEmpty() {
    return new RateLimit(permits, period, capacity, true, warmUp);
  }

  /**
   * This limit with a rate that is a third at first, and grows evenly to the whole over this time: at the start, and whenever the
   * bucket has been full for as long again. For what must warm up, as connections and caches do. What is there at once is not
   * less: set a small {@link #burst} beside it.
   *
   * @param warmUp zero to a day; zero, which is none, unless set
   */
  public RateLimit warmUp(Duration warmUp) {
    if (warmUp.isNegative() || warmUp.compareTo(MAX_WARM_UP) > 0) {
      throw new IllegalArgumentException("warmUp: " + warmUp + " (expected: 0 to 1 day)");
    }
    return new RateLimit(permits, period, capacity, startsEmpty, warmUp);
  }

  private static void check(String name, long permits) {
    if (permits < 1 || permits > MAX_PERMITS) {
      throw new IllegalArgumentException(
          name + ": " + permits + " (expected: 1 to " + MAX_PERMITS + ")");
    }
  }

  /** How many permits come back in a period. */
  public long permits() {
    return permits;
  }

  /** The time in which they come back. */
  public Duration period() {
    return period;
  }

  /** How many permits there are at most. */
  public long capacity() {
    return capacity;
  }

  /** Whether a bucket has none at the start. */
  public boolean startsEmpty() {
    return startsEmpty;
  }

  /** How long the rate takes to grow from a third to the whole. Zero if it does not. */
  public Duration warmUp() {
    return warmUp;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RateLimit limit
        && permits == limit.permits
        && capacity == limit.capacity
        && startsEmpty == limit.startsEmpty
        && period.equals(limit.period)
        && warmUp.equals(limit.warmUp);
  }

  @Override
  public int hashCode() {
    return Objects.hash(permits, period, capacity, startsEmpty, warmUp);
  }

  /** As in {@code 10 per PT1S, burst 50}. */
  @Override
  public String toString() {
    return permits + " per " + period
        + (capacity == permits ? "" : ", burst " + capacity)
        + (startsEmpty ? ", starting empty" : "")
        + (warmUp.isZero() ? "" : ", warm-up " + warmUp);
  }
}
