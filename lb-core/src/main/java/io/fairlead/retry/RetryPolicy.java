package io.fairlead.retry;

import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.Objects;

/**
 * How often a call is repeated, how long it waits in between, and out of which budget.
 *
 * <pre>{@code
 * LoadBalancer.builder("orders")
 *     .retries(RetryPolicy.builder().maxAttempts(2).attemptTimeout(Duration.ofMillis(500)).build())
 * }</pre>
 *
 * <p>By default a request reaches a backend three times at most, waits 25 ms to 1 s once everybody was tried, and takes each
 * retry out of a budget of one in five requests, and ten a second. What may be repeated at all is told by {@link CallPlan}.
 * What one request wants otherwise is said in its {@link io.fairlead.request.RequestContext}. Immutable.
 */
public final class RetryPolicy {

  private static final RetryPolicy STANDARD = builder().build();
  private static final RetryPolicy NEVER = builder().maxAttempts(1).build();

  private final int maxAttempts;
  private final long firstBackoffNanos;
  private final Duration longestBackoff;
  private final long attemptTimeoutNanos;
  private final RetryBudget.Builder budget;

  private RetryPolicy(Builder builder) {
    this.maxAttempts = builder.maxAttempts;
    this.firstBackoffNanos = builder.firstBackoff.toNanos();
    this.longestBackoff = builder.longestBackoff;
    this.attemptTimeoutNanos = builder.attemptTimeout.toNanos();
    this.budget = builder.budget.copy();
  }

  /** The defaults. */
  public static RetryPolicy standard() {
    return STANDARD;
  }

  /** One attempt: nothing that may have reached a backend is sent again. What certainly did not still goes on to another. */
  public static RetryPolicy never() {
    return NEVER;
  }

  /** A builder with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  RetryBudget newBudget(TimeSource time) {
    return budget.copy().time(time).build();
  }

  int maxAttempts() {
    return maxAttempts;
  }

  /** Before the first wait there were none. */
  long backoffNanos(int before) {
    return Math.min(longestBackoff.toNanos(), firstBackoffNanos << Math.min(before, 20));
  }

  Duration longestBackoff() {
    return longestBackoff;
  }

  long attemptTimeoutNanos() {
    return attemptTimeoutNanos;
  }

  @Override
  public String toString() {
    return "RetryPolicy{maxAttempts=" + maxAttempts + ", backoff="
        + Duration.ofNanos(firstBackoffNanos) + " to " + longestBackoff
        + (attemptTimeoutNanos == 0
            ? ""
            : ", attemptTimeout=" + Duration.ofNanos(attemptTimeoutNanos))
        + "}";
  }

  /** Collects the settings; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private int maxAttempts = 3;
    private Duration firstBackoff = Duration.ofMillis(25);
    private Duration longestBackoff = Duration.ofSeconds(1);
    private Duration attemptTimeout = Duration.ZERO;
    private RetryBudget.Builder budget = RetryBudget.builder();

    private Builder() {}

    /**
     * How often a request may reach a backend, the first time included. Attempts that reached nobody and lost connections don't
     * count.
     *
     * @param attempts 1 to {@value CallPlan#MAX_ATTEMPTS}; 3 by default
     */
    public Builder maxAttempts(int attempts) {
      if (attempts < 1 || attempts > CallPlan.MAX_ATTEMPTS) {
        throw new IllegalArgumentException("maxAttempts: " + attempts + " (expected: 1 to 32)");
      }
      this.maxAttempts = attempts;
      return this;
    }

    /**
     * How long to wait before somebody is asked a second time. To somebody who was not tried a call goes on at once. The wait
     * doubles each time, and is up to a half shorter by chance, so that callers who failed together do not come back together.
     * A {@code Retry-After} that is longer is waited for; if it is longer than {@code longest}, the call ends instead.
     *
     * @param first more than zero, at most one minute; 25 ms by default
     * @param longest at least the first, at most one minute; 1 s by default
     */
    public Builder backoff(Duration first, Duration longest) {
      if (Objects.requireNonNull(first, "first").isNegative()
          || first.isZero()
          || first.compareTo(Duration.ofMinutes(1)) > 0) {
        throw new IllegalArgumentException(
            "backoff: first " + first + " (expected: more than zero, up to PT1M)");
      }
      if (Objects.requireNonNull(longest, "longest").compareTo(first) < 0
          || longest.compareTo(Duration.ofMinutes(1)) > 0) {
        throw new IllegalArgumentException(
            "backoff: longest " + longest + " (expected: " + first + " to PT1M)");
      }
      this.firstBackoff = first;
      this.longestBackoff = longest;
      return this;
    }

    /**
     * How long an attempt may take until the headers of its answer have come, or, without OkHttp, until the body of the call
     * returns. It is cancelled then, counts against the backend, and the call goes on elsewhere if it may. Through {@code
     * LoadBalancer.call} only what can be cancelled is: see {@code Attempt.onCancel}. It should be several times what slow
     * answers take: one that is too short has backends work in vain, and ejected.
     *
     * @param timeout more than zero, up to one day; none by default
     */
    public Builder attemptTimeout(Duration timeout) {
      if (Objects.requireNonNull(timeout, "attemptTimeout").isNegative()
          || timeout.isZero()
          || timeout.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException(
            "attemptTimeout: " + timeout + " (expected: more than zero, up to 24 hours)");
      }
      this.attemptTimeout = timeout;
      return this;
    }

    /**
     * The recipe of the budget: what the calls of a balancer may spend on retries together. By default, one in five requests,
     * and ten a second beyond that.
     *
     * @param recipe each balancer gets a budget made by it. Its time is the balancer's own
     */
    public Builder budget(RetryBudget.Builder recipe) {
      this.budget = Objects.requireNonNull(recipe, "budget").copy();
      return this;
    }

    /** The policy. */
    public RetryPolicy build() {
      return new RetryPolicy(this);
    }
  }
}
