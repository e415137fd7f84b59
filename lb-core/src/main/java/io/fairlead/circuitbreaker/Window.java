package io.fairlead.circuitbreaker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;

/**
 * The calls by which rates are judged. A call that was neither a failure nor slow is only counted, in a counter that spreads
 * over several cells once threads contend for it; that is all that most calls have to do. What was bad costs more.
 */
abstract class Window {

  private static final VarHandle BAD;

  static {
    try {
      BAD = MethodHandles.lookup().findVarHandle(Window.class, "bad", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Settings settings;
  private final LongAdder good = new LongAdder();
  private volatile long bad;

  Window(Settings settings) {
    this.settings = settings;
  }

  /** Counts a call that was neither. */
  void good(long now) {
    good.increment();
  }

  /** Counts a call that failed, or was slow, or both. Returns whether that is too much. */
  abstract Verdict bad(boolean failed, boolean slow, long now);

  /** What the window holds. */
  abstract Counts counts(long now);

  final void oneMoreBad() {
    BAD.getAndAdd(this, 1L);
  }

  /** All calls that were ever counted here. */
  final long all() {
    // Unit steps of counters that only grow: the sum is what it was at some moment of this reading.
    return good.sum() + bad;
  }

  /** What of the rates has reached its limit. */
  enum Verdict {
    FINE,
    FAILURES,
    SLOW;

    String reason(Counts counts) {
      return this == FAILURES
          ? counts.failures() + " of " + counts.calls() + " calls failed"
          : counts.slow() + " of " + counts.calls() + " calls were slow";
    }
  }

  record Counts(long calls, long failures, long slow) {

    static final Counts NONE = new Counts(0, 0, 0);
  }
}
