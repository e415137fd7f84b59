package io.fairlead.pool;

import io.fairlead.circuitbreaker.Transition;
import io.fairlead.health.FailureDetector;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who of a pool is out and may be tried again now, by one request that would otherwise go to another. At almost all times that is
 * nobody, and all that a choice pays is one volatile read.
 */
final class Probes {

  private static final PoolMember[] NOBODY = {};

  private final Pool pool;
  private final Timers timers;
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<PoolMember> all = // guarded by lock
      Collections.newSetFromMap(new IdentityHashMap<>());
  private volatile PoolMember[] due = NOBODY;

  Probes(Pool pool, Timers timers) {
    this.pool = pool;
    this.timers = timers;
  }

  /** Those that are due; not to be changed. */
  PoolMember[] due() {
    return due;
  }

  /** What a member's failure detector is to tell. */
  FailureDetector.Listener listener(PoolMember member) {
    return new Told(member);
  }

  private final class Told implements FailureDetector.Listener {
    private final PoolMember member;
    private Timers.@Nullable Timer next; // of whichever thread tells

    Told(PoolMember member) {
      this.member = member;
    }

    @Override
    public void circuitChanged(Transition transition) {
      pool.events().circuitChanged(member, transition);
      pool.availabilityChanged();
    }

    @Override
    public void noProbe() {
      cancel();
      set(member, false);
    }

    @Override
    public void probeFrom(long nanos) {
      cancel();
      boolean isDue = pool.clock().nanos() - nanos >= 0;
      set(member, isDue);
      if (!isDue) {
        next = timers.timer(() -> member.detector().revise());
        next.set(nanos);
      }
    }

    private void cancel() {
      if (next != null) {
        next.cancel();
        next = null;
      }
    }
  }

  private void set(PoolMember member, boolean isDue) {
    lock.lock();
    try {
      if (isDue ? all.add(member) : all.remove(member)) {
        due = all.isEmpty() ? NOBODY : all.toArray(PoolMember[]::new);
      }
    } finally {
      lock.unlock();
    }
  }
}
