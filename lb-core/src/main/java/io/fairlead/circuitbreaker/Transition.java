package io.fairlead.circuitbreaker;

/**
 * One change of a breaker's state.
 *
 * @param number counts the changes of one breaker, from 1
 * @param from the state before
 * @param to the state after; never the same
 * @param reason why, in words for people
 * @param atNanos when, by the clock reading of the call that changed it
 * @param untilNanos if it is now {@link CircuitBreaker.State#OPEN OPEN}: the reading of the clock from which on trials are let
 *     through. Otherwise the same as {@code atNanos}
 * @param openedInARow how many times it has opened in a row, this time included
 */
public record Transition(
    long number,
    CircuitBreaker.State from,
    CircuitBreaker.State to,
    String reason,
    long atNanos,
    long untilNanos,
    int openedInARow) {

  /** As in {@code CLOSED to OPEN: 5 failures in a row}. */
  @Override
  public String toString() {
    return from + " to " + to + ": " + reason;
  }
}
