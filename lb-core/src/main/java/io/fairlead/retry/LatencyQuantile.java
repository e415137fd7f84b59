package io.fairlead.retry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A quantile of times, of about the last half a minute.
 *
 * <p>Thread-safe and lock-free. A time costs one atomic increment.
 */
final class LatencyQuantile {

  // Two histograms, of the present quarter of a minute and the one before. Buckets grow by a
  // sixteenth, as in HdrHistogram, so the
  // quantile is told at most 6 % too high. It is computed at most once a second, by whichever call
  // finds it out of date; times that
  // are recorded meanwhile may fall into either half, which nobody can tell from having come a
  // moment earlier or later.

  private static final int SUB_BITS = 4;
  private static final int SUBS = 1 << SUB_BITS;
  private static final int BUCKETS = (64 - SUB_BITS) * SUBS;
  private static final long HALF_NANOS = 15_000_000_000L;
  private static final long FRESH_NANOS = 1_000_000_000L;
  private static final long ENOUGH = 100;

  private static final VarHandle DUE;

  static {
    try {
      DUE = MethodHandles.lookup().findVarHandle(LatencyQuantile.class, "due", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private record Halves(AtomicLongArray present, AtomicLongArray before, long endNanos) {}

  private final double quantile;
  private volatile Halves halves;
  private volatile long nanos;
  private volatile long due;

  LatencyQuantile(double quantile, long nowNanos) {
    this.quantile = quantile;
    this.halves = new Halves(
        new AtomicLongArray(BUCKETS), new AtomicLongArray(BUCKETS), nowNanos + HALF_NANOS);
    this.due = nowNanos + FRESH_NANOS;
  }

  /** The quantile, in nanoseconds; 0 if too few times are known. */
  long nanos() {
    return nanos;
  }

  void record(long elapsedNanos, long nowNanos) {
    halves.present.incrementAndGet(bucket(Math.max(0, elapsedNanos)));
    long due = this.due;
    if (nowNanos - due >= 0 && DUE.compareAndSet(this, due, nowNanos + FRESH_NANOS)) {
      nanos = compute(halves);
      if (nowNanos - halves.endNanos >= 0) {
        boolean old = nowNanos - halves.endNanos >= HALF_NANOS; // nothing came for as long as that
        halves = new Halves(
            new AtomicLongArray(BUCKETS),
            old ? new AtomicLongArray(BUCKETS) : halves.present,
            nowNanos + HALF_NANOS);
      }
    }
  }

  private long compute(Halves halves) {
    long[] counts = new long[BUCKETS];
    long all = 0;
    for (int i = 0; i < BUCKETS; i++) {
      counts[i] = halves.present.get(i) + halves.before.get(i);
      all += counts[i];
    }
    if (all < ENOUGH) {
      return 0;
    }
    long rank = (long) Math.ceil(quantile * all);
    int i = -1;
    for (long below = 0; below < rank; ) {
      i++;
      below += counts[i];
    }
    return upperBound(i);
  }

  private static int bucket(long nanos) {
    if (nanos < SUBS) {
      return (int) nanos;
    }
    int shift = 63 - Long.numberOfLeadingZeros(nanos) - SUB_BITS;
    return (shift + 1) * SUBS + (int) (nanos >>> shift) - SUBS;
  }

  /** The largest time in a bucket. */
  private static long upperBound(int bucket) {
    if (bucket < SUBS) {
      return Math.max(1, bucket);
    }
    int shift = bucket / SUBS - 1;
    return ((long) (bucket % SUBS + SUBS + 1) << shift) - 1;
  }
}
