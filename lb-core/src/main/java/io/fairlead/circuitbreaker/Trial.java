package io.fairlead.circuitbreaker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a half-open breaker lends out: a few slots, each for one call at a time, until each has seen as many successes as it shall.
 *
 * <p>A slot is one word, and whatever happens to it is one CAS, so that a thread that stops anywhere leaves nothing behind that
 * only itself could clean up: when it was lent, the loan's number, how many successes it has seen, and whether it is lent. A loan
 * that is not settled in time is lent anew under another number, by which its late outcome is recognised. That all have seen
 * enough is found by looking at each, by whoever settles a loan and by whoever asks for one: the last of them sees it, and what its
 * thread fails to do another will.
 */
final class Trial {

  // Instead of a loan.
  static final int NONE = 0;
  static final int SUCCEEDED = -1;

  /** What became of a loan. */
  enum Settled {
    /** It was this, and counted. */
    COUNTED,
    /** It has expired. */
    EXPIRED,
    /** It was returned before. */
    TWICE,
    /** There never was such a loan. */
    NEVER
  }

  /** What a loan is settled with. */
  enum Result {
    SUCCESS,
    FAILURE,
    CANCEL
  }

  // Of a slot: in bits 32 to 63 when it was lent, in 12 to 31 the loan's number, in 1 to 11 its
  // successes, in 0 whether it is lent.
  private static final long LENT = 1;
  private static final long SUCCESS = 2;
  private static final int SUCCESSES = (1 << 11) - 1;
  private static final int NUMBER = 12;

  /** Times are kept in units of 1.05 ms: 32 bits of them are 52 days, after which they begin anew. */
  private static final int UNIT = 20;

  /**
   * An age below 0 is that of a reading of the clock that is older than the loan's, or after 26 days that of an old loan. This many
   * units, 18 minutes, are given to the former.
   */
  private static final int OLDER = -(1 << 20);

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] slots;
  private final int successes;
  private final int timeout; // in units
  private final long start;

  /**
   * A new trial.
   *
   * @param slots how many calls may be under way at once
   * @param successes how many must succeed in all, at least as many
   */
  Trial(int slots, int successes, long timeoutNanos, long now) {
    this.slots = new long[slots];
    this.successes = successes;
    this.timeout = (int) (((timeoutNanos - 1) >> UNIT) + 1);
    this.start = now;
  }

  /** How many successes of all a slot shall see. */
  private int quota(int slot) {
    return successes / slots.length + (slot < successes % slots.length ? 1 : 0);
  }

  /** A loan, positive; or why there is none. */
  int lend(long now) {
    int time = units(now);
    boolean all = true;
    for (int i = 0; i < slots.length; i++) {
      long slot = slot(i);
      while (true) {
        if (seen(slot) >= quota(i)) {
          break; // has seen enough
        }
        all = false;
        if (isLent(slot) && !expired(slot, time)) {
          break;
        }
        int number = number(slot) % Permits.LOANS + 1; // never 0, which a new slot has
        long lent = word(time, number, seen(slot)) | LENT;
        long found = (long) SLOT.compareAndExchange(slots, i, slot, lent);
        if (found == slot) {
          return Permits.loan(i, number);
        }
        slot = found;
      }
    }
    return all ? SUCCEEDED : NONE;
  }

  /**
   * Settles a loan. A failure is the end of the trial: its slot stays lent, so that nothing can come in between, until the breaker
   * has opened, which is up to the caller.
   */
  Settled settle(int loan, Result result, long now) {
    int i = Permits.slot(loan);
    if (i >= slots.length || Permits.number(loan) == 0) {
      return Settled.NEVER;
    }
    long slot = slot(i);
    while (true) {
      if (number(slot) != Permits.number(loan)) {
        return number(slot) == 0 ? Settled.NEVER : Settled.EXPIRED;
      }
      if (!isLent(slot)) {
        return Settled.TWICE;
      }
      boolean late = expired(slot, units(now));
      if (result == Result.FAILURE && !late) {
        return Settled.COUNTED;
      }
      long settled = result == Result.SUCCESS && !late ? slot - LENT + SUCCESS : slot - LENT;
      long found = (long) SLOT.compareAndExchange(slots, i, slot, settled);
      if (found == slot) {
        return late ? Settled.EXPIRED : Settled.COUNTED;
      }
      slot = found;
    }
  }

  /** Whether all slots have seen enough. */
  boolean succeeded() {
    for (int i = 0; i < slots.length; i++) {
      if (seen(slot(i)) < quota(i)) {
        return false;
      }
    }
    return true;
  }

  /** How many loans are neither settled nor expired. */
  int lent(long now) {
    int count = 0;
    for (int i = 0; i < slots.length; i++) {
      long slot = slot(i);
      if (isLent(slot) && !expired(slot, units(now))) {
        count++;
      }
    }
    return count;
  }

  /** How many successes were seen. */
  int seen() {
    int count = 0;
    for (int i = 0; i < slots.length; i++) {
      count += seen(slot(i));
    }
    return count;
  }

  /** In how many nanoseconds the next may be lent; 0 if now. */
  long nextInNanos(long now) {
    int time = units(now);
    long least = Long.MAX_VALUE;
    for (int i = 0; i < slots.length; i++) {
      long slot = slot(i);
      if (seen(slot) >= quota(i)) {
        continue;
      }
      if (!isLent(slot) || expired(slot, time)) {
        return 0;
      }
      long since = now - start;
      long expired = Math.max(0, since >> UNIT) - (time - time(slot)) + timeout + 1;
      least = Math.min(least, (expired << UNIT) - since);
    }
    return least == Long.MAX_VALUE ? 0 : least;
  }

  private long slot(int i) {
    return (long) SLOT.getVolatile(slots, i);
  }

  private int units(long now) {
    return (int) Math.max(0, (now - start) >> UNIT);
  }

  private boolean expired(long slot, int time) {
    int age = time - time(slot);
    return age > timeout || age < OLDER;
  }

  private static long word(int time, int number, int seen) {
    return (long) time << 32 | (long) number << NUMBER | (long) seen << 1;
  }

  private static int time(long slot) {
    return (int) (slot >> 32);
  }

  private static int number(long slot) {
    return (int) (slot >>> NUMBER) & Permits.LOANS;
  }

  private static int seen(long slot) {
    return (int) (slot >>> 1) & SUCCESSES;
  }

  private static boolean isLent(long slot) {
    return (slot & LENT) != 0;
  }
}
