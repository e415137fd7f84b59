package io.fairlead.circuitbreaker;

import java.time.Duration;

/**
 * A call that was not made, since the breaker let none through. It has no stack trace, which makes it as cheap as an object:
 * breakers are open when there is no time to lose.
 */
public final class CircuitBreakerOpenException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String breaker;
  private final CircuitBreaker.State state;
  private final Duration retryAfter;

  /**
   * A rejection, for those who use a breaker by hand.
   *
   * @param breaker who rejected the call
   * @param nowNanos the caller's reading of the breaker's clock
   */
  public CircuitBreakerOpenException(CircuitBreaker breaker, long nowNanos) {
    super(null, null, false, false);
    this.breaker = breaker.name();
    this.state = breaker.state(nowNanos);
    this.retryAfter = breaker.retryAfter(nowNanos);
  }

  /** The breaker's name. */
  public String breaker() {
    return breaker;
  }

  /** The breaker's state at that moment. */
  public CircuitBreaker.State state() {
    return state;
  }

  /** After how long it may let a call through; see {@link CircuitBreaker#retryAfter()}. */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** As in {@code orders: open, retry after PT4.2S}. Made when it is asked for. */
  @Override
  public String getMessage() {
    String text = breaker + ": " + state.text();
    return state == CircuitBreaker.State.FORCED_OPEN ? text : text + ", retry after " + retryAfter;
  }
}
