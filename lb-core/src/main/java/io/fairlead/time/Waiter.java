package io.fairlead.time;

/**
 * How a blocking wait waits: until a time, or until somebody raises a signal.
 *
 * <p>Implementations are thread-safe and work on virtual threads without pinning their carrier.
 */
@FunctionalInterface
public interface Waiter {

  /** A new signal, not raised. */
  Signal signal();

  /** One thread waits, any thread wakes it. Once raised, a signal stays raised. */
  interface Signal {

    /** Wakes the waiting thread, now or when it comes to wait. Any thread; never blocks. */
    void raise();

    /**
     * Waits until the signal is raised or the clock reaches {@code untilNanos}, a reading of the {@link NanoClock} that
     * belongs to this waiter.
     *
     * @return whether the signal was raised
     * @throws InterruptedException if the thread was interrupted before or while it waited
     */
    boolean await(long untilNanos) throws InterruptedException;
  }
}
