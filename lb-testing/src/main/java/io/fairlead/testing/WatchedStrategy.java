package io.fairlead.testing;

import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Environment;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.Tracker;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A strategy that does what another does, and remembers what was wrong with it: a balancer makes the best of a strategy that
 * throws, or names whom it may not, and so hides it.
 */
final class WatchedStrategy implements Strategy {

  private final Strategy strategy;
  private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
  private final LongAdder inVain = new LongAdder();
  private final AtomicInteger closed = new AtomicInteger();

  WatchedStrategy(Strategy strategy) {
    this.strategy = strategy;
  }

  /** What it threw, and that it named strangers; empty if all is well. */
  Queue<Throwable> wrong() {
    return wrong;
  }

  /** How often it was asked and named nobody, or somebody whom the choice did not accept. */
  long inVain() {
    return inVain.sum();
  }

  /** How often its selector was closed. */
  int closed() {
    return closed.get();
  }

  @Override
  public Selector start(Environment environment) {
    return new WatchedSelector(
        watch("start", () -> Objects.requireNonNull(strategy.start(environment), "the selector")));
  }

  private <T extends @Nullable Object> T watch(String method, Callable<T> call) {
    try {
      return call.call();
    } catch (RuntimeException | Error e) {
      wrong.add(new AssertionError(method + " threw " + e, e));
      throw e;
    } catch (Exception e) { // thrown past the compiler, as other languages may
      wrong.add(new AssertionError(method + " threw " + e, e));
      throw new IllegalStateException(e);
    }
  }

  private void watch(String method, Runnable call) {
    this.<@Nullable Object>watch(method, () -> {
      call.run();
      return null;
    });
  }

  private final class WatchedSelector implements Selector {
    private final Selector selector;

    WatchedSelector(Selector selector) {
      this.selector = selector;
    }

    @Override
    public Picker picker(Members members) {
      Picker picker =
          watch("picker", () -> Objects.requireNonNull(selector.picker(members), "the picker"));
      Set<Member> own = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int i = 0; i < members.size(); i++) {
        own.add(members.get(i));
      }
      return new Picker() {
        @Override
        public @Nullable Member pick(Choice choice) {
          return WatchedSelector.this.pick(picker, choice, own);
        }

        @Override
        public boolean carries(Choice choice, Member due) {
          return watch("carries", () -> picker.carries(choice, due));
        }
      };
    }

    private @Nullable Member pick(Picker picker, Choice choice, Set<Member> own) {
      Member named =
          WatchedStrategy.this.<@Nullable Member>watch("pick", () -> picker.pick(choice));
      if (named != null && !own.contains(named)) {
        wrong.add(new AssertionError(
            "pick named " + named + ", which is not in the membership of its picker: " + own));
      }
      if (named == null || !choice.accepts(named)) {
        inVain.increment();
      }
      return named;
    }

    @Override
    public Members scope(Members all) {
      return watch("scope", () -> Objects.requireNonNull(selector.scope(all), "the scope"));
    }

    @Override
    public Tracker track(Member member) {
      Tracker tracker =
          watch("track", () -> Objects.requireNonNull(selector.track(member), "the tracker"));
      return tracker == Tracker.NONE ? tracker : new WatchedTracker(tracker);
    }

    @Override
    public void forget(Member member) {
      watch("forget", () -> selector.forget(member));
    }

    @Override
    public void close() {
      closed.incrementAndGet();
      watch("close", selector::close);
    }
  }

  private final class WatchedTracker implements Tracker {
    private final Tracker tracker;

    WatchedTracker(Tracker tracker) {
      this.tracker = tracker;
    }

    @Override
    public void started(long now) {
      watch("started", () -> tracker.started(now));
    }

    @Override
    public void answered(Outcome outcome, long startNanos, long now) {
      watch("answered", () -> tracker.answered(outcome, startNanos, now));
    }

    @Override
    public void released() {
      watch("released", tracker::released);
    }
  }
}
