package io.fairlead.time;

/**
 * A clock for elapsed time, in nanoseconds from an arbitrary origin, as {@link System#nanoTime()} is: only differences
 * of two readings mean something, and they are compared by subtraction ({@code a - b < 0}), never with {@code a < b}.
 *
 * <p>Implementations are thread-safe and never run backwards.
 */
@FunctionalInterface
public interface NanoClock {

  /** The current reading, in nanoseconds. */
  long nanos();

  /** The JVM's own clock, {@link System#nanoTime()}. */
  static NanoClock system() {
    return TimeSource.system();
  }
}
