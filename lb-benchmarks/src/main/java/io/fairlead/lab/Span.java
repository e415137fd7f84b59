package io.fairlead.lab;

/** A span of virtual time, in nanoseconds since the start: from (inclusive) to until (exclusive). */
record Span(long from, long until) {

  /** All of time. */
  static final Span ALWAYS = new Span(0, Long.MAX_VALUE);

  Span {
    if (from < 0 || until <= from) {
      throw new IllegalArgumentException(
          "span: " + from + " to " + until + " (expected: 0 or more, to more than that)");
    }
  }

  static Span seconds(double from, double until) {
    return new Span(nanos(from), nanos(until));
  }

  /** From then on. */
  static Span since(double seconds) {
    return new Span(nanos(seconds), Long.MAX_VALUE);
  }

  /** Until then. */
  static Span until(double seconds) {
    return new Span(0, nanos(seconds));
  }

  private static long nanos(double seconds) {
    return Math.round(seconds * 1e9);
  }

  boolean contains(long nanos) {
    return nanos >= from && nanos < until;
  }

  /** How much of it has passed by then, from 0 to 1. */
  double passed(long nanos) {
    return Math.min(1, Math.max(0, (double) (nanos - from) / (until - from)));
  }
}
