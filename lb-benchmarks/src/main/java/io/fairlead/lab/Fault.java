package io.fairlead.lab;

/** Something that is wrong with a server for a time. Immutable; all its methods are asked for some moment. */
interface Fault {

  /** By what factor its service times are longer. */
  default double slowness(long now) {
    return 1;
  }

  /** Which share of the requests it answers with an error at once, 0 to 1. */
  default double failing(long now) {
    return 0;
  }

  /** Whether it accepts requests and never answers. */
  default boolean silent(long now) {
    return false;
  }

  /** Each request takes so many times as long. */
  static Fault slow(double factor, Span when) {
    checkFactor(factor);
    return new Fault() {
      @Override
      public double slowness(long now) {
        return when.contains(now) ? factor : 1;
      }
    };
  }

  /** At first each request takes so many times as long, and less and less until at the end of the time it is warm. */
  static Fault cold(double factor, Span when) {
    checkFactor(factor);
    return new Fault() {
      @Override
      public double slowness(long now) {
        return factor + (1 - factor) * when.passed(now);
      }
    };
  }

  /** It answers this share of its requests with an error, at once and without work, as a broken deployment does. */
  static Fault failing(double share, Span when) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share: " + share + " (expected: 0 to 1)");
    }
    return new Fault() {
      @Override
      public double failing(long now) {
        return when.contains(now) ? share : 0;
      }
    };
  }

  /** It takes requests and never answers them, even after that time, as behind a broken link. */
  static Fault silent(Span when) {
    return new Fault() {
      @Override
      public boolean silent(long now) {
        return when.contains(now);
      }
    };
  }

  private static void checkFactor(double factor) {
    if (!(factor > 0)) {
      throw new IllegalArgumentException("factor: " + factor + " (expected: more than 0)");
    }
  }
}
