package io.fairlead.circuitbreaker;

import java.time.Duration;

/**
 * How a breaker stands at one moment; its numbers are read one after the other while calls go on.
 *
 * @param name the breaker's name
 * @param state its state
 * @param inState for how long it has been in it
 * @param calls how many calls the window holds; 0 if there is no window, or it is not closed
 * @param failures how many of them failed
 * @param slowCalls how many of them were slow; 0 if slow calls are not judged
 * @param consecutiveFailures how many calls have failed in a row; 0 if that is not judged, or it is not closed
 * @param trialsInFlight how many calls are under way on trial; 0 if it is not half-open
 * @param trialsSucceeded how many trials have succeeded; 0 if it is not half-open
 * @param openedInARow how many times it has opened in a row
 * @param retryAfter after how long it may let a call through; zero if it may now
 * @param rejected how many calls were rejected, ever
 * @param transitions how many times its state has changed, ever
 */
public record CircuitBreakerSnapshot(
    String name,
    CircuitBreaker.State state,
    Duration inState,
    long calls,
    long failures,
    long slowCalls,
    int consecutiveFailures,
    int trialsInFlight,
    int trialsSucceeded,
    int openedInARow,
    Duration retryAfter,
    long rejected,
    long transitions) {

  /** The share of failures in the window, in percent; 0 if it is empty. */
  public double failureRate() {
    return calls == 0 ? 0 : 100.0 * failures / calls;
  }

  /** The share of slow calls in the window, in percent; 0 if it is empty. */
  public double slowCallRate() {
    return calls == 0 ? 0 : 100.0 * slowCalls / calls;
  }
}
