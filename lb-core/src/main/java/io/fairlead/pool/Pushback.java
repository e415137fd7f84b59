package io.fairlead.pool;

import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A policy that does as members ask: one that answers a 503 with Retry-After is left alone for that long, and one that answers a 429
 * gets half of its share, since that may be meant for one caller only. Half a minute is the longest that either is believed.
 */
final class Pushback {

  /** The name of the policy of those who ask to be left alone, which no other may have. */
  static final String RETRY_AFTER = "retry after";

  /** The name of the policy of those who ask for less, which no other may have. */
  static final String THROTTLING = "throttling";

  private static final long LONGEST_NANOS = 30_000_000_000L;
  private static final Duration LONGEST = Duration.ofNanos(LONGEST_NANOS);

  /** What is left to a member at least, so that it is seen when it takes more again. */
  private static final double LEAST = 0.125;

  /** A veto is put off only if that is by more than this part of it: of a thousand answers at once, not by each. */
  private static final int MARGIN = 8;

  private final Pool pool;
  private final Timers timers;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<PoolMember, Throttle> throttles = new HashMap<>(); // guarded by lock

  Pushback(Pool pool, Timers timers) {
    this.pool = pool;
    this.timers = timers;
  }

  /** A member has answered so. Without effect unless it asks for something. */
  void answered(PoolMember member, Outcome outcome, long startNanos, long now) {
    Outcome.Kind kind = outcome.kind();
    if (kind == Outcome.Kind.UNAVAILABLE || kind == Outcome.Kind.THROTTLED) {
      Duration told = Objects.requireNonNull(outcome.retryAfter());
      long nanos = told.compareTo(LONGEST) > 0 ? LONGEST_NANOS : told.toNanos();
      if (nanos > 0 && kind == Outcome.Kind.UNAVAILABLE) {
        leaveAlone(member, nanos, now);
      } else if (nanos > 0) {
        throttle(member, nanos, startNanos, now);
      }
    }
  }

  private static void leaveAlone(PoolMember member, long nanos, long now) {
    List<Veto> vetoes = member.vetoes();
    for (Veto veto : vetoes) {
      if (veto.policy().equals(RETRY_AFTER) && now + nanos - veto.untilNanos() <= nanos / MARGIN) {
        return;
      }
    }
    MemberControl control = member.control(RETRY_AFTER);
    control.vetoUntil(
        Veto.Kind.HARD, "asked for " + Duration.ofNanos(nanos).toMillis() + " ms", now + nanos);
  }

  /** Once for all requests that were under way together: only one that began after it was halved halves it again. */
  private void throttle(PoolMember member, long nanos, long startNanos, long now) {
    lock.lock();
    try {
      if (member.gone()) {
        return;
      }
      Throttle throttle = throttles.computeIfAbsent(member, first -> new Throttle(first, now));
      if (throttle.factor == 1 || startNanos - throttle.sinceNanos >= 0) {
        throttle.factor = Math.max(LEAST, throttle.factor / 2);
        throttle.sinceNanos = now;
        member.control(THROTTLING).factor(throttle.factor);
      }
      if (now + nanos - throttle.untilNanos > 0) {
        throttle.untilNanos = now + nanos;
      }
      throttle.timer.set(throttle.untilNanos); // if it is set, for earlier, it looks again then
    } finally {
      lock.unlock();
    }
  }

  /** The member is gone. */
  void end(PoolMember member) {
    lock.lock();
    try {
      Throttle throttle = throttles.remove(member);
      if (throttle != null) {
        throttle.timer.cancel();
      }
    } finally {
      lock.unlock();
    }
  }

  private void over(Throttle throttle) {
    lock.lock();
    try {
      if (throttles.get(throttle.member) != throttle) {
        return;
      }
      if (pool.clock().nanos() - throttle.untilNanos < 0) {
        throttle.timer.set(throttle.untilNanos);
      } else {
        throttles.remove(throttle.member);
        throttle.member.control(THROTTLING).factor(1);
      }
    } finally {
      lock.unlock();
    }
  }

  /** How one member is held back. Guarded by the lock. */
  private final class Throttle {
    final PoolMember member;
    final Timers.Timer timer = timers.timer(() -> over(this));
    double factor = 1;
    long sinceNanos; // it has had this factor
    long untilNanos;

    Throttle(PoolMember member, long now) {
      this.member = member;
      this.untilNanos = now;
    }
  }
}
