package io.fairlead.testing;

import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Time that moves only when told: a clock, a wall clock, a scheduler and a waiter in one, for tests of whatever takes a
 * {@link TimeSource}.
 *
 * <pre>{@code
 * FakeClock clock = new FakeClock();
 * LoadBalancer orders = LoadBalancer.builder("orders").time(clock).backends("10.0.0.1:8080").build();
 * …
 * clock.advance(Duration.ofSeconds(30)); // whatever was due by then has run when this returns
 * }</pre>
 *
 * <p>What is scheduled runs inside {@link #advance} and {@link #runDue}, on their thread, in the order of its time (and of
 * its scheduling, where that is the same), each task while the clock shows the task's own time. What such tasks schedule runs
 * too, if it falls into the same span. Whoever waits for a {@link Signal} blocks in earnest until it is raised or another
 * thread has moved the clock far enough; {@link #awaitWaiting} tells when it is time to do so.
 *
 * <p>A task that throws stops neither the clock nor the other tasks. When all is done, {@code advance} throws on what the
 * first of them threw, with what others threw suppressed in it.
 *
 * <p>Thread-safe. If several threads move the clock, they do it one after the other.
 */
public final class FakeClock implements TimeSource {

  /** How long to wait, in real time, for threads that should come to wait: not to hang where a test is wrong. */
  private static final long PATIENCE_SECONDS = 30;

  /** Beyond that is for ever. */
  private static final long FAR = TimeUnit.DAYS.toNanos(10_000);

  private final long startNanos;
  private final Instant startInstant;
  private final boolean movedByWaiting;

  /** Held by whoever moves the clock, tasks and all. Taken before the other, which no task is run under. */
  private final ReentrantLock moving = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition(); // the clock, a signal, or who is waiting
  private final PriorityQueue<Task> tasks = // guarded by lock, as are those below
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(task -> task.due).thenComparingLong(task -> task.order));
  private final List<Wait> waits = new ArrayList<>();
  private long ordered;

  // All times inside are since the start, and so never wrap around. Written under lock.
  private volatile long elapsed;

  /** A clock that starts at 0 nanoseconds, on the first of January 1970. */
  public FakeClock() {
    this(0, Instant.EPOCH);
  }

  private FakeClock(long startNanos, Instant startInstant) {
    this(startNanos, startInstant, false);
  }

  private FakeClock(long startNanos, Instant startInstant, boolean movedByWaiting) {
    this.startNanos = startNanos;
    this.startInstant = startInstant;
    this.movedByWaiting = movedByWaiting;
  }

  /**
   * A clock that whoever waits moves as far as it takes: for calls that wait between their attempts, made one after the other by the
   * one thread of a test or a simulation. A wait for a signal alone, with nothing scheduled that could raise it, blocks as ever.
   */
  public static FakeClock movedByWaiting() {
    return new FakeClock(0, Instant.EPOCH, true);
  }

  /**
   * A clock that starts at a given reading. Real ones start anywhere: just below {@link Long#MAX_VALUE}, where readings wrap
   * around soon, shows whether all comparisons are by subtraction.
   */
  public static FakeClock startingAt(long nanos) {
    return startingAt(nanos, Instant.EPOCH);
  }

  /** A clock that starts at a given reading and date. */
  public static FakeClock startingAt(long nanos, Instant instant) {
    return new FakeClock(nanos, Objects.requireNonNull(instant, "instant"));
  }

  @Override
  public long nanos() {
    return startNanos + elapsed;
  }

  /** The wall clock, which moves with the other. */
  @Override
  public Instant instant() {
    return startInstant.plusNanos(elapsed);
  }

  /**
   * Moves the clock, and runs whatever is due on the way.
   *
   * @param by zero or more, up to 292 years in all
   * @throws IllegalStateException if a task of this clock calls this
   */
  public void advance(Duration by) {
    if (by.isNegative()) {
      throw new IllegalArgumentException("by: " + by + " (expected: zero or more)");
    }
    if (moving.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "advance: called by a task of this clock (expected: by who moves it only)");
    }
    moving.lock();
    try {
      moveTo(Math.addExact(elapsed, by.toNanos()));
    } finally {
      moving.unlock();
    }
  }

  /** Runs what is due already, without moving the clock: {@code advance(Duration.ZERO)}. */
  public void runDue() {
    advance(Duration.ZERO);
  }

  private void moveTo(long end) {
    Throwable failure = null;
    for (Task task = nextDue(end); task != null; task = nextDue(end)) {
      try {
        task.run.run();
      } catch (Throwable e) {
        if (failure == null) {
          failure = e;
        } else if (failure != e) {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure instanceof Error error) {
      throw error;
    } else if (failure instanceof RuntimeException exception) {
      throw exception;
    } else if (failure != null) { // thrown past the compiler, as other languages may
      throw new IllegalStateException(failure);
    }
  }

  /** Moves the clock to the next task that is due by the end, or if there is none to the end. */
  private @Nullable Task nextDue(long end) {
    lock.lock();
    try {
      Task next = tasks.peek();
      Task due = next == null || next.due > end ? null : tasks.remove();
      elapsed = due == null ? end : Math.max(elapsed, due.due);
      changed.signalAll();
      return due;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Cancellable at(long nanos, Runnable neverBlocks) {
    Objects.requireNonNull(neverBlocks, "neverBlocks");
    lock.lock();
    try {
      Task task = new Task(sinceStart(nanos), ordered++, neverBlocks);
      tasks.add(task);
      return () -> cancel(task);
    } finally {
      lock.unlock();
    }
  }

  private void cancel(Task task) {
    lock.lock();
    try {
      tasks.remove(task);
    } finally {
      lock.unlock();
    }
  }

  /** How many tasks are scheduled and have neither run nor been called off. */
  public int scheduled() {
    lock.lock();
    try {
      return tasks.size();
    } finally {
      lock.unlock();
    }
  }

  /** A reading as time since the start; as far away as it goes, if it is further. */
  private long sinceStart(long nanos) {
    long left = nanos - nanos(); // by subtraction, since readings may have wrapped around
    long since = elapsed + left;
    return left > 0 && since < 0 ? Long.MAX_VALUE : since;
  }

  @Override
  public Signal signal() {
    return new FakeSignal();
  }

  /** How many threads wait now for a signal that was not raised and a time that has not come. */
  public int waiting() {
    lock.lock();
    try {
      return (int) waits.stream().filter(Wait::goesOn).count();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns when at least so many threads {@linkplain #waiting wait}: then it is time to move the clock, or to raise what they
   * wait for.
   *
   * @throws AssertionError if they don't come within 30 seconds of real time
   */
  public void awaitWaiting(int threads) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long patience = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (waiting() < threads) {
        if (patience <= 0) {
          throw new AssertionError(waiting() + " threads wait after " + PATIENCE_SECONDS
              + " s (expected: " + threads + ")");
        }
        patience = changed.awaitNanos(patience);
      }
    } finally {
      lock.unlock();
    }
  }

  /** As in {@code FakeClock after PT3S, 2 scheduled, 1 waiting}. */
  @Override
  public String toString() {
    return "FakeClock after " + Duration.ofNanos(elapsed) + ", " + scheduled() + " scheduled, "
        + waiting() + " waiting";
  }

  private record Task(long due, long order, Runnable run) {}

  private final class FakeSignal implements Signal {
    private boolean raised; // guarded by lock

    @Override
    public void raise() {
      lock.lock();
      try {
        raised = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean await(long untilNanos) throws InterruptedException {
      if (movedByWaiting && !moving.isHeldByCurrentThread()) {
        moveUntilRaised(sinceStart(untilNanos));
      }
      lock.lockInterruptibly();
      try {
        Wait wait = new Wait(this, sinceStart(untilNanos));
        waits.add(wait);
        changed.signalAll();
        try {
          while (wait.goesOn()) {
            changed.await();
          }
        } finally {
          waits.remove(wait);
        }
        return raised;
      } finally {
        lock.unlock();
      }
    }

    private void moveUntilRaised(long until) {
      moving.lock();
      try {
        while (!isRaised() && elapsed < until && (scheduled() > 0 || until <= FAR)) {
          Task due = nextDue(until);
          if (due != null) {
            due.run.run();
          }
        }
      } finally {
        moving.unlock();
      }
    }

    private boolean isRaised() {
      lock.lock();
      try {
        return raised;
      } finally {
        lock.unlock();
      }
    }
  }

  /** One thread's wait. Two are equal only if they are the same. */
  private final class Wait {
    private final FakeSignal signal;
    private final long until;

    Wait(FakeSignal signal, long until) {
      this.signal = signal;
      this.until = until;
    }

    boolean goesOn() {
      return !signal.raised && elapsed < until;
    }
  }
}
