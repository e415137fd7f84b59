package io.fairlead.circuitbreaker;

/**
 * Hears of a breaker's changes of state: each exactly once, in their order, and one at a time.
 *
 * <p>It is told on the thread of a call that changed the state; if another thread is still telling of an earlier change, then on
 * that one. No lock is held meanwhile. What it throws is logged once, and goes no further. It should return soon: the call that
 * tells waits for it.
 */
public interface CircuitBreakerListener {

  /** The state changed. It may have changed again since; {@link Transition#number} tells which is the later one. */
  default void transition(CircuitBreaker breaker, Transition transition) {}
}
