package io.fairlead.ratelimit;

import io.fairlead.time.TimeSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * Limits how often something happens, by one or several {@linkplain RateLimit limits} at once.
 *
 * <pre>{@code
 * TokenBucket bucket = TokenBucket.of(RateLimit.perSecond(10), RateLimit.perMinute(100));
 * if (bucket.tryAcquire()) {
 *   …
 * }
 * }</pre>
 *
 * <p>Take it where the number of calls is limited; where what counts is how many are under way at once, limit the concurrency
 * instead. To limit each of many clients, take a {@link KeyedTokenBucket}.
 *
 * <p>Permits come back evenly, exact to the nanosecond, without drift over years: in any span of time there are at most
 * {@code capacity + rate × time}. Of several limits all give or none does.
 *
 * <p>Who waits, with {@link #acquire} or {@link #reserve}, takes permits in advance, and so in order of arrival: until a debt is
 * paid back there is nothing for anybody else to take, and a large request is not overtaken by small ones.
 *
 * <p>Methods without {@code nowNanos} read the clock; who has a reading of it saves 20 ns. A reading older than what the bucket has
 * seen finds fewer permits, never more.
 *
 * <p>Thread-safe, lock-free, and without allocation.
 */
public final class TokenBucket {

  /** What {@link #reserve} returns for permits that are not to be had in the time given. */
  public static final long REFUSED = Line.REFUSED;

  /** Above it a wait is without an end. Whatever a bucket may owe is paid back in less. */
  private static final long MAX_WAIT_NANOS = 1L << 60;

  private static final VarHandle LINE;

  static {
    try {
      LINE = MethodHandles.lookup().findVarHandle(TokenBucket.class, "line", Line.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final TimeSource time;
  private volatile Line line;

  private TokenBucket(Builder builder) {
    this.time = builder.time;
    this.line = Line.of(Units.of(builder.limits), time.nanos());
  }

  /** A bucket with these limits, one or more, on the system's clock. */
  public static TokenBucket of(RateLimit... limits) {
    Builder builder = builder();
    for (RateLimit limit : limits) {
      builder.limit(limit);
    }
    return builder.build();
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Takes one permit, if there is one. */
  public boolean tryAcquire() {
    return take(1, time.nanos(), 0) == 0;
  }

  /**
   * Takes as many permits, if there are so many: all or none.
   *
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   */
  public boolean tryAcquire(long permits) {
    return take(permits, time.nanos(), 0) == 0;
  }

  /** As {@link #tryAcquire(long)}, with the caller's own reading of the bucket's clock. */
  public boolean tryAcquire(long permits, long nowNanos) {
    return take(permits, nowNanos, 0) == 0;
  }

  /**
   * Takes as many permits, and waits for them if it must. If they are not to be had within {@code maxWait}, it says so at once.
   * Those who wait are served in order of arrival.
   *
   * @param maxWait zero or more
   * @return whether they were taken
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   * @throws InterruptedException if the thread was interrupted while it waited. The permits are given back; those who came
   *     later don't wait less for that
   */
  public boolean acquire(long permits, Duration maxWait) throws InterruptedException {
    long now = time.nanos();
    long wait = take(permits, now, nanos(maxWait));
    if (wait > 0) {
      try {
        // Nobody raises it: the permits are this thread's, it has only come too early.
        boolean raised = time.signal().await(now + wait);
        assert !raised;
      } catch (InterruptedException e) {
        refund(permits);
        throw e;
      }
    }
    return wait >= 0;
  }

  /**
   * Takes as many permits in advance, and tells when to use them: in how many nanoseconds, 0 for at once, or {@link #REFUSED} if it
   * would be more than {@code maxWait}, and nothing was taken. To wait is the caller's own business. A reservation that is not used
   * can be given back with {@link #refund}.
   *
   * @param maxWait zero or more. One may reserve two minutes ahead at any rate, and years ahead at usual ones
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   */
  public long reserve(long permits, Duration maxWait) {
    return reserve(permits, maxWait, time.nanos());
  }

  /** As {@link #reserve(long, Duration)}, with the caller's own reading of the bucket's clock. */
  public long reserve(long permits, Duration maxWait, long nowNanos) {
    return take(permits, nowNanos, nanos(maxWait));
  }

  private long take(long permits, long now, long maxWait) {
    while (true) {
      Line line = this.line;
      long wait = line.take(permits, now, maxWait);
      if (wait != Line.ENDED) {
        return wait;
      }
      renew(line, now);
    }
  }

  /**
   * Gives back permits that were taken and not used, as far as they fit: there are never more than the capacity. Those of a
   * reservation whose time has not come go to whoever comes next, at once; others that wait keep the times that they were told, so
   * that for as long as they do, more than the rate may be used.
   *
   * @param permits 1 or more
   */
  public void refund(long permits) {
    refund(permits, time.nanos());
  }

  /** As {@link #refund(long)}, with the caller's own reading of the bucket's clock. */
  public void refund(long permits, long nowNanos) {
    if (permits < 1) {
      throw new IllegalArgumentException("permits: " + permits + " (expected: 1 or more)");
    }
    while (true) {
      Line line = this.line;
      if (line.refund(permits, nowNanos)) {
        return;
      }
      renew(line, nowNanos);
    }
  }

  /**
   * In how many nanoseconds there would be as many permits, if nobody took any until then; 0 if there are.
   *
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   */
  public long waitNanos(long permits, long nowNanos) {
    while (true) {
      Line line = this.line;
      long wait = line.estimate(permits, nowNanos);
      if (wait != Line.ENDED) {
        return wait;
      }
      renew(line, nowNanos);
    }
  }

  /** In how long there would be as many permits, if nobody took any until then; zero if there are. */
  public Duration waitTime(long permits) {
    return Duration.ofNanos(waitNanos(permits, time.nanos()));
  }

  /** How many permits could be taken at once: 0 to the least capacity of all limits. */
  public long available() {
    return available(time.nanos());
  }

  /** As {@link #available()}, with the caller's own reading of the bucket's clock. */
  public long available(long nowNanos) {
    while (true) {
      Line line = this.line;
      long permits = line.available(nowNanos);
      if (permits != Line.ENDED) {
        return permits;
      }
      renew(line, nowNanos);
    }
  }

  /** The limits, in the order in which permits are taken from them. */
  public List<RateLimit> limits() {
    List<RateLimit> limits = new ArrayList<>();
    for (Line line = this.line; line != null; line = line.rest()) {
      limits.add(line.units.limit);
    }
    return Collections.unmodifiableList(limits);
  }

  /**
   * Gives this bucket other limits, one or more. The first takes over from the first, and so on; those that there were none for
   * before begin as in a new bucket. Those who wait keep the times that they were told.
   *
   * @param carry what becomes of the permits that are there, and of those that were taken in advance
   */
  public void replace(Carry carry, RateLimit... limits) {
    Objects.requireNonNull(carry, "carry");
    Units[] units = Units.of(List.of(limits));
    long now = time.nanos();
    while (true) {
      Line line = this.line;
      line.seal();
      if (LINE.compareAndSet(this, line, Line.replacing(line, carry, units, now))) {
        return;
      }
    }
  }

  private void renew(Line line, long now) {
    line.seal();
    LINE.compareAndSet(this, line, line.successor(now));
  }

  private static long nanos(Duration maxWait) {
    if (maxWait.isNegative()) {
      throw new IllegalArgumentException("maxWait: " + maxWait + " (expected: 0 or more)");
    }
    return maxWait.toSeconds() >= MAX_WAIT_NANOS / 1_000_000_000
        ? MAX_WAIT_NANOS
        : maxWait.toNanos();
  }

  /** As in {@code TokenBucket [10 per PT1S, 100 per PT1M]}. */
  @Override
  public String toString() {
    return "TokenBucket " + limits();
  }

  /** A recipe for buckets. Each call of {@link #build} gives a bucket of its own. Not thread-safe. */
  public static final class Builder {
    private final List<RateLimit> limits = new ArrayList<>();
    private TimeSource time = TimeSource.system();

    private Builder() {}

    /** One more limit. Permits are taken from them in the order in which they are set. At least one is needed. */
    public Builder limit(RateLimit limit) {
      limits.add(Objects.requireNonNull(limit, "limit"));
      return this;
    }

    /** Where time comes from: the system unless set. */
    public Builder time(TimeSource time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /** A builder with the same settings, which goes its own way. */
    public Builder copy() {
      Builder copy = new Builder();
      copy.limits.addAll(limits);
      copy.time = time;
      return copy;
    }

    /**
     * A new bucket.
     *
     * @throws IllegalStateException without a limit
     */
    public TokenBucket build() {
      return new TokenBucket(this);
    }
  }
}
