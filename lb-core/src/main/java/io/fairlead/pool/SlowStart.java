package io.fairlead.pool;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A policy that gives members who are new or back their share little by little: caches are cold, code is not compiled, pools of
 * connections are empty. The weight grows with time in a straight line, from a tenth of what it will be.
 *
 * <p>Factors are fractions, so that a member of weight 1 ramps up as smoothly as one of 1,000. One timer serves all who ramp
 * up; it runs only while somebody does.
 */
final class SlowStart {

  /** Enough to be tried and measured, and little enough to do no harm. Envoy's and Armeria's default. */
  private static final double FIRST = 0.1;

  /** In how many steps: none adds more than a fiftieth of the share. */
  private static final int STEPS = 50;

  /** The name of this policy, which no other may have. */
  static final String POLICY = "slow start";

  private final Pool pool;
  private final long windowNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<PoolMember, Long> since = new HashMap<>(); // guarded by lock
  private final Timers.Timer ticks; // set and called off under lock

  /**
   * A slow start.
   *
   * @param windowNanos how long it takes; 0 for none
   */
  SlowStart(Pool pool, Timers timers, long windowNanos) {
    this.pool = pool;
    this.windowNanos = windowNanos;
    this.ticks = timers.timer(this::tick);
  }

  /** The member can be picked from now on, unless it is gone. */
  void begin(PoolMember member) {
    if (windowNanos == 0) {
      return;
    }
    lock.lock();
    try {
      if (!member.gone()) {
        since.put(member, pool.clock().nanos());
        member.control(POLICY).factor(FIRST);
        keepTicking();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The member gets its whole share after all, or is gone. */
  void end(PoolMember member) {
    lock.lock();
    try {
      if (since.remove(member) != null) {
        member.control(POLICY).factor(1);
        if (since.isEmpty()) {
          ticks.cancel();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void keepTicking() {
    ticks.set(pool.clock().nanos() + Math.max(1, windowNanos / STEPS));
  }

  private void tick() {
    lock.lock();
    try {
      long now = pool.clock().nanos();
      since.entrySet().removeIf(entry -> {
        double share = (double) (now - entry.getValue()) / windowNanos;
        entry.getKey().control(POLICY).factor(Math.min(1, Math.max(FIRST, share)));
        return share >= 1;
      });
      if (!since.isEmpty()) {
        keepTicking();
      }
    } finally {
      lock.unlock();
    }
  }
}
