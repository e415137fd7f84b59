package io.fairlead;

import java.util.concurrent.atomic.AtomicInteger;

/** Lets threads begin each round of a race as nearly together as can be: they spin, since to park takes far longer. */
public final class Rounds {

  private final int threads;
  private final AtomicInteger arrived = new AtomicInteger();

  public Rounds(int threads) {
    this.threads = threads;
  }

  /** Returns when all are at this round, of which the first is 0. */
  @SuppressWarnings("ThreadPriorityCheck") // yields for speed only, where processors are few
  public void next(int round) {
    arrived.incrementAndGet();
    for (int spins = 0; arrived.get() - (round + 1) * threads < 0; spins++) {
      if (spins < 1_000) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
        if (Thread.currentThread().isInterrupted()) {
          throw new IllegalStateException("interrupted: the others did not come");
        }
      }
    }
  }
}
