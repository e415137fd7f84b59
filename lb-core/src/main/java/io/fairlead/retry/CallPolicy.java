package io.fairlead.retry;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.time.Chance;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What all calls of one balancer go by: how often they are repeated and hedged, and the budgets that they share. Made by the balancer;
 * a call's own {@link CallPlan} comes from here.
 *
 * <p>Thread-safe and lock-free.
 */
public final class CallPolicy {

  private final RetryPolicy retries;
  private final Chance chance;
  private final RetryBudget budget;
  private final @Nullable Hedging hedging;
  private final @Nullable RetryBudget hedges;
  private final @Nullable LatencyQuantile quantile; // where hedging goes by it

  /**
   * A policy with budgets of its own, which are full.
   *
   * @param hedging null for none
   * @throws IllegalStateException if calls are to be hedged that may not be sent a second time
   */
  public CallPolicy(
      RetryPolicy retries, @Nullable Hedging hedging, TimeSource time, Chance chance) {
    if (hedging != null && retries.maxAttempts() == 1) {
      throw new IllegalStateException("hedging: " + hedging + ", but retries: " + retries
          + " (expected: maxAttempts of 2 or more, since a hedge is a second attempt)");
    }
    this.retries = retries;
    this.chance = chance;
    this.budget = retries.newBudget(time);
    this.hedging = hedging;
    this.hedges = hedging == null ? null : hedging.newBudget(time);
    this.quantile = hedging == null ? null : hedging.newQuantile(time.nanos());
  }

  /** A plan for one call. */
  public CallPlan plan(RequestContext context) {
    return new CallPlan(this, context);
  }

  /** How the budget of retries stands. */
  public RetryBudget.Snapshot budget() {
    return budget.snapshot();
  }

  /** How long an attempt may take until its outcome is known, in nanoseconds; 0 for as long as it takes. */
  public long attemptTimeoutNanos(RequestContext context) {
    Duration own = context.attemptTimeout();
    return own == null ? retries.attemptTimeoutNanos() : own.toNanos();
  }

  int maxAttempts(RequestContext context) {
    int own = context.maxAttempts();
    return own == 0 ? retries.maxAttempts() : own;
  }

  /** 0 if the call is not to be hedged. */
  long hedgeDelayNanos(RequestContext context) {
    if (hedging == null
        || !context.isRepeatable()
        || !context.mayHedge()
        || maxAttempts(context) == 1) {
      return 0;
    }
    return quantile == null ? hedging.delayNanos() : quantile.nanos();
  }

  Duration longestBackoff() {
    return retries.longestBackoff();
  }

  /** Between the half and the whole of what it would be without chance, which doubles each time. */
  long backoffNanos(int before) {
    long whole = retries.backoffNanos(before);
    double fraction = 0.5 + 0.5 * ((chance.nextLong() >>> 11) * 0x1.0p-53);
    return (long) (whole * fraction);
  }

  void deposit(long now) {
    budget.deposit(now);
    if (hedges != null) {
      hedges.deposit(now);
    }
  }

  boolean tryWithdrawRetry(long now) {
    return budget.tryWithdraw(now);
  }

  /** A hedge is paid for twice: out of its own budget, and as the further request that it is. */
  boolean tryWithdrawHedge(long now) {
    return hedges != null && hedges.tryWithdraw(now) && budget.tryWithdraw(now);
  }

  /** What a first attempt took, as far as it is known. */
  void observe(Outcome outcome, long elapsedNanos, long now) {
    if (quantile != null && (outcome.kind() == Outcome.Kind.SUCCESS || outcome.censored())) {
      quantile.record(elapsedNanos, now);
    }
  }
}
