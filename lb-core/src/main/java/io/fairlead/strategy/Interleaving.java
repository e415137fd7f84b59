package io.fairlead.strategy;

import java.util.Arrays;

/**
 * A sequence in which each of several gets its turns in proportion to its weight, spread evenly: what a wheel shows that is
 * divided by weight and turned by the golden section again and again.
 *
 * <p>Immutable.
 */
final class Interleaving {

  /** The largest sum of weights. Those that are no whole numbers are scaled to it, so that rounding is a millionth. */
  private static final long FINE = 1L << 40;

  private static final double GOLDEN = 0.6180339887498949;

  /**
   * How far from the golden section a stride is looked for: of 58 numbers in a row, one at least is coprime to a number with up
   * to 11 different prime factors, and 2⁴¹ is less than the product of the first 12.
   */
  private static final int REACH = 32;

  // Positions 0 to period - 1 are divided among all, each having as many as it has weight, and a
  // turn goes to the position stride after the one before. Since stride and period have no common
  // divisor, each position comes once in a period, which makes the shares exact; and since their
  // ratio is nearly golden, the positions that any run of turns hits are spread evenly (the three
  // gap theorem), which keeps bursts away. No memory but a number for each member, whatever the
  // weights; a look-up is a guess from a small index and a search among what it leaves. O(1)
  // expected, O(log n) at worst.
  private final long period;
  private final long stride;
  private final long[] ends;
  private final int[] guide;
  private final int shift;

  private Interleaving(long[] weights) {
    ends = weights.clone();
    Arrays.parallelPrefix(ends, Long::sum);
    period = ends[ends.length - 1];
    stride = stride(period);
    int bits = 64 - Long.numberOfLeadingZeros(period - 1);
    int wanted = 33 - Integer.numberOfLeadingZeros(ends.length - 1); // 2 to 4 places for each
    shift = Math.max(0, bits - wanted);
    guide = new int[(int) ((period - 1) >>> shift) + 2];
    int i = 0;
    for (int place = 0; place < guide.length - 1; place++) {
      while (ends[i] <= (long) place << shift) {
        i++;
      }
      guide[place] = i;
    }
    guide[guide.length - 1] = ends.length - 1;
  }

  /** For these weights, all more than 0, and at least one. */
  static Interleaving of(double... weights) {
    return new Interleaving(whole(weights));
  }

  /** Weights that are whole numbers are taken as they are, so that shares are exact; others to within a millionth. */
  private static long[] whole(double[] weights) {
    double sum = 0;
    boolean whole = true;
    for (double weight : weights) {
      sum += weight;
      whole &= weight == Math.rint(weight);
    }
    long[] result = new long[weights.length];
    if (whole && sum <= FINE) {
      long divisor = 0;
      for (double weight : weights) {
        divisor = gcd((long) weight, divisor);
      }
      for (int i = 0; i < weights.length; i++) {
        result[i] = (long) weights[i] / divisor;
      }
    } else {
      for (int i = 0; i < weights.length; i++) {
        result[i] = Math.max(1, Math.round(weights[i] / sum * FINE)); // nobody is left out
      }
    }
    return result;
  }

  /**
   * A stride that has no divisor in common with the period, near the golden section of it. Not the nearest: what counts is that
   * the ratio of the two is far from all simple fractions, as the golden section is itself. If it came close to one by chance,
   * turns would come in clusters: with weights that sum up to 2,255 some members were 28 turns off their share at times, and
   * the nearest stride was to blame.
   */
  private static long stride(long period) {
    long golden = Math.max(1, Math.round(period * GOLDEN));
    long best = 1;
    double least = Double.POSITIVE_INFINITY;
    for (int step = 0; step <= 2 * REACH; step++) {
      long stride = golden + (step % 2 == 0 ? step / 2 : -(step + 1) / 2); // the nearest first
      double simplicity = stride < 1 || stride > period ? least : simplicity(stride, period);
      if (simplicity < least) {
        least = simplicity;
        best = stride;
      }
    }
    return best;
  }

  /**
   * How near to a simple fraction the ratio of these is: the sum of the squares of the partial quotients of its continued
   * fraction, whose plain sum bounds how unevenly its multiples are spread. Infinite if they have a common divisor.
   *
   * @see <a href="https://doi.org/10.1137/1.9781611970081">Niederreiter, Random Number Generation and Quasi-Monte Carlo
   *     Methods</a>
   */
  private static double simplicity(long stride, long period) {
    double sum = 0;
    long a = period;
    long b = stride;
    while (b != 0) {
      long quotient = a / b;
      sum += (double) quotient * quotient;
      long rest = a % b;
      a = b;
      b = rest;
    }
    return a == 1 ? sum : Double.POSITIVE_INFINITY;
  }

  private static long gcd(long a, long b) {
    while (b != 0) {
      long rest = a % b;
      a = b;
      b = rest;
    }
    return a;
  }

  /** By how much a counter of turns goes on from one turn to the next. */
  long stride() {
    return stride;
  }

  /** After how many turns it begins anew. */
  long period() {
    return period;
  }

  /** Whose turn it is, when the counter stands here. */
  int at(long counter) {
    long position = (counter & Long.MAX_VALUE) % period;
    int place = (int) (position >>> shift);
    int low = guide[place];
    int high = guide[place + 1];
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ends[middle] > position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
