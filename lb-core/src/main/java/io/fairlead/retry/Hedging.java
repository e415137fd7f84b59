package io.fairlead.retry;

import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * When a call that is slow is sent to a second backend too, so that whoever answers first counts: a remedy for the few that are
 * much slower than the others for no reason of their own, at the price of some more requests.
 *
 * <pre>{@code
 * LoadBalancer.builder("orders").hedging(Hedging.atQuantile(0.95))
 * }</pre>
 *
 * <p>Only calls that are {@linkplain io.fairlead.request.RequestContext#repeatable() repeatable} are hedged, each once at most.
 * A hedge is paid for out of two budgets: that of all retries, and one of its own, which is a share of the requests and nothing
 * beyond: where everything is slow, hedges would make it slower. Not for writes, nor where all backends are slow together.
 * Immutable.
 *
 * <p>The first attempt stays on the caller's thread; the hedge runs on the balancer's executor, and whoever loses is cancelled.
 * What {@code LoadBalancer.call} runs must therefore bear two threads, and say how it is cancelled ({@code Attempt.onCancel}):
 * a first attempt that is not keeps its caller waiting although the hedge has its answer. lb-okhttp sees to both.
 *
 * <p>The idea is from Dean and Barroso, <a href="https://doi.org/10.1145/2408776.2408794">The Tail at Scale</a> (2013); the two
 * budgets are Finagle's.
 */
public final class Hedging {

  private final @Nullable Duration delay;
  private final double quantile;
  private final double budget;

  private Hedging(@Nullable Duration delay, double quantile, double budget) {
    this.delay = delay;
    this.quantile = quantile;
    this.budget = budget;
  }

  /**
   * A hedge after a fixed time.
   *
   * @param delay more than zero, up to one day
   */
  public static Hedging after(Duration delay) {
    if (Objects.requireNonNull(delay, "delay").isNegative()
        || delay.isZero()
        || delay.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "delay: " + delay + " (expected: more than zero, up to 24 hours)");
    }
    return new Hedging(delay, 0, 0.05);
  }

  /**
   * A hedge when a call has taken longer than this share of those of the last half a minute. Until 100 of them are known there
   * are none.
   *
   * @param quantile 0.5 to 0.999; 0.95 is usual: one call in twenty is hedged then, if the budget allows it
   */
  public static Hedging atQuantile(double quantile) {
    if (!(quantile >= 0.5 && quantile <= 0.999)) {
      throw new IllegalArgumentException("quantile: " + quantile + " (expected: 0.5 to 0.999)");
    }
    return new Hedging(null, quantile, Math.max(0.05, 1 - quantile));
  }

  /**
   * The same, with another budget: the most hedges for each request, over ten seconds. There is nothing beyond that share, so
   * that with 0.05 and less than two requests a second none is sent.
   *
   * @param hedgesPerRequest more than 0 to 1; 0.05 by default, or what is above the quantile if that is more
   */
  public Hedging budget(double hedgesPerRequest) {
    if (!(hedgesPerRequest > 0 && hedgesPerRequest <= 1)) {
      throw new IllegalArgumentException(
          "budget: " + hedgesPerRequest + " (expected: more than 0, up to 1)");
    }
    return new Hedging(delay, quantile, hedgesPerRequest);
  }

  RetryBudget newBudget(TimeSource time) {
    return RetryBudget.builder().share(budget).floor(0).time(time).build();
  }

  @Nullable
  LatencyQuantile newQuantile(long nowNanos) {
    return delay == null ? new LatencyQuantile(quantile, nowNanos) : null;
  }

  long delayNanos() {
    return Objects.requireNonNull(delay, "delay").toNanos();
  }

  @Override
  public String toString() {
    return "Hedging{" + (delay == null ? "quantile=" + quantile : "delay=" + delay) + ", budget="
        + budget + "}";
  }
}
