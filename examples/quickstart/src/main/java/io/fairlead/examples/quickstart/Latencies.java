package io.fairlead.examples.quickstart;

import java.util.concurrent.atomic.AtomicLongArray;

/** How long things took, in microseconds: a histogram. Thread-safe. */
final class Latencies {

  // Up to 128 each number has a bucket of its own, and above that each power of two has 64: what
  // comes out is up to 1.6 % too large, and whatever comes in takes the same 18 KB.
  private static final int BITS = 6;
  private static final int HALF = 1 << BITS;
  private static final long LARGEST = (1L << 40) - 1; // 12 days

  private final AtomicLongArray counts = new AtomicLongArray(index(LARGEST) + 1);

  void add(long micros) {
    counts.incrementAndGet(index(Math.min(Math.max(0, micros), LARGEST)));
  }

  long size() {
    long size = 0;
    for (int i = 0; i < counts.length(); i++) {
      size += counts.get(i);
    }
    return size;
  }

  /**
   * The time that this share of them did not exceed; 0 if there are none.
   *
   * @param share above 0, up to 1; 0.5 for the median
   */
  long quantile(double share) {
    long rank = (long) Math.ceil(share * size());
    long seen = 0;
    for (int i = 0; i < counts.length(); i++) {
      seen += counts.get(i);
      if (seen >= rank && seen > 0) {
        return largest(i);
      }
    }
    return 0;
  }

  private static int index(long micros) {
    int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(micros) - BITS - 1);
    return shift * HALF + (int) (micros >>> shift);
  }

  /** The largest number of a bucket. */
  private static long largest(int index) {
    int shift = Math.max(0, index / HALF - 1);
    return ((index - (long) shift * HALF + 1) << shift) - 1;
  }
}
