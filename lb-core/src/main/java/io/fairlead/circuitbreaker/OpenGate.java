package io.fairlead.circuitbreaker;

/**
 * Who has a say in whether a breaker may open: a cap on how many of a group may be open at once. A place is held exactly while
 * the breaker is {@link CircuitBreaker.State#OPEN OPEN} or {@link CircuitBreaker.State#HALF_OPEN HALF_OPEN}.
 *
 * <p>Implementations are thread-safe and don't block. One that throws is logged once, and taken to have said no.
 */
public interface OpenGate {

  /**
   * Reserves a place, before a breaker opens that was closed. If there is none, the breaker stays closed, goes on counting, and
   * asks again with the next failure or slow call that would open it. It is not asked when a trial fails, since the place is
   * still held, nor when the breaker is forced open. Where several threads want to open one breaker at the same time each may
   * ask; those that come second return their place at once.
   *
   * @return whether a place was reserved, which {@link #closed} gives back
   */
  boolean mayOpen();

  /**
   * Returns a place: exactly once for each {@link #mayOpen} that said yes, when the breaker closes, is reset, disabled or forced
   * open.
   */
  void closed();
}
