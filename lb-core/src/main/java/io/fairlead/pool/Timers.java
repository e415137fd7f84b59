package io.fairlead.pool;

import io.fairlead.backend.BackendPool;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduler as a pool uses it: it never throws. What it refuses, because there is no thread to be had, say, is neither lost
 * nor the trouble of whoever caused it, a request perhaps: it is asked of it again with the pool's next change.
 */
public final class Timers {

  private static final Logger log = LoggerFactory.getLogger(BackendPool.class);

  private final String name;
  private final TimeSource time;
  private final Queue<Timer> refused = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean threw = new AtomicBoolean();

  Timers(String name, TimeSource time) {
    this.name = name;
    this.time = time;
  }

  /** A timer for this task, which is not set yet. */
  public Timer timer(Runnable task) {
    return new Timer(task);
  }

  /** Asks once more for all that was refused. */
  public void retry() {
    for (int left = refused.isEmpty() ? 0 : refused.size(); left > 0; left--) {
      Timer timer = refused.poll();
      if (timer != null) {
        timer.ask();
      }
    }
  }

  /** A task that runs once each time that it is set, however often it is set until then. */
  public final class Timer {
    private final Runnable task;
    private final AtomicBoolean set = new AtomicBoolean();
    private volatile long due;
    private volatile @Nullable Cancellable handle;

    private Timer(Runnable task) {
      this.task = task;
    }

    /** Sets it to this reading of the clock, unless it is set already. */
    public void set(long nanos) {
      if (set.compareAndSet(false, true)) {
        due = nanos;
        ask();
      }
    }

    /** Sets it to run at once, on the scheduler, unless it is set already. */
    void set() {
      if (!set.get()) {
        set(time.nanos());
      }
    }

    /** Calls it off, if it is set; if it is about to run it may do so all the same. Not to be called while it is set. */
    public void cancel() {
      set.set(false);
      refused.remove(this);
      Cancellable last = handle;
      if (last != null) {
        last.cancel();
      }
    }

    private void ask() {
      if (!set.get()) {
        return; // called off
      }
      try {
        handle = time.at(due, this::run);
      } catch (Throwable e) {
        refused.add(this);
        if (threw.compareAndSet(false, true)) {
          log.error(
              "{}: the scheduler threw; what it was to do waits for the pool's next change; further"
                  + " exceptions of it are not logged",
              name,
              e);
        }
      }
    }

    private void run() {
      set.set(false); // before the task's look, so that who changes something after it sets it anew
      retry();
      task.run();
    }
  }
}
