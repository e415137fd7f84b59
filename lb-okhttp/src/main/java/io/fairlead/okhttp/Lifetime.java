package io.fairlead.okhttp;

import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;

/**
 * How long connections are used, at most: the given time, less up to a fifth of it by chance, so that those that were made together
 * are not all made anew together.
 */
record Lifetime(long maxNanos, NanoClock clock, Chance chance) {

  private static final double JITTER = 0.2;

  /** When connections that are made from now on are over; never 0. */
  long endNanos() {
    double share = (chance.nextLong() >>> 11) * 0x1p-53;
    long end = clock.nanos() + maxNanos - (long) (JITTER * share * maxNanos);
    return end == 0 ? 1 : end;
  }
}
