package io.fairlead;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The rounds of a race: lets threads begin each as nearly together as can be, for which they spin, since to park takes far
 * longer. Where processors are few and busy that is slow, so there is an end to it after a while.
 */
public final class Rounds {

  private final int threads;
  private final int most;
  private final long end;
  private final AtomicInteger arrived = new AtomicInteger();
  private volatile int begun; // how many rounds have begun, the one not to be played among them
  private volatile int played = Integer.MAX_VALUE;

  /**
   * Rounds for so many threads.
   *
   * @param most how many there are at most
   * @param time after which none begins any more
   */
  public Rounds(int threads, int most, Duration time) {
    this.threads = threads;
    this.most = most;
    this.end = System.nanoTime() + time.toNanos();
  }

  /** Returns when all are at this round, of which the first is 0: whether it is to be played, which all are told alike. */
  @SuppressWarnings("ThreadPriorityCheck") // yields for speed only, where processors are few
  public boolean next(int round) {
    if (arrived.incrementAndGet() == (round + 1) * threads) {
      if (round >= most || System.nanoTime() - end > 0) {
        played = round;
      }
      begun = round + 1;
    }
    for (int spins = 0; begun <= round; spins++) {
      if (spins < 1_000) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
        if (Thread.currentThread().isInterrupted()) {
          throw new IllegalStateException("interrupted: the others did not come");
        }
      }
    }
    return round < played;
  }

  /** How many were played. */
  public int played() {
    return played;
  }
}
