package io.fairlead.concurrency;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many are in flight, how many may be, and whether somebody waits for a place.
 *
 * <p>All of it is one word, so that whoever takes a place has checked the very numbers that it changes: bits 0 to 30 count what
 * is in flight, 31 to 61 are the number that may be, and bit 62 says that somebody waits.
 */
final class Places {

  private static final int SHIFT = 31;
  private static final long COUNT = (1L << SHIFT) - 1;
  private static final long WAITING = 1L << 62;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(Places.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long word;

  Places(int places) {
    this.word = (long) places << SHIFT;
  }

  int taken() {
    return (int) (word & COUNT);
  }

  /** How many may be taken at a time. It may be less than are. */
  int allowed() {
    return (int) (word >>> SHIFT & COUNT);
  }

  /** One more, if there is a place and nobody waits for it. */
  boolean take() {
    long now = word;
    while (isFree(now)) {
      long seen = (long) WORD.compareAndExchange(this, now, now + 1);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /** Somebody waits: as an int, bit 62 makes the number of places negative, and so one comparison says it all. */
  private static boolean isFree(long word) {
    return (int) (word & COUNT) < (int) (word >>> SHIFT);
  }

  /** One less. True if somebody waits, who should be {@linkplain #takeForWaiter given} the place. */
  boolean giveBack() {
    long now = word;
    while (true) {
      if ((now & COUNT) == 0) {
        throw new IllegalStateException(
            "release: nothing is in flight (expected: once for each acquire)");
      }
      long seen = (long) WORD.compareAndExchange(this, now, now - 1);
      if (seen == now) {
        return (now & WAITING) != 0;
      }
      now = seen;
    }
  }

  /** Sets how many may be taken. True if somebody waits. */
  boolean allow(int places) {
    long now = word;
    while (true) {
      long next = (now & (COUNT | WAITING)) | ((long) places << SHIFT);
      long seen = (long) WORD.compareAndExchange(this, now, next);
      if (seen == now) {
        return (now & WAITING) != 0;
      }
      now = seen;
    }
  }

  /** One more, if there is a place, for somebody who waits. Whoever calls holds the lock of those who wait. */
  boolean takeForWaiter() {
    long now = word;
    while (isFree(now & ~WAITING)) {
      long seen = (long) WORD.compareAndExchange(this, now, now + 1);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /**
   * One more, if there is a place; else it is noted in the same step that somebody waits, so that a place that is given back
   * right after this is not overlooked. Whoever calls holds the lock of those who wait, of whom there are none.
   */
  boolean takeOrWait() {
    long now = word;
    while (true) {
      boolean free = isFree(now);
      long seen = (long) WORD.compareAndExchange(this, now, free ? now + 1 : now | WAITING);
      if (seen == now) {
        return free;
      }
      now = seen;
    }
  }

  /** Nobody waits any more. Whoever calls holds the lock of those who wait. */
  void nobodyWaits() {
    WORD.getAndBitwiseAnd(this, ~WAITING);
  }
}
