package io.fairlead.time;

import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The system's time and chance. */
final class SystemTime implements TimeSource {

  static final SystemTime INSTANCE = new SystemTime();
  static final Chance CHANCE = () -> ThreadLocalRandom.current().nextLong();

  private static final Logger log = LoggerFactory.getLogger(TimeSource.class);
  private static final long IDLE_SECONDS = 10;

  private SystemTime() {}

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Instant instant() {
    return Instant.now();
  }

  @Override
  public Cancellable at(long nanos, Runnable neverBlocks) {
    long delay = Math.max(0, nanos - System.nanoTime());
    Future<?> future = Timer.EXECUTOR.schedule(() -> run(neverBlocks), delay, TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      // The executor would swallow it in a Future that nobody reads.
      log.error("A timer's task threw", e);
    }
  }

  @Override
  public Signal signal() {
    return new LatchSignal();
  }

  private static final class LatchSignal implements Signal {
    private final CountDownLatch raised = new CountDownLatch(1);

    @Override
    public void raise() {
      raised.countDown();
    }

    @Override
    public boolean await(long untilNanos) throws InterruptedException {
      return raised.await(untilNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    }
  }

  /** Made on first use. */
  private static final class Timer {
    static final ScheduledThreadPoolExecutor EXECUTOR = create();

    private static ScheduledThreadPoolExecutor create() {
      ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "fairlead-timer");
        thread.setDaemon(true);
        // Not the loader of whichever application came first: it would never be unloaded.
        thread.setContextClassLoader(null);
        return thread;
      });
      executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
      executor.allowCoreThreadTimeOut(true);
      // A veto of a day that is lifted after a second would otherwise hold its member for a day.
      executor.setRemoveOnCancelPolicy(true);
      return executor;
    }
  }
}
