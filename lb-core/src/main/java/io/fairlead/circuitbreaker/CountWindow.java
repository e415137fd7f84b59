package io.fairlead.circuitbreaker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The last so many calls.
 *
 * <p>The idea: nobody has to remember successes. Calls are numbered in the order in which they end; of a call that was bad the
 * number is written down, and it is in the window as long as no more than so many have ended since. Whether there are k failures
 * in the window is told by one look at the k-th last failure. So a success is one increment, a failure is O(1) too, and a window
 * without failures takes no memory.
 *
 * <p>Exact to within the number of calls that end at the same moment: these are numbered in some order, and two of them may get
 * the same number. None is lost and none counts twice.
 */
final class CountWindow extends Window {

  private static final VarHandle FAILURES;
  private static final VarHandle SLOW;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      FAILURES = lookup.findVarHandle(CountWindow.class, "failures", Log.class);
      SLOW = lookup.findVarHandle(CountWindow.class, "slow", Log.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile @Nullable Log failures;
  private volatile @Nullable Log slow;

  CountWindow(Settings settings) {
    super(settings);
  }

  @Override
  Verdict bad(boolean failed, boolean slow, long now) {
    oneMoreBad();
    long number = all();
    if (failed) {
      log(FAILURES, failures).add(number);
    }
    if (slow) {
      log(SLOW, this.slow).add(number);
    }
    // Read again: whoever of several at the same moment is the last to write down its number sees
    // those of all.
    long all = all();
    long calls = Math.min(all, settings.windowCalls);
    if (calls < settings.minimumCalls) {
      return Verdict.FINE;
    }
    if (failed && reaches(failures, settings.failureRate, calls, all)) {
      return Verdict.FAILURES;
    }
    return slow && reaches(this.slow, settings.slowCallRate, calls, all)
        ? Verdict.SLOW
        : Verdict.FINE;
  }

  private boolean reaches(@Nullable Log log, double percent, long calls, long all) {
    return percent > 0 && log != null && log.holds(Settings.least(percent, calls), all);
  }

  private Log log(VarHandle which, @Nullable Log present) {
    if (present == null) {
      Log made = new Log(settings.windowCalls);
      Log found = (Log) which.compareAndExchange(this, null, made);
      return found == null ? made : found;
    }
    return present;
  }

  @Override
  Counts counts(long now) {
    Log failures = this.failures;
    Log slow = this.slow;
    long all = all();
    long calls = Math.min(all, settings.windowCalls);
    return new Counts(
        calls,
        failures == null ? 0 : Math.min(calls, failures.count(all)),
        slow == null ? 0 : Math.min(calls, slow.count(all)));
  }

  /** The numbers of as many of the last bad calls as a window may hold. */
  private static final class Log {

    private static final VarHandle NUMBER = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle SIZE;

    static {
      try {
        SIZE = MethodHandles.lookup().findVarHandle(Log.class, "size", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final long[] numbers;
    private volatile long size; // ever

    Log(int capacity) {
      numbers = new long[capacity];
    }

    void add(long number) {
      int i = index((long) SIZE.getAndAdd(this, 1L));
      long present = (long) NUMBER.getVolatile(numbers, i);
      // Whoever is overtaken by a whole window's worth of others must not wipe out a later one.
      while (present < number) {
        long found = (long) NUMBER.compareAndExchange(numbers, i, present, number);
        if (found == present) {
          return;
        }
        present = found;
      }
    }

    /** Whether so many of the last calls are in here. */
    boolean holds(long least, long all) {
      long size = this.size;
      return size >= least && isIn(index(size - least), all);
    }

    /** How many of the last calls are in here. */
    int count(long all) {
      int count = 0;
      for (int i = 0; i < numbers.length; i++) {
        count += isIn(i, all) ? 1 : 0;
      }
      return count;
    }

    private boolean isIn(int i, long all) {
      long number = (long) NUMBER.getVolatile(numbers, i);
      return number > 0 && all - number < numbers.length;
    }

    private int index(long k) {
      return (int) (k % numbers.length);
    }
  }
}
