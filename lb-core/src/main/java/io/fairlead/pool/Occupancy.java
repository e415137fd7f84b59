package io.fairlead.pool;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many requests a member has, and whether it may get more.
 *
 * <p>All of it is one word, so that no request can slip in between the check whether the member drains and the count, or be
 * counted after the last one was: bits 0 to 30 count what is in flight, 31 to 61 what is outstanding, bit 62 says that the
 * member drains, bit 63 that it is gone.
 */
final class Occupancy {

  private static final long IN_FLIGHT = 1L;
  private static final long OUTSTANDING = 1L << 31;
  private static final long COUNT = OUTSTANDING - 1;
  private static final long DRAINING = 1L << 62;
  private static final long GONE = 1L << 63;

  private final AtomicLong word = new AtomicLong();

  int inFlight() {
    return (int) (word.get() & COUNT);
  }

  int outstanding() {
    return (int) (word.get() >>> 31 & COUNT);
  }

  boolean draining() {
    return (word.get() & (DRAINING | GONE)) != 0;
  }

  /** One request more. False if the member drains: nothing has changed then. */
  boolean enter() {
    long now = word.get();
    while ((now & (DRAINING | GONE)) == 0) {
      long seen = word.compareAndExchange(now, now + OUTSTANDING + IN_FLIGHT);
      if (seen == now) {
        return true;
      }
      now = seen;
    }
    return false;
  }

  /** The outcome of one is known. */
  void answered() {
    word.getAndAdd(-OUTSTANDING);
  }

  /** One has ended. True if it was the last of a member that drains, which is gone with this. */
  boolean released() {
    long before = word.getAndAdd(-IN_FLIGHT);
    return (before & DRAINING) != 0 && (before & COUNT) == 1 && goIfEmpty();
  }

  /** Refuses new requests from now on. True if there are none to wait for, and it is gone with this. */
  boolean drain() {
    word.getAndUpdate(now -> now | DRAINING);
    return goIfEmpty();
  }

  /** Takes requests again. False if it is gone. */
  boolean revive() {
    return (word.getAndUpdate(now -> (now & GONE) != 0 ? now : now & ~DRAINING) & GONE) == 0;
  }

  /** True to exactly one caller, and only if the member drains and nothing is in flight at that moment. */
  private boolean goIfEmpty() {
    return word.compareAndSet(DRAINING, DRAINING | GONE);
  }
}
