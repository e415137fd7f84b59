package io.fairlead;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.pool.PoolListener;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.StrategyListener;
import io.fairlead.time.Cancellable;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All listeners of a balancer, kept from doing harm. */
final class Listeners implements PoolListener, StrategyListener {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancerListener.class);

  private final String name;
  private final ReentrantLock changing = new ReentrantLock();
  // Exchanged under the lock, never written to.
  private volatile LoadBalancerListener[] listeners;
  private volatile boolean hearAttempts; // whether any of them does
  private final AtomicBoolean threw = new AtomicBoolean();
  private final AtomicBoolean warned = new AtomicBoolean();
  private final LongAdder withoutKey = new LongAdder();

  Listeners(String name, List<LoadBalancerListener> listeners) {
    this.name = name;
    set(listeners.toArray(LoadBalancerListener[]::new));
  }

  private void set(LoadBalancerListener... present) {
    listeners = present;
    hearAttempts = Arrays.stream(present).anyMatch(Listeners::hearsAttempts);
  }

  /** Most want to know of members only; to tell nobody of each attempt would cost it some objects all the same. */
  private static boolean hearsAttempts(LoadBalancerListener listener) {
    for (Method method : listener.getClass().getMethods()) {
      boolean ofAttempts = switch (method.getName()) {
        case "leased", "answered", "released" -> true;
        default -> false;
      };
      if (ofAttempts && method.getDeclaringClass() != LoadBalancerListener.class) {
        return true;
      }
    }
    return false;
  }

  /** From now on this one hears too, until it is taken out. */
  Cancellable add(LoadBalancerListener listener) {
    changing.lock();
    try {
      LoadBalancerListener[] longer = Arrays.copyOf(listeners, listeners.length + 1);
      longer[listeners.length] = listener;
      set(longer);
    } finally {
      changing.unlock();
    }
    AtomicBoolean there = new AtomicBoolean(true);
    return () -> {
      if (there.compareAndSet(true, false)) { // else, added twice, it would be gone twice
        remove(listener);
      }
    };
  }

  private void remove(LoadBalancerListener listener) {
    changing.lock();
    try {
      List<LoadBalancerListener> shorter = new ArrayList<>(Arrays.asList(listeners));
      for (int i = shorter.size() - 1; i >= 0; i--) {
        if (shorter.get(i) == listener) { // not by equals, which is the user's
          shorter.remove(i);
          break;
        }
      }
      set(shorter.toArray(LoadBalancerListener[]::new));
    } finally {
      changing.unlock();
    }
  }

  private void tell(Consumer<LoadBalancerListener> event) {
    for (LoadBalancerListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (Throwable e) { // an Error too, or a place in flight would never be given back
        if (threw.compareAndSet(false, true)) {
          log.error(
              "{}: the listener {} threw; further exceptions of listeners are not logged",
              name,
              listener,
              e);
        }
      }
    }
  }

  // Those of each attempt allocate nothing while nobody hears them.

  void leased(Member member, RequestContext context) {
    if (hearAttempts) {
      tell(listener -> listener.leased(member, context));
    }
  }

  void answered(Member member, Outcome outcome, long elapsedNanos) {
    if (hearAttempts) {
      Duration elapsed = Duration.ofNanos(elapsedNanos);
      tell(listener -> listener.answered(member, outcome, elapsed));
    }
  }

  void released(Member member) {
    if (hearAttempts) {
      tell(listener -> listener.released(member));
    }
  }

  void leaked(Member member) {
    tell(listener -> listener.leaked(member));
  }

  void retried(Member from, Member to) {
    tell(listener -> listener.retried(from, to));
  }

  void hedged(Member from, Member to) {
    tell(listener -> listener.hedged(from, to));
  }

  void rejected(LoadBalancingException reason) {
    tell(listener -> listener.rejected(reason));
  }

  @Override
  public void sessionMoved(String session, Member from, Member to) {
    tell(listener -> listener.sessionMoved(session, from, to));
  }

  // Counted, and not told one by one: if it happens at all, it happens with most requests.
  @Override
  public void keyMissing(RequestContext context) {
    withoutKey.increment();
    if (!warned.getPlain() && warned.compareAndSet(false, true)) {
      log.warn(
          "{}: the strategy goes by a key that a request does not have: {}. Such requests are"
              + " balanced by load; further ones are only counted (LoadBalancerSnapshot.withoutKey)",
          name,
          context);
    }
  }

  /** How many picks were for a request without the key that the strategy goes by. */
  long withoutKey() {
    return withoutKey.sum();
  }

  @Override
  public void joined(Member member) {
    tell(listener -> listener.joined(member));
  }

  @Override
  public void draining(Member member) {
    tell(listener -> listener.draining(member));
  }

  @Override
  public void drained(Member member) {
    tell(listener -> listener.drained(member));
  }

  @Override
  public void vetoed(Member member, Veto veto) {
    tell(listener -> listener.vetoed(member, veto));
  }

  @Override
  public void lifted(Member member, Veto veto) {
    tell(listener -> listener.lifted(member, veto));
  }

  @Override
  public void circuitChanged(Member member, Transition transition) {
    tell(listener -> listener.circuitChanged(member, transition));
  }
}
