package io.fairlead.testing;

import io.fairlead.time.Chance;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Chance that draws the same numbers on every run, after a seed: for simulations, and tests of distributions. Numbers are
 * those of {@link java.util.SplittableRandom} with that seed, alike in every JVM.
 *
 * <p>Thread-safe. Which of several threads draws which number is up to them; reproducible is what one thread does.
 *
 * @see <a href="https://doi.org/10.1145/2714064.2660195">Steele, Lea and Flood, Fast Splittable Pseudorandom Number
 *     Generators</a>
 */
public final class SeededChance implements Chance {

  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private final long seed;
  private final AtomicLong state;

  private SeededChance(long seed) {
    this.seed = seed;
    this.state = new AtomicLong(seed);
  }

  /** Chance with a seed; any will do. Tell it in the failure message. */
  public static SeededChance of(long seed) {
    return new SeededChance(seed);
  }

  @Override
  public long nextLong() {
    long z = state.addAndGet(GAMMA);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** The seed. */
  public long seed() {
    return seed;
  }

  /** As in {@code SeededChance 42}. */
  @Override
  public String toString() {
    return "SeededChance " + seed;
  }
}
