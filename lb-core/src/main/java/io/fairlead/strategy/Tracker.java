package io.fairlead.strategy;

import io.fairlead.request.Outcome;

/**
 * Hears of every request to one member, if its strategy learns from them. For each request: {@code started}, then
 * {@code answered}, then {@code released}, each exactly once; of several requests in any order, from any thread.
 *
 * <p>Thread-safe and quick, as a {@link Picker} is. Times are nanoseconds on the balancer's clock.
 */
public interface Tracker {

  /** Hears nothing. */
  Tracker NONE = new Tracker() {};

  /** A request begins. */
  default void started(long now) {}

  /** Its outcome is known; its body may still be on the way. */
  default void answered(Outcome outcome, long startNanos, long now) {}

  /** It has ended. */
  default void released() {}
}
