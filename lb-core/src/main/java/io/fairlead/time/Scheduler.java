package io.fairlead.time;

/**
 * Runs short tasks at a given time. One thread may serve very many tasks, so a task must never block: what blocks
 * belongs on an executor.
 *
 * <p>Implementations are thread-safe. A task that throws is the scheduler's to report; it harms no other task.
 */
@FunctionalInterface
public interface Scheduler {

  /**
   * Runs {@code neverBlocks} once, at or soon after the given reading of the {@link NanoClock} that belongs to this
   * scheduler; a reading in the past means at once. It never runs inside this call.
   *
   * @return a handle that calls the task off
   */
  Cancellable at(long nanos, Runnable neverBlocks);
}
