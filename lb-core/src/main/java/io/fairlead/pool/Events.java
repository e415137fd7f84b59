package io.fairlead.pool;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.Transition;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Events on their way to a listener. They are put in line where something happens, under whichever lock makes the order
 * true, and told later by {@link #deliver}, when none is held: a listener may do what it likes, the pool's own methods
 * included. One thread at a time delivers; what others put in line meanwhile it delivers too.
 */
final class Events implements PoolListener {

  private final PoolListener listener;
  private final Queue<Runnable> line = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();

  Events(PoolListener listener) {
    this.listener = listener;
  }

  @Override
  public void joined(Member member) {
    line.add(() -> listener.joined(member));
  }

  @Override
  public void draining(Member member) {
    line.add(() -> listener.draining(member));
  }

  @Override
  public void drained(Member member) {
    line.add(() -> listener.drained(member));
  }

  @Override
  public void vetoed(Member member, Veto veto) {
    line.add(() -> listener.vetoed(member, veto));
  }

  @Override
  public void lifted(Member member, Veto veto) {
    line.add(() -> listener.lifted(member, veto));
  }

  @Override
  public void circuitChanged(Member member, Transition transition) {
    line.add(() -> listener.circuitChanged(member, transition));
  }

  /** Tells what is in line, unless another thread (or this one, further up its stack) is at it and will. */
  void deliver() {
    if (waiting.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      for (Runnable event = line.poll(); event != null; event = line.poll()) {
        event.run();
      }
      seen = waiting.addAndGet(-seen);
    } while (seen != 0);
  }
}
