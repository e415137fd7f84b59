package io.fairlead.okhttp;

import io.fairlead.Lease;
import io.fairlead.time.TimeSource;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okio.BufferedSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices bodies that became garbage before they were read to their end or closed, and gives their leases back.
 *
 * <p>No event tells of them. Phantom references do, in a queue that is looked through once a second as long as any body is
 * open: cheaper than a Cleaner, which costs a quarter of a microsecond per call and keeps a thread.
 */
final class Leaks {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancingInterceptor.class);
  private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ReferenceQueue<BufferedSource> garbage = new ReferenceQueue<>();
  // Or they would become garbage themselves.
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final AtomicBoolean warned = new AtomicBoolean();

  /** One open body. */
  final class Watch extends PhantomReference<BufferedSource> {
    private final Lease lease;

    private Watch(BufferedSource source, Lease lease) {
      super(source, garbage);
      this.lease = lease;
    }

    /** It ended properly. */
    void stop() {
      watches.remove(this);
      clear();
    }
  }

  Watch watch(BufferedSource source, Lease lease) {
    Watch watch = new Watch(source, lease);
    watches.add(watch);
    if (!scheduled.get()) {
      schedule();
    }
    return watch;
  }

  private void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      TimeSource time = TimeSource.system();
      time.at(time.nanos() + PERIOD_NANOS, this::collect);
    }
  }

  private void collect() {
    for (Reference<?> next = garbage.poll(); next != null; next = garbage.poll()) {
      if (next instanceof Watch watch && watches.remove(watch)) {
        recover(watch.lease);
      }
    }
    scheduled.set(false);
    if (!watches.isEmpty()) {
      schedule();
    }
  }

  private void recover(Lease lease) {
    // An answer that was read without asking for its end, or whose call was cancelled, is over all
    // the same.
    if (lease.closeLeaked() && warned.compareAndSet(false, true)) {
      log.warn(
          "The body of a response was neither read to its end nor closed ({}); close each one. This is logged once.",
          lease);
    }
  }
}
