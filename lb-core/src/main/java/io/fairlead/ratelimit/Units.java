package io.fairlead.ratelimit;

import java.util.List;

/**
 * A limit in integers: how much a permit costs, and how far time moves the line that spending must not pass. Immutable, and
 * shared by all buckets of the limit.
 *
 * <p>The idea is that of the generic cell rate algorithm (ITU-T I.371): all that a bucket has to remember is the point up to
 * which its refill has been spent. Time is a line that runs at the refill's rate; a permit moves the point on by its cost; it
 * may be had if the point stays behind the line, and the point is never further behind it than the capacity, which is what
 * makes a bucket full. So a bucket is one number, and nothing has to be done while time goes by.
 *
 * <p>For R permits per P nanoseconds, both divided by what divides both, a permit costs P units and a nanosecond brings R:
 * integers, so nothing is ever rounded. That is how all usual limits are counted. Where the numbers would not fit (a million and
 * three a day), a permit costs fewer units, the line is {@code ⌊t × numerator ÷ denominator⌋} from a fixed origin, in 128 bits,
 * and the origin moves by whole denominators only: it may be less than a unit late, never early, and the error never adds up.
 */
final class Units {

  /** Where a line begins, so that what was spent is never negative. */
  static final long BASE = 1L << 60;

  /** How long a line is, before it must begin anew: what was spent would not fit otherwise. */
  private static final long LENGTH = 1L << 60;

  /** What a bucket holds at most, and what a denominator brings at most. */
  private static final long MAX_CAPACITY = 1L << 59;

  /** What a nanosecond brings at most: a line lasts for a minute, and one may owe two minutes' refill, at least. */
  private static final long MAX_PER_NANO = 1L << 24;

  final RateLimit limit;

  /** What one permit costs. */
  final long permit;

  /** What all of a full bucket cost. */
  final long capacity;

  /** How far ahead of what was spent the line is once the bucket must warm up again. */
  final long cold;

  /** How many nanoseconds after its origin a line ends. */
  final long horizon;

  private final long numerator;
  private final long denominator;
  private final long warmUp;
  private final long rampSlack;
  private final boolean plain; // without denominator or warm-up

  Units(RateLimit limit) {
    this.limit = limit;
    this.warmUp = limit.warmUp().toNanos();
    long permits = limit.permits();
    long period = limit.period().toNanos();
    long common = gcd(permits, period);
    // A ramp must fit into a line's first part.
    long perNano = Math.min(MAX_PER_NANO, LENGTH / 16 / Math.max(1, warmUp));
    long cost = period / common;
    if (permits / common <= perNano && cost <= MAX_CAPACITY / limit.capacity()) {
      numerator = permits / common;
      denominator = 1;
    } else {
      cost = Math.min(
          MAX_CAPACITY / Math.max(limit.capacity(), permits),
          Math.max(1, multiplyDivide(perNano, period, permits)));
      common = gcd(permits * cost, period);
      numerator = permits * cost / common;
      denominator = period / common;
    }
    permit = cost;
    capacity = limit.capacity() * cost;
    plain = denominator == 1 && warmUp == 0;
    // What a nanosecond brings, and a unit, since a ramp is rounded twice.
    rampSlack = warmUp == 0 ? 0 : numerator / denominator + 2;
    cold = warmUp == 0
        ? Long.MAX_VALUE
        : capacity + multiplyDivide(warmUp, numerator, denominator) + rampSlack;
    horizon = Math.min(LENGTH, multiplyDivide(LENGTH, denominator, numerator));
  }

  /** Those of a bucket's limits, one or more. */
  static Units[] of(List<RateLimit> limits) {
    if (limits.isEmpty()) {
      throw new IllegalStateException("limit: none (expected: one or more)");
    }
    return limits.stream().map(Units::new).toArray(Units[]::new);
  }

  /**
   * The line's reading.
   *
   * @param nanos since its origin, 0 to four times the horizon
   */
  long at(long nanos) {
    return BASE + (plain ? nanos * numerator : rounded(nanos));
  }

  private long rounded(long nanos) {
    return multiplyDivide(ramp(nanos), numerator, denominator);
  }

  /**
   * How much further the line may be than its reading, which is rounded down: a bucket that was full
   * has spent so much more, lest it gave a part of a unit twice.
   */
  long slack(long nanos, long reading) {
    if (plain) {
      return 0;
    }
    if (warmUp > 0) {
      return rampSlack;
    }
    // What is left of the division, for which the lower half of the product is enough.
    return nanos * numerator == (reading - BASE) * denominator ? 0 : 1;
  }

  /** Whether nothing is ever rounded. */
  boolean exact() {
    return plain;
  }

  /** After how many nanoseconds from its origin the line's reading is this one or above. */
  long when(long reading) {
    if (reading <= BASE) {
      return 0;
    }
    long line = reading - BASE;
    if (plain) {
      return (line - 1) / numerator + 1;
    }
    return unramp(multiplyDivideUp(line, denominator, numerator));
  }

  /** How many whole denominators an origin may be moved by, in nanoseconds, so that a ramp that was over stays over. */
  long shift(long nanos) {
    return nanos < warmUp ? 0 : nanos - warmUp - (nanos - warmUp) % denominator;
  }

  /** By how much a shift moves the line. */
  long shifted(long shift) {
    return shift / denominator * numerator;
  }

  /**
   * A nanosecond of the ramp is worth a third of one at first and a whole one at its end: x of them are x ÷ 3 + x² ÷ 3w, which
   * makes two thirds of the ramp's length w when it is over.
   */
  private long ramp(long nanos) {
    if (nanos >= warmUp) {
      return nanos - warmUp + 2 * warmUp / 3;
    }
    return multiplyDivide(nanos, nanos + warmUp, 3 * warmUp);
  }

  /** The least whose ramp is this or more. */
  private long unramp(long nanos) {
    long over = 2 * warmUp / 3;
    if (nanos >= over) {
      return nanos - over + warmUp;
    }
    long low = 0;
    long high = warmUp;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (ramp(middle) < nanos) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Refuses what can never be had. */
  void check(long permits) {
    // One comparison for both ends, since it is made each time.
    if (Long.compareUnsigned(permits - 1, limit.capacity()) >= 0) {
      throw new IllegalArgumentException("permits: " + permits + " (expected: 1 to "
          + limit.capacity() + ", the capacity of " + limit + ")");
    }
  }

  /** {@code ⌈a × b ÷ c⌉}, as {@link #multiplyDivide}. */
  static long multiplyDivideUp(long a, long b, long c) {
    long down = multiplyDivide(a, b, c);
    return down == Long.MAX_VALUE || down * c == a * b ? down : down + 1;
  }

  /** {@code ⌊a × b ÷ c⌋} of numbers that are not negative, or {@link Long#MAX_VALUE} if that is less. */
  static long multiplyDivide(long a, long b, long c) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    if (high == 0 && low >= 0) {
      return low / c;
    }
    if (Long.compareUnsigned(high, c >>> 1) >= 0) {
      return Long.MAX_VALUE;
    }
    // A quotient of doubles is right but for some units in its 52nd bit. What is left, modulo 2⁶⁴,
    // tells how many they are, if c times as many fits.
    double estimate = (double) a * b / c;
    if ((estimate * 0x1p-50 + 1) * c < 0x1p62) {
      long quotient = (long) estimate;
      return quotient + Math.floorDiv(low - quotient * c, c);
    }
    // Division by hand, a bit at a time: high is the remainder, the quotient comes into low.
    for (int i = 0; i < Long.SIZE; i++) {
      high = high << 1 | low >>> 63;
      low <<= 1;
      if (high >= c) {
        high -= c;
        low |= 1;
      }
    }
    return low;
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
