package io.fairlead.strategy;

import io.fairlead.request.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What is known of one member's response times: an average that rises fast with slower answers and comes down slowly, and a
 * share of failures.
 *
 * <p>Thread-safe without locks: of two answers at the same moment, one may count less than it should.
 */
final class Latency implements Tracker {

  /**
   * How much of the way to a slower answer the average rises. Finagle's goes all the way, which suits servers that all take
   * the same time for the same thing. Where times vary of themselves a single slow answer says little, and to believe it
   * costs: with servers all alike at 80 % utilisation the mean latency is 31.9 ms with 1, 30.4 with 0.5 and 29.2 with 0.2,
   * while a server that becomes slow is left as soon (the scenarios equal-80, one-slow and
   * many-clients-one-slow of the simulation).
   */
  private static final double RISE = 0.2;

  /** What a failure adds to the share of failures, and a success takes from it. */
  private static final double STEP = 0.2;

  private static final double NEGLIGIBLE = 1e-4;

  private static final VarHandle COST;
  private static final VarHandle STAMP;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      COST = lookup.findVarHandle(Latency.class, "cost", double.class);
      STAMP = lookup.findVarHandle(Latency.class, "stamp", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long decayNanos;
  private final double perDecay;

  private volatile double cost; // in nanoseconds, at the time of the stamp; 0 if nothing is known
  private volatile double failures; // 0 to 1, at the time of the stamp
  private volatile long stamp; // of the last answer
  private volatile boolean met; // whether there was an answer
  private volatile long probe; // from when on one of whom nothing is known is to be asked ahead

  /**
   * Nothing known yet.
   *
   * @param decayNanos in what time an old answer's weight falls to a third
   * @param now where the clock stands, which may be anywhere, below 0 too
   */
  Latency(long decayNanos, long now) {
    this.decayNanos = decayNanos;
    this.perDecay = 1.0 / decayNanos;
    this.stamp = now;
    this.probe = now;
  }

  /** The average in nanoseconds, when it was taken; 0 if nothing is known. */
  double cost() {
    return cost;
  }

  /** The share of failures, when it was taken. */
  double failures() {
    return failures;
  }

  /** Whether nothing is known, and it was not asked in vain of late. */
  boolean toBeProbed(long now) {
    return cost == 0 && now - probe >= 0;
  }

  /** By how many times less both have become since they were taken. 1 or more. */
  double faded(long now) {
    return faded(stamp, now);
  }

  private double faded(long stamp, long now) {
    double decays = (now - stamp) * perDecay;
    if (!(decays > 0)) {
      return 1;
    }
    // (1 + x/16)^16 instead of e^x, since it is asked for twice a pick: a few percent apart where
    // it matters, and falling less steeply where it does not.
    double power = 1 + decays / 16;
    power *= power;
    power *= power;
    power *= power;
    return power * power;
  }

  @Override
  public void answered(Outcome outcome, long startNanos, long now) {
    double elapsed = Math.max(1, now - startNanos); // 0 would say that nothing is known
    long before = stamp;
    boolean later = now - before > 0 && STAMP.compareAndSet(this, before, now);
    if (!tells(outcome.kind(), elapsed)) {
      // What was known holds again, from the new stamp on. If it faded, a server whose attempts all
      // end like this would seem to become faster and faster; if one of whom nothing is known were
      // asked ahead at once again, it would get them all.
      probe = now + decayNanos / 16;
      return;
    }
    double faded = later ? faded(before, now) : 1; // or another answer has made it fade
    boolean success = outcome.kind() == Outcome.Kind.SUCCESS;
    // The first answer has waited for a connection to be made, and for code and caches that are
    // cold. To believe it would keep a server waiting for the next request for as long as it takes
    // to fade, which is half a minute if it is 20 times slower than others.
    if (met) {
      learn(elapsed, success, faded);
    } else {
      met = true;
    }
    double share = failures / faded;
    if (!success && outcome.kind() != Outcome.Kind.ABANDONED) {
      failures = share + (1 - share) * STEP;
    } else if (share > 0) { // or each success would be a write more
      share -= success ? share * STEP : 0;
      failures = share < NEGLIGIBLE ? 0 : share;
    }
  }

  /** Whether it is known how long it took, or at least that it took longer than what is known. */
  private boolean tells(Outcome.Kind kind, double elapsed) {
    return switch (kind) {
      case IGNORED -> false;
      case ABANDONED -> cost > 0 && elapsed > cost;
      default -> true;
    };
  }

  /**
   * An answer counts as much as time has faded what was known; a slower one {@link #RISE} at least. What failed or was given up
   * might have taken longer, and only raises the average.
   */
  private void learn(double elapsed, boolean success, double faded) {
    double now = cost;
    while (true) {
      double weight = 1 - 1 / faded;
      double next;
      if (now == 0) {
        next = elapsed;
      } else if (elapsed > now) {
        next = now + (elapsed - now) * Math.max(RISE, weight);
      } else if (success) {
        next = now + (elapsed - now) * weight;
      } else {
        next = Math.max(elapsed, now / faded);
      }
      double seen = (double) COST.compareAndExchange(this, now, next);
      if (Double.doubleToRawLongBits(seen) == Double.doubleToRawLongBits(now)) {
        return;
      }
      now = seen;
    }
  }
}
