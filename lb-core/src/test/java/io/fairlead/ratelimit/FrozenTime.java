package io.fairlead.ratelimit;

import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Instant;

/** Time that stands still, and has no state that Lincheck would explore. */
final class FrozenTime implements TimeSource {

  @Override
  public long nanos() {
    return 0;
  }

  @Override
  public Instant instant() {
    return Instant.EPOCH;
  }

  @Override
  public Cancellable at(long nanos, Runnable neverBlocks) {
    throw new UnsupportedOperationException("nobody schedules here");
  }

  @Override
  public Signal signal() {
    throw new UnsupportedOperationException("nobody waits here");
  }
}
