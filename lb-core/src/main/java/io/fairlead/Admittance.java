package io.fairlead;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.RequestContext;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The door of a service: the limits that a call passes once, before its first attempt. First the rates, those by key before
 * that of the service, so that a key over its limit takes nothing from others; then the place among those in flight, for
 * which a call may have to wait. Who refuses takes nothing, and what others gave is given back.
 */
final class Admittance {

  private final String name;
  private final TimeSource time;
  private final List<RateGate<?>> rates;
  private final @Nullable ConcurrencyLimit limit;

  Admittance(
      String name, TimeSource time, List<RateGate<?>> rates, @Nullable ConcurrencyLimit limit) {
    this.name = name;
    this.time = time;
    this.rates = List.copyOf(rates);
    this.limit = limit;
  }

  /** How many calls may be in flight now, or null if there is no limit. */
  @Nullable
  ConcurrencyLimit limit() {
    return limit;
  }

  /**
   * Lets a call in; null if there is nothing that it has to be let in by.
   *
   * @param call null if somebody leases for himself
   */
  @Nullable
  Admission admit(RequestContext context, @Nullable CallRun<?> call) throws LoadBalancingException {
    if (rates.isEmpty() && limit == null) {
      return null;
    }
    Token<?> tokens = null;
    boolean admitted = false;
    try {
      for (RateGate<?> rate : rates) {
        tokens = Token.take(rate, context, tokens, name);
      }
      enter(context, call);
      admitted = true;
      return new Admission(tokens, limit, time.nanos());
    } finally {
      if (!admitted) {
        Token.refund(tokens);
      }
    }
  }

  /** Lets a call that has given back its place, and goes on all the same, in once more. What it has spent it does not pay again. */
  @Nullable
  Admission readmit(RequestContext context, @Nullable CallRun<?> call, Admission before)
      throws LoadBalancingException {
    if (!before.spent()) {
      return admit(context, call);
    }
    enter(context, call);
    return new Admission(null, limit, time.nanos());
  }

  private void enter(RequestContext context, @Nullable CallRun<?> call) throws OverloadedException {
    if (limit == null || limit.tryAcquire()) {
      return;
    }
    boolean entered;
    try {
      entered = call == null
          ? limit.acquire(time.signal(), latest(context, time.nanos()))
          : limit.acquire(call.waiting(), latest(context, call.startNanos()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OverloadedException(
          name, "interrupted while it waited for a place in flight", null);
    }
    if (!entered) {
      throw new OverloadedException(
          name, "as many calls in flight as the limit allows: " + limit.limit(), null);
    }
  }

  /** When it is too late to begin an attempt. */
  private static long latest(RequestContext context, long startNanos) {
    Duration timeout = context.timeout();
    long most = Long.MAX_VALUE >> 1;
    return startNanos + (timeout == null ? most : Math.min(timeout.toNanos(), most));
  }
}
