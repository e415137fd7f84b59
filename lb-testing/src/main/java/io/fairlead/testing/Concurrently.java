package io.fairlead.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.function.Executable;

/**
 * Runs pieces of a test at the same time, each on a thread of its own, and hands on what they throw. For stress tests; what
 * can be shown with {@link FakeClock} and one thread is better shown so.
 */
public final class Concurrently {

  /** Not to hang where a test is wrong. */
  private static final long PATIENCE_SECONDS = 50;

  private Concurrently() {}

  /**
   * Runs all of these, from a common start, and returns when the last has ended. If one throws, the others are interrupted.
   *
   * @throws AssertionError if one of them threw, with that as its cause, and suppressed in it what others threw; or if they
   *     have not all ended after 50 seconds, with the places where they are suppressed in it
   */
  public static void run(Executable... pieces) throws InterruptedException {
    Queue<Throwable> thrown = new ConcurrentLinkedQueue<>();
    CountDownLatch start = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(pieces.length);
    List<Thread> threads = new ArrayList<>();
    for (Executable piece : pieces) {
      Thread thread = new Thread(
          () -> {
            try {
              start.await();
              piece.execute();
            } catch (Throwable e) {
              thrown.add(e);
              threads.forEach(Thread::interrupt);
            } finally {
              ended.countDown();
            }
          },
          "concurrently-" + threads.size());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
    start.countDown();
    boolean allEnded = ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    Throwable first = thrown.poll();
    if (first == null && allEnded) {
      return;
    }
    AssertionError failure = new AssertionError(
        allEnded ? "one of several threw: " + first : "not all ended in " + PATIENCE_SECONDS + " s",
        first);
    thrown.forEach(failure::addSuppressed);
    if (!allEnded) {
      threads.stream().filter(Thread::isAlive).forEach(thread -> {
        failure.addSuppressed(whereIs(thread));
        thread.interrupt();
      });
    }
    throw failure;
  }

  private static Throwable whereIs(Thread thread) {
    Throwable where = new Throwable(thread.getName() + " is here");
    where.setStackTrace(thread.getStackTrace());
    return where;
  }
}
