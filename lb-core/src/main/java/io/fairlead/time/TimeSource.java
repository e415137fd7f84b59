package io.fairlead.time;

import java.time.Instant;
import java.time.InstantSource;

/**
 * All of time from one hand: the clock for elapsed time, the wall clock, the scheduler and the waiter, which agree with
 * each other. Builders accept the four together because a fake clock beside a real scheduler, or the other way round,
 * is always a mistake.
 *
 * <p>For tests, {@code FakeClock} in lb-testing is one that moves only when told.
 */
public interface TimeSource extends NanoClock, InstantSource, Scheduler, Waiter {

  /** The wall clock, for what is told in dates. It may jump; never measure with it. */
  @Override
  Instant instant();

  /**
   * The JVM's clocks, and one daemon timer thread for all who use it, which is started when a first task is scheduled
   * and ends when none has been waiting for ten seconds.
   */
  static TimeSource system() {
    return SystemTime.INSTANCE;
  }
}
