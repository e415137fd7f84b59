package io.fairlead.strategy;

/** Random bits, as a {@link Choice#random} has them, made to measure. */
public final class Draws {

  private Draws() {}

  /**
   * An index from 0 to {@code size - 1} out of the high bits of {@code random}. Its bias is below size / 2³².
   *
   * @see <a href="https://doi.org/10.1145/3230636">Lemire, Fast Random Integer Generation in an Interval</a>
   */
  public static int index(long random, int size) {
    return (int) (((random >>> 32) * size) >>> 32);
  }

  /**
   * An index from 0 to {@code size - 1} other than {@code first}, out of the low bits of {@code random}: two that are drawn by
   * {@link #index} and by this out of the same 64 bits are independent but for being distinct.
   *
   * @param size 2 or more
   */
  public static int other(long random, int size, int first) {
    int drawn = (int) (((random & 0xffff_ffffL) * (size - 1)) >>> 32);
    // One more if it is not below the first: without a branch, which would be guessed wrong half of
    // the time.
    return drawn + 1 + ((drawn - first) >> 31);
  }

  /** A number from 0 (inclusive) to 1 (exclusive) out of the high bits of {@code random}. */
  public static double fraction(long random) {
    return (random >>> 11) * 0x1p-53;
  }

  /**
   * Another 64 random bits, derived from {@code random}.
   *
   * @see <a href="https://doi.org/10.1145/2714064.2660195">Steele, Lea and Flood, Fast Splittable Pseudorandom Number
   *     Generators</a>
   */
  public static long next(long random) {
    long z = random + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
