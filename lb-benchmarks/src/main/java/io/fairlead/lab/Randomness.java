package io.fairlead.lab;

import io.fairlead.strategy.Draws;
import io.fairlead.testing.SeededChance;
import io.fairlead.time.Chance;

/** One stream of random numbers, in the distributions that the models need; alike in every JVM, as StrictMath is. */
final class Randomness {

  private final Chance chance;

  private Randomness(Chance chance) {
    this.chance = chance;
  }

  /** One of the streams that belong to a seed; what is drawn from one changes nothing in the others. */
  static Randomness of(long seed, Stream stream, int index) {
    return new Randomness(chance(seed, stream, index));
  }

  /** The same, for who takes random bits as they are. */
  static Chance chance(long seed, Stream stream, int index) {
    return SeededChance.of(Draws.next(Draws.next(Draws.next(seed) + stream.number) + index));
  }

  /** Who draws. */
  enum Stream {
    ARRIVALS(1),
    CLIENT(2),
    FAILURES(3),
    PAUSES(4),
    KEYS(5),
    LEAVERS(6);

    private final long number;

    Stream(long number) {
      this.number = number;
    }
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  double fraction() {
    return Draws.fraction(chance.nextLong());
  }

  /** From 0 to {@code size - 1}, each alike. */
  int index(int size) {
    return Draws.index(chance.nextLong(), size);
  }

  /** Exponential, with mean 1. */
  double exponential() {
    return -StrictMath.log1p(-fraction());
  }

  /**
   * Normal, with mean 0 and variance 1.
   *
   * @see <a href="https://doi.org/10.1214/aoms/1177706645">Box and Muller, A Note on the Generation of Random Normal
   *     Deviates</a>
   */
  double normal() {
    return StrictMath.sqrt(2 * exponential()) * StrictMath.cos(2 * Math.PI * fraction());
  }
}
