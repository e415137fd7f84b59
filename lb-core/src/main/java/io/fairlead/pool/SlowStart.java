package io.fairlead.pool;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

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

  private static final String POLICY = "slow start";

  private final Pool pool;
  private final long windowNanos;
  private final Map<PoolMember, Long> since = new ConcurrentHashMap<>();
  private final AtomicBoolean ticking = new AtomicBoolean();

  /**
   * A slow start.
   *
   * @param windowNanos how long it takes; 0 for none
   */
  SlowStart(Pool pool, long windowNanos) {
    this.pool = pool;
    this.windowNanos = windowNanos;
  }

  /** The member can be picked from now on. */
  void begin(PoolMember member) {
    if (windowNanos > 0) {
      since.compute(member, (same, before) -> {
        member.control(POLICY).factor(FIRST);
        return pool.clock().nanos();
      });
      keepTicking();
    }
  }

  /** The member gets its whole share after all. */
  void cancel(PoolMember member) {
    since.computeIfPresent(member, (same, start) -> {
      member.control(POLICY).factor(1);
      return null;
    });
  }

  private void keepTicking() {
    if (ticking.compareAndSet(false, true)) {
      pool.scheduler().at(pool.clock().nanos() + Math.max(1, windowNanos / STEPS), this::tick);
    }
  }

  private void tick() {
    ticking.set(false); // before the look, so that who begins after it makes the next tick
    long now = pool.clock().nanos();
    // Each with the map's lock on it, or a factor that was just set to 1 for good could be lowered.
    since
        .keySet()
        .forEach(member -> since.computeIfPresent(member, (same, start) -> {
          double share = (double) (now - start) / windowNanos;
          member.control(POLICY).factor(Math.min(1, Math.max(FIRST, share)));
          return share < 1 ? start : null;
        }));
    if (!since.isEmpty() && !pool.closed()) {
      keepTicking();
    }
  }
}
