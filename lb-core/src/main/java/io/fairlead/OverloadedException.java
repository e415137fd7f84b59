package io.fairlead;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A request for which there is no room now: the service has as many in flight as its concurrency limit allows, or each server
 * that could take it refuses more: it is full, was ejected or can't be reached, or asked to be left alone. Nothing was sent,
 * and it counts against no server. Also if the thread was interrupted while it waited for room; the thread's interrupt flag is
 * then set.
 *
 * <p>Has no stack trace, since it is thrown most where there is least time for one.
 */
public final class OverloadedException extends LoadBalancingException {

  private static final long serialVersionUID = 1L;

  private final @Nullable Duration retryAfter;

  OverloadedException(String balancer, String message, @Nullable Duration retryAfter) {
    super(balancer, retryAfter == null ? message : message + "; earliest in " + retryAfter);
    this.retryAfter = retryAfter;
  }

  /** How long to wait until the first of those who refuse may take a request, zero or more; null if that may be at any moment. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
