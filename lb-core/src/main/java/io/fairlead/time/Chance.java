package io.fairlead.time;

/**
 * A source of random numbers. Whoever draws lots takes 64 random bits from here, so that a test may script them and a
 * simulation may seed them.
 *
 * <p>Implementations are thread-safe.
 */
@FunctionalInterface
public interface Chance {

  /** 64 random bits, uniformly distributed. */
  long nextLong();

  /** The JVM's per-thread generator: no contention between threads, not reproducible, not for secrets. */
  static Chance system() {
    return SystemTime.CHANCE;
  }
}
