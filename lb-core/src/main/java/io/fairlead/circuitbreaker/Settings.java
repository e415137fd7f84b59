package io.fairlead.circuitbreaker;

import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import java.time.Duration;
import java.util.function.Predicate;

/** What a breaker goes by, checked; one object for all that are built alike. */
final class Settings {

  final int consecutiveFailures; // 0: not judged
  final double failureRate; // 0: not judged
  final double slowCallRate; // 0: not judged
  final long slowNanos; // the largest long: not judged
  final int windowCalls; // 0: no count window
  final long sliceNanos; // 0: no time window
  final int minimumCalls;
  final long openNanos;
  final long maximumOpenNanos;
  final double jitter;
  final int halfOpenPermits;
  final int halfOpenSuccesses;
  final long permitTimeoutNanos;
  final Predicate<Throwable> failureIf;
  final NanoClock clock;
  final Chance chance;

  Settings(CircuitBreaker.Builder builder) {
    boolean nothingSet =
        builder.consecutiveFailures == 0 && builder.failureRate == 0 && builder.slowCallRate == 0;
    this.consecutiveFailures = nothingSet ? 10 : builder.consecutiveFailures;
    this.failureRate = nothingSet ? 50 : builder.failureRate;
    this.slowCallRate = builder.slowCallRate;
    this.slowNanos = builder.slowCall == null ? Long.MAX_VALUE : builder.slowCall.toNanos();
    boolean byRate = failureRate > 0 || slowCallRate > 0;
    Duration timeWindow = builder.timeWindow == null ? Duration.ofSeconds(10) : builder.timeWindow;
    this.windowCalls = byRate ? builder.countWindow : 0;
    this.sliceNanos = !byRate || windowCalls > 0 ? 0 : timeWindow.toNanos() / TimeWindow.SLICES;
    this.minimumCalls = builder.minimumCalls > 0
        ? builder.minimumCalls
        : windowCalls > 0 ? Math.min(windowCalls, 20) : 20;
    this.openNanos = builder.openTime.toNanos();
    this.maximumOpenNanos = builder.maximumOpenTime == null
        ? Math.max(openNanos, 60_000_000_000L)
        : builder.maximumOpenTime.toNanos();
    this.jitter = builder.jitter;
    this.halfOpenPermits = builder.halfOpenPermits;
    this.halfOpenSuccesses =
        builder.halfOpenSuccesses > 0 ? builder.halfOpenSuccesses : halfOpenPermits;
    this.permitTimeoutNanos = builder.permitTimeout.toNanos();
    this.failureIf = builder.failureIf;
    this.clock = builder.clock;
    this.chance = builder.chance;
  }

  boolean hasWindow() {
    return windowCalls > 0 || sliceNanos > 0;
  }

  boolean isTimed() {
    return sliceNanos > 0;
  }

  Window newWindow(long now) {
    return windowCalls > 0 ? new CountWindow(this) : new TimeWindow(this, now);
  }

  /** How long to be open, when it opens for the so many-th time in a row. */
  long openNanos(int row) {
    long nanos = openNanos;
    for (int i = 1; i < row && nanos < maximumOpenNanos; i++) {
      nanos = nanos > maximumOpenNanos / 2 ? maximumOpenNanos : nanos * 2;
    }
    double lot = (chance.nextLong() >>> 11) * 0x1p-53; // [0, 1)
    return nanos - (long) (nanos * jitter * lot);
  }

  /** Whether so many of so many are that share, or more. */
  static boolean reaches(double percent, long some, long all) {
    return percent > 0 && some * 100.0 >= percent * all;
  }

  /** How many of so many it takes. */
  static long least(double percent, long all) {
    long least = Math.max(1, (long) Math.ceil(percent * all / 100));
    // The division rounds; the comparison is what counts.
    while (least > 1 && reaches(percent, least - 1, all)) {
      least--;
    }
    while (!reaches(percent, least, all)) {
      least++;
    }
    return least;
  }
}
