package io.fairlead.lab;

/** How much work requests are, beside the mean of 1: the shape of the service times, whose mean each server sets. */
@FunctionalInterface
interface Work {

  double draw(Randomness randomness);

  /** Exponential: what queueing theory knows best. */
  static Work exponential() {
    return Randomness::exponential;
  }

  /**
   * Lognormal: many short ones and a few long, as services have them.
   *
   * @param sigma the standard deviation of the logarithm, 0 or more; with 1, one in a hundred takes 6 times the mean
   */
  static Work lognormal(double sigma) {
    if (!(sigma >= 0)) {
      throw new IllegalArgumentException("sigma: " + sigma + " (expected: 0 or more)");
    }
    return randomness -> StrictMath.exp(sigma * randomness.normal() - sigma * sigma / 2);
  }
}
