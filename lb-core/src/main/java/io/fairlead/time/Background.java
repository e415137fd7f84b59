package io.fairlead.time;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where work runs that may block, which a {@link Scheduler} must not be given. */
public final class Background {

  private static final Logger log = LoggerFactory.getLogger(Background.class);
  private static final long IDLE_SECONDS = 10;

  private Background() {}

  /**
   * The JVM's threads: a virtual one for each task where Java has them, from 21 on; daemon threads before, which are made
   * when needed and end when they have had nothing to do for ten seconds. There is no bound to their number: who uses this
   * sees to it that there are few. A task that throws is logged, and harms no other.
   */
  public static Executor system() {
    return SystemThreads.EXECUTOR;
  }

  /** One thread for each task. */
  static Executor perTask(ThreadFactory threads) {
    return task -> threads.newThread(() -> run(task)).start();
  }

  /** Threads that take another task when they are done with one. */
  static Executor pooled(ThreadFactory threads) {
    ThreadPoolExecutor pool = new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), threads);
    return task -> pool.execute(() -> run(task));
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      log.error("A task in the background threw", e);
    }
  }

  /** Named threads, with no loader of whichever application came first: it would never be unloaded. */
  static ThreadFactory platformThreads() {
    AtomicInteger made = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, "fairlead-background-" + made.incrementAndGet());
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      return thread;
    };
  }

  /** Made on first use. */
  private static final class SystemThreads {
    static final Executor EXECUTOR = create();

    private static Executor create() {
      try {
        // Thread.ofVirtual().name(…).inheritInheritableThreadLocals(false).factory(), of Java 21
        Class<?> type = Class.forName("java.lang.Thread$Builder$OfVirtual");
        Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
        type.getMethod("name", String.class, long.class)
            .invoke(builder, "fairlead-background-", 1L);
        type.getMethod("inheritInheritableThreadLocals", boolean.class).invoke(builder, false);
        ThreadFactory threads = (ThreadFactory) type.getMethod("factory").invoke(builder);
        return perTask(task -> {
          Thread thread = threads.newThread(task);
          thread.setContextClassLoader(null);
          return thread;
        });
      } catch (ReflectiveOperationException | RuntimeException e) { // a preview in 19 and 20
        return pooled(platformThreads());
      }
    }
  }
}
