package io.fairlead.pool;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who of a pool is out and may be tried again now, by one request that would otherwise go to another. At almost all times that is
 * nobody, and all that a choice pays is one volatile read.
 */
final class Probes {

  private static final PoolMember[] NOBODY = {};

  private final ReentrantLock lock = new ReentrantLock();
  private final Set<PoolMember> all = // guarded by lock
      Collections.newSetFromMap(new IdentityHashMap<>());
  private volatile PoolMember[] due = NOBODY;

  /** Those that are due; not to be changed. */
  PoolMember[] due() {
    return due;
  }

  void set(PoolMember member, boolean isDue) {
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
