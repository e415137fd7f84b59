package io.fairlead;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.RequestContext;
import io.fairlead.time.NanoClock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The door of a service: the limits that a call passes once, before its first attempt. First the rates, those by key before
 * that of the service, so that a key over its limit takes nothing from others; then the place among those in flight, for
 * which a call may have to wait. Who refuses takes nothing, and what others gave is given back.
 */
final class Admittance {

  private static final RateGate[] NO_RATES = {};

  private final String name;
  private final NanoClock clock;
  private final RateGate[] rates;
  private final @Nullable ConcurrencyLimit limit;

  Admittance(String name, NanoClock clock, List<RateGate> rates, @Nullable ConcurrencyLimit limit) {
    this.name = name;
    this.clock = clock;
    this.rates = rates.toArray(RateGate[]::new);
    this.limit = limit;
  }

  /** How many calls may be in flight now, or null if there is no limit. */
  @Nullable
  ConcurrencyLimit limit() {
    return limit;
  }

  /** Lets a call in; null if there is nothing that it has to be let in by. */
  @Nullable
  Admission admit(RequestContext context) throws LoadBalancingException {
    if (rates.length == 0 && limit == null) {
      return null;
    }
    int granted = 0;
    boolean admitted = false;
    try {
      for (RateGate rate : rates) {
        if (!rate.tryAcquire(context)) {
          throw new RateLimitedException(name, rate.subject(), rate.waitTime(context));
        }
        granted++;
      }
      enter();
      admitted = true;
      return new Admission(rates, context, limit, clock.nanos());
    } finally {
      for (int i = 0; i < granted && !admitted; i++) {
        rates[i].refund(context);
      }
    }
  }

  /** Lets a call that has given back its place, and goes on all the same, in once more. Rates ask each call once. */
  @Nullable
  Admission readmit(RequestContext context) throws LoadBalancingException {
    if (limit == null) {
      return null;
    }
    enter();
    return new Admission(NO_RATES, context, limit, clock.nanos());
  }

  private void enter() throws OverloadedException {
    if (limit == null) {
      return;
    }
    boolean entered;
    try {
      entered = limit.acquire();
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
}
