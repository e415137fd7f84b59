package io.fairlead.lab;

import java.util.Arrays;

/** Counts times by their size, to within half a percent. */
final class Percentiles {

  private static final int PER_OCTAVE = 64;

  private final long[] counts = new long[PER_OCTAVE * Long.SIZE];
  private long count;

  void clear() {
    Arrays.fill(counts, 0);
    count = 0;
  }

  void add(long nanos) {
    counts[(int) (PER_OCTAVE * (Math.log((double) Math.max(1, nanos)) / Math.log(2)))]++;
    count++;
  }

  long count() {
    return count;
  }

  /** What this share of them does not exceed; NaN if there are none. */
  double nanos(double share) {
    long rest = (long) Math.ceil(share * count);
    for (int i = 0; count > 0 && i < counts.length; i++) {
      rest -= counts[i];
      if (rest <= 0) {
        return Math.pow(2, (i + 0.5) / PER_OCTAVE);
      }
    }
    return Double.NaN;
  }
}
