package io.fairlead.health;

import io.fairlead.request.Outcome;
import io.fairlead.time.Chance;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whether a member can be connected to. Two attempts in a row that came to no connection say that it can't, and one that gets
 * through says that it can. In between it is tried again by one request at a time: after a second, then after twice as long each
 * time, up to half a minute.
 *
 * <p>Thread-safe. As long as connections come about, what it costs is one volatile read for each answer; the lock is for the rest.
 */
final class Reachability {

  /** A single one fails wherever a server is restarted, or drops what it has in line. */
  private static final int FAILURES = 2;

  private static final long FIRST_NANOS = 1_000_000_000L;
  private static final long LONGEST_NANOS = 30_000_000_000L;

  /** By which share a wait may be shorter, so that of many clients not all try at the same moment. */
  private static final double JITTER = 0.2;

  /** A loan that is not settled by then never will be; longer than it takes to connect. */
  private static final long LOAN_NANOS = 60_000_000_000L;

  // A breaker's permits always have a bit of this set: so these numbers, of which bits 32 to 63
  // count them, can be told apart from those.
  private static final long NO_LOAN = 3L << 30;
  private static final long LOAN = 1;

  private final Chance chance;
  private final ReentrantLock lock = new ReentrantLock();

  // Written under the lock.
  private volatile int row; // of failures
  private volatile boolean out;

  // Guarded by the lock.
  private long waitNanos;
  private long dueNanos;
  private int loan; // the last one's number
  private boolean wasOut;
  private long backNanos; // if it was out: when it was found to be back
  private boolean lent;
  private long expiresNanos;

  Reachability(Chance chance) {
    this.chance = chance;
  }

  /** Whether a permit is for an attempt to reach a member that could not be reached. */
  static boolean isLoan(long permit) {
    return (permit & NO_LOAN) == 0 && permit != 0;
  }

  /** Whether it can't be connected to. */
  boolean isOut() {
    return out;
  }

  /** What was known is forgotten. */
  void reset() {
    lock.lock();
    try {
      row = 0;
      out = false;
      lent = false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * An attempt came to no connection. Returns how many have in a row, this one included; more than one too if it began before the
   * member was found to be back, and so tells nothing of how it is now.
   */
  int failed(long startNanos, long now) {
    lock.lock();
    try {
      if (wasOut && startNanos - backNanos < 0) {
        return FAILURES;
      }
      int failures = Math.min(row, FAILURES) + 1;
      row = failures;
      if (failures >= FAILURES && !out) {
        out = true;
        lent = false;
        waitNanos = FIRST_NANOS;
        waitAgain(now);
      }
      return failures;
    } finally {
      lock.unlock();
    }
  }

  /** An attempt got through, of a member that was not out when it began. */
  void reached() {
    if (row != 0) {
      lock.lock();
      try {
        row = out ? row : 0; // that one is in again is for those to say who have tried since
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * The permit for one attempt, or 0.
   *
   * @param early whether it may be before it is due
   */
  long lend(long now, boolean early) {
    lock.lock();
    try {
      boolean free = !lent || now - expiresNanos >= 0;
      if (!out || !free || !(early || now - dueNanos >= 0)) {
        return 0;
      }
      lent = true;
      expiresNanos = now + LOAN_NANOS;
      loan++;
      return (long) loan << 32 | LOAN;
    } finally {
      lock.unlock();
    }
  }

  /** The attempt was not made. */
  void cancel(long permit) {
    lock.lock();
    try {
      lent &= loan != number(permit);
    } finally {
      lock.unlock();
    }
  }

  /** What became of an attempt. One that was cut short, or that timed out, perhaps while connecting, tells nothing. */
  void settle(long permit, Outcome.Kind kind, long startNanos, long now) {
    boolean refused = kind == Outcome.Kind.CONNECT;
    lock.lock();
    try {
      if (!refused && gotThrough(kind)) {
        wasOut |= out;
        backNanos = now;
        row = 0;
        out = false;
        lent = false;
      } else if (out && lent && loan == number(permit)) {
        lent = false;
        if (startNanos - dueNanos >= 0) { // one that came early leaves the times as they are
          waitNanos = refused ? Math.min(2 * waitNanos, LONGEST_NANOS) : waitNanos;
          waitAgain(now);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether an outcome says that there was a connection. */
  static boolean gotThrough(Outcome.Kind kind) {
    return switch (kind) {
      case SUCCESS, PROTOCOL, SERVER_ERROR, UNAVAILABLE, THROTTLED -> true;
      case CONNECT, TIMEOUT, ABANDONED, IGNORED -> false;
    };
  }

  private void waitAgain(long now) {
    double lot = (chance.nextLong() >>> 11) * 0x1p-53; // [0, 1)
    dueNanos = now + waitNanos - (long) (waitNanos * JITTER * lot);
  }

  private static int number(long permit) {
    return (int) (permit >>> 32);
  }

  /** From when on it may be tried. */
  long dueNanos() {
    lock.lock();
    try {
      return lent && expiresNanos - dueNanos > 0 ? expiresNanos : dueNanos;
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody is trying. */
  boolean isTried(long now) {
    lock.lock();
    try {
      return out && lent && now - expiresNanos < 0;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it has been due for as long as was waited for that, and nobody came. */
  boolean isOverdue(long now) {
    lock.lock();
    try {
      return now - dueNanos - waitNanos >= 0;
    } finally {
      lock.unlock();
    }
  }
}
