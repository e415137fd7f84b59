package io.fairlead.circuitbreaker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The calls of the last so much time, in ten slices.
 *
 * <p>The idea: counters only grow. When a slice ends, how far they have come is written down; what the window holds is how far they
 * are now, less how far they were when its oldest slice began. So a success is one increment and a look at whether the slice has
 * ended, no call is lost when it does, and counters spread over cells need not be emptied. What is written down is an immutable
 * array, replaced by one CAS with each slice in which something ends.
 *
 * <p>The slice that is under way counts as one of the ten: the window reaches back nine tenths of its time at least, and less
 * than all of it. A call that ends in the moment in which a slice does may be counted with either. A reading of the clock that is
 * older than the slice counts as one in it.
 */
final class TimeWindow extends Window {

  static final int SLICES = 10;

  // Of each slice, as it begins.
  private static final int ALL = 0;
  private static final int FAILURES = 1;
  private static final int SLOW = 2;
  private static final int WIDTH = 3;

  private static final VarHandle FAILURE_COUNT;
  private static final VarHandle SLOW_COUNT;
  private static final VarHandle BEGINNINGS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FAILURE_COUNT = lookup.findVarHandle(TimeWindow.class, "failures", long.class);
      SLOW_COUNT = lookup.findVarHandle(TimeWindow.class, "slow", long.class);
      BEGINNINGS = lookup.findVarHandle(TimeWindow.class, "beginnings", Beginnings.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long failures;
  private volatile long slow;
  private volatile Beginnings beginnings;

  TimeWindow(Settings settings, long now) {
    super(settings);
    this.beginnings = new Beginnings(now + settings.sliceNanos, new long[SLICES * WIDTH]);
  }

  @Override
  void good(long now) {
    current(now);
    super.good(now);
  }

  @Override
  Verdict bad(boolean failed, boolean slow, long now) {
    Beginnings current = current(now);
    oneMoreBad();
    if (failed) {
      FAILURE_COUNT.getAndAdd(this, 1L);
    }
    if (slow) {
      SLOW_COUNT.getAndAdd(this, 1L);
    }
    Counts counts = counts(current);
    if (counts.calls() < settings.minimumCalls) {
      return Verdict.FINE;
    }
    if (failed && Settings.reaches(settings.failureRate, counts.failures(), counts.calls())) {
      return Verdict.FAILURES;
    }
    return slow && Settings.reaches(settings.slowCallRate, counts.slow(), counts.calls())
        ? Verdict.SLOW
        : Verdict.FINE;
  }

  @Override
  Counts counts(long now) {
    return counts(current(now));
  }

  private Counts counts(Beginnings from) {
    // All last: what is bad has been counted there before.
    long failed = failures - from.values[FAILURES];
    long late = slow - from.values[SLOW];
    long calls = all() - from.values[ALL];
    return new Counts(calls, Math.min(failed, calls), Math.min(late, calls));
  }

  /** The slices as they are now. */
  private Beginnings current(long now) {
    Beginnings present = beginnings;
    while (now - present.endNanos >= 0) {
      Beginnings next = present.next(now, settings.sliceNanos, all(), failures, slow);
      Beginnings found = (Beginnings) BEGINNINGS.compareAndExchange(this, present, next);
      present = found == present ? next : found;
    }
    return present;
  }

  /** How far the counters had come when each slice began, the oldest first; and when the last slice ends. */
  private static final class Beginnings {

    final long endNanos;
    final long[] values;

    Beginnings(long endNanos, long[] values) {
      this.endNanos = endNanos;
      this.values = values;
    }

    Beginnings next(long now, long sliceNanos, long all, long failures, long slow) {
      long steps = (now - endNanos) / sliceNanos + 1;
      int kept = (int) Math.max(0, SLICES - steps) * WIDTH;
      long[] next = new long[values.length];
      System.arraycopy(values, values.length - kept, next, 0, kept);
      for (int i = kept; i < next.length; i += WIDTH) {
        next[i + ALL] = all;
        next[i + FAILURES] = failures;
        next[i + SLOW] = slow;
      }
      return new Beginnings(endNanos + steps * sliceNanos, next);
    }
  }
}
