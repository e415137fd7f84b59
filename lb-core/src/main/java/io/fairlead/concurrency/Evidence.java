package io.fairlead.concurrency;

/**
 * What comparisons of phases with few and with many requests in flight have shown so far: whether response times rise with the
 * number in flight. Not thread-safe.
 *
 * <p>The slope is how many octaves the time rises for one octave more in flight: 0 as long as the server has workers left, 1 once
 * requests only wait longer. The answer is given when the slope differs from what lies between by more than its standard error;
 * until then comparisons are added up, each by its weight, older ones less and less. So a hundred answers suffice where the case
 * is clear, and where it is not nothing is done out of noise.
 */
final class Evidence {

  /**
   * Where the slope is neither: below the middle, since a slope measured while the limit is not reached all the time comes out too
   * small. With 0.5, half as many again were more than 25 % off where the knee is 10 at 100 ms (LimitComparison).
   */
  static final double NEITHER = 0.4;

  /** The standard deviation of the logarithm of exponential service times is 1.85 octaves; lognormal ones have less. */
  private static final double DEVIATION = 1.85;

  private static final double FADING = 0.8;
  private static final double LEAST_OCTAVES = 0.05;

  private double rise;
  private double octaves;
  private double variance;

  /** The standard error of the difference of two mean logarithms, in octaves. */
  static double error(long samples1, long samples2) {
    return DEVIATION * Math.sqrt(1.0 / samples1 + 1.0 / samples2);
  }

  /**
   * Adds a comparison.
   *
   * @param rise by how many octaves the time was longer
   * @param more by how many octaves more were in flight; if hardly any, the comparison tells nothing
   * @param error the standard error of the rise
   */
  void add(double rise, double more, double error) {
    if (more < LEAST_OCTAVES) {
      return;
    }
    double weight = more / (error * error);
    this.rise = this.rise * FADING + weight * rise;
    this.octaves = this.octaves * FADING + weight * more;
    this.variance = this.variance * FADING * FADING + weight * more;
  }

  /** The slope is known well enough to act upon. */
  boolean suffices() {
    return octaves > 0 && Math.abs(NEITHER * octaves - rise) >= Math.sqrt(variance);
  }

  /** The slope, from 0 to 1. */
  double slope() {
    return octaves == 0 ? NEITHER : Math.max(0, Math.min(1, rise / octaves));
  }

  /** Begins anew, since the limit is another. */
  void forget() {
    rise = 0;
    octaves = 0;
    variance = 0;
  }
}
