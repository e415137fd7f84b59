package io.fairlead.concurrency;

/** How a limit moves when it is known which way. */
enum Kind {
  /** Not at all. */
  FIXED,

  /** By 1, 2, 4 … up, by a tenth down. */
  AIMD,

  /** By a factor, that is the larger the longer it goes the same way, and the smaller the oftener it turns. */
  GRADIENT,

  /** By as many requests as are likely to queue by chance, and twice as many each further time, up and down. */
  VEGAS;

  static final double LEAST_FACTOR = 0.07;
  static final double FIRST_FACTOR = 0.5;
  private static final double LARGEST_FACTOR = 0.6;
  private static final double MOST_DOWN = 0.3;

  /** What a factor becomes, in octaves, with a step that goes the same way as that before, or the other way. */
  static double factor(double before, boolean sameWay) {
    return Math.max(LEAST_FACTOR, Math.min(LARGEST_FACTOR, before * (sameWay ? 1.7 : 0.6)));
  }

  /**
   * The next limit.
   *
   * @param limit the limit
   * @param pull which way and how far, from -1.2 (down) to 0.8 (up)
   * @param run how many steps in this direction there were in a row, with this one; 1 if it goes to and fro
   * @param factor see {@link #factor}
   */
  double next(double limit, double pull, int run, double factor) {
    double growing = Math.scalb(1.0, Math.min(run, 20) - 1);
    return switch (this) {
      case FIXED -> limit;
      case AIMD -> pull > 0 ? limit + Math.min(growing, limit) : limit * 0.9;
      case GRADIENT -> limit * Math.pow(2, Math.max(-MOST_DOWN, factor * pull));
      case VEGAS -> {
        double step = Math.max(1, Math.sqrt(limit) / 2) * growing;
        yield pull > 0 ? limit + Math.min(step, limit / 2) : limit - Math.min(step, limit / 4);
      }
    };
  }
}
