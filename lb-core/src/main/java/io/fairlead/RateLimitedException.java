package io.fairlead;

import java.time.Duration;

/**
 * A request that a rate limit of this balancer refused, before any server was chosen. Nothing was sent, and it counts
 * against no server.
 *
 * <p>Has no stack trace, since it is thrown most where there is least time for one.
 */
public final class RateLimitedException extends LoadBalancingException {

  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  RateLimitedException(String balancer, String which, Duration retryAfter) {
    super(balancer, which + " is reached; the next request may begin in " + retryAfter);
    this.retryAfter = retryAfter;
  }

  /** How long to wait until the request could begin, if nobody else comes before it. */
  public Duration retryAfter() {
    return retryAfter;
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
