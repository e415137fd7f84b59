package io.fairlead.pool;

import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.time.Chance;
import org.jspecify.annotations.Nullable;

/**
 * What stands guard over each member: recipes, of which each member gets its own.
 *
 * @param circuitBreaker of the breaker that is its failure detector, with its time and chance; null for none
 * @param maxEjected the share of members that may be out by it, 0 to 1
 * @param chance shortens the waits for members that can't be connected to
 * @param maxSilenceNanos how long a member may be silent while others answer; 0 for as long as it likes
 * @param limit of its concurrency limit, with its time and chance; null for none
 */
public record Guards(
    CircuitBreaker.@Nullable Builder circuitBreaker,
    double maxEjected,
    Chance chance,
    long maxSilenceNanos,
    ConcurrencyLimit.@Nullable Builder limit) {

  /** No guards. */
  public static final Guards NONE = new Guards(null, 0, Chance.system(), 0, null);
}
