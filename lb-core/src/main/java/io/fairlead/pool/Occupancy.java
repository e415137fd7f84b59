package io.fairlead.pool;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many requests a member has, and whether it may get more. A member is one, rather than has one: whoever compares ten
 * thousand members pays for each further object on the way to this number.
 *
 * <p>All of it is one word, so that no request can slip in between the check whether the member drains and the count, or be
 * counted after the last one was: bits 0 to 30 count what is in flight, 31 to 61 what is outstanding, bit 62 says that the
 * member drains, bit 63 that it is gone.
 */
class Occupancy {

  /** From {@link #enter}: the member drains. */
  static final int DRAINS = -1;

  private static final long IN_FLIGHT = 1L;
  private static final long OUTSTANDING = 1L << 31;
  private static final long COUNT = OUTSTANDING - 1;
  private static final long DRAINING = 1L << 62;
  private static final long GONE = 1L << 63;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(Occupancy.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long word;

  public final int inFlight() {
    return (int) (word & COUNT);
  }

  public final int outstanding() {
    return (int) (word >>> 31 & COUNT);
  }

  public final boolean draining() {
    return (word & (DRAINING | GONE)) != 0;
  }

  /** Whether it has left and its last request has ended: it takes none any more, for ever. */
  final boolean gone() {
    return word < 0;
  }

  /** One request more. Returns how many were outstanding before, or {@link #DRAINS} and nothing has changed. */
  final int enter() {
    long now = word;
    while ((now & (DRAINING | GONE)) == 0) {
      long seen = (long) WORD.compareAndExchange(this, now, now + OUTSTANDING + IN_FLIGHT);
      if (seen == now) {
        return (int) (now >>> 31 & COUNT);
      }
      now = seen;
    }
    return DRAINS;
  }

  /** The outcome of one is known. */
  final void answered() {
    WORD.getAndAdd(this, -OUTSTANDING);
  }

  /** One has ended. True if it was the last of a member that drains, which is gone with this. */
  final boolean released() {
    long before = (long) WORD.getAndAdd(this, -IN_FLIGHT);
    return (before & DRAINING) != 0 && (before & COUNT) == 1 && goIfEmpty();
  }

  /** Refuses new requests from now on. True if there are none to wait for, and it is gone with this. */
  final boolean drain() {
    WORD.getAndBitwiseOr(this, DRAINING);
    return goIfEmpty();
  }

  /** Takes requests again. False if it is gone. */
  final boolean revive() {
    long now = word;
    while ((now & GONE) == 0) {
      long seen = (long) WORD.compareAndExchange(this, now, now & ~DRAINING);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /** True to exactly one caller, and only if the member drains and nothing is in flight at that moment. */
  private boolean goIfEmpty() {
    return WORD.compareAndSet(this, DRAINING, DRAINING | GONE);
  }
}
