package io.fairlead.concurrency;

import io.fairlead.time.TimeSource;
import io.fairlead.time.Waiter.Signal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Those who wait for a place, first come first served.
 *
 * <p>A lock guards the queue, and is taken only by who comes to wait, and by who gives back a place or adds some while somebody
 * waits. It is never held while a thread waits. Under it a place is taken in the name of the first in line, and its signal
 * raised: whoever is woken has it already, and nobody can overtake.
 */
final class Line {

  private final Places places;
  private final TimeSource time;
  private final int maxWaiting;
  private final long maxWaitNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Waiting> waiting = new ArrayDeque<>(); // guarded by lock

  Line(Places places, TimeSource time, int maxWaiting, long maxWaitNanos) {
    this.places = places;
    this.time = time;
    this.maxWaiting = maxWaiting;
    this.maxWaitNanos = maxWaitNanos;
  }

  private static final class Waiting {
    private final Signal signal;
    private boolean served; // guarded by lock

    Waiting(Signal signal) {
      this.signal = signal;
    }
  }

  /** Waits for a place as long as anybody may. */
  boolean await() throws InterruptedException {
    return await(time.signal(), time.nanos() + maxWaitNanos);
  }

  /**
   * Waits for a place until a time, if that is not longer than anybody may, and until the signal is raised, if that was not done here.
   * False if it has none in the end, or too many wait already.
   */
  boolean await(Signal signal, long untilNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Waiting self = new Waiting(signal);
    lock.lock();
    try {
      if (waiting.isEmpty() ? places.takeOrWait() : false) {
        return true;
      }
      if (waiting.size() >= maxWaiting) {
        return false;
      }
      waiting.add(self);
    } finally {
      lock.unlock();
    }
    try {
      long latest = time.nanos() + maxWaitNanos;
      signal.await(untilNanos - latest < 0 ? untilNanos : latest);
    } catch (InterruptedException e) {
      if (!leave(self)) {
        giveOn();
      }
      throw e;
    }
    return !leave(self);
  }

  /** Steps out of the line. False if it was served meanwhile, and so has a place. */
  private boolean leave(Waiting self) {
    lock.lock();
    try {
      if (self.served) {
        return false;
      }
      waiting.remove(self); // usually the first, who has waited longest
      if (waiting.isEmpty()) {
        places.nobodyWaits();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** A place that was handed over to somebody who no longer wants it. */
  private void giveOn() {
    if (places.giveBack()) {
      serve();
    }
  }

  /** Hands over the places that there are. */
  void serve() {
    lock.lock();
    try {
      while (!waiting.isEmpty() && places.takeForWaiter()) {
        Waiting first = waiting.remove();
        first.served = true;
        first.signal.raise();
      }
      if (waiting.isEmpty()) {
        places.nobodyWaits();
      }
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }
}
