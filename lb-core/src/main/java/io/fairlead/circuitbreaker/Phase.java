package io.fairlead.circuitbreaker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A stay of a breaker in one state, from one transition to the next. The breaker refers to the one that it is in; a transition is
 * one CAS of that reference, so that all that belongs to a state comes and goes with it, and what is counted late is counted in an
 * object that nobody looks at any more.
 */
abstract sealed class Phase {

  private static final VarHandle NEXT;

  static {
    try {
      NEXT = MethodHandles.lookup().findVarHandle(Phase.class, "next", Phase.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Tells the stays of one breaker apart; never 0. Wraps around after four billion. */
  final int generation;

  final long sinceNanos;

  /** How many times the breaker has opened in a row. */
  final int row;

  /** What led here; null if the state did not change. */
  final @Nullable Transition transition;

  /** How many transitions there were, this one included. */
  final long transitions;

  @SuppressWarnings("unused") // by NEXT
  private volatile @Nullable Phase next;

  /** The first. */
  private Phase(long now) {
    this.generation = 1;
    this.sinceNanos = now;
    this.row = 0;
    this.transition = null;
    this.transitions = 0;
  }

  private Phase(
      Phase before, CircuitBreaker.State to, String reason, long now, long until, int row) {
    CircuitBreaker.State from = before.state();
    this.generation = before.generation == -1 ? 1 : before.generation + 1;
    this.sinceNanos = now;
    this.row = row;
    this.transitions = before.transitions + (from == to ? 0 : 1);
    this.transition =
        from == to ? null : new Transition(transitions, from, to, reason, now, until, row);
  }

  abstract CircuitBreaker.State state();

  /** Whether a place of the {@link OpenGate} is held in it. */
  boolean holdsPlace() {
    return false;
  }

  /** Links what comes after it, by whoever made the transition. */
  final void next(Phase phase) {
    NEXT.setRelease(this, phase);
  }

  final @Nullable Phase next() {
    return (Phase) NEXT.getAcquire(this);
  }

  static final class Closed extends Phase {

    private static final VarHandle FAILURES;
    private static final VarHandle WINDOW;

    static {
      try {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        FAILURES = lookup.findVarHandle(Closed.class, "failuresInARow", int.class);
        WINDOW = lookup.findVarHandle(Closed.class, "window", Window.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    /** What each permit of this stay is. */
    final long permit;

    /** If it opens again before it has been closed for so long, it has opened once more in a row. */
    final long calmNanos;

    private volatile int failuresInARow;
    private volatile @Nullable Window window;

    Closed(long now) {
      super(now);
      this.permit = Permits.closed(generation);
      this.calmNanos = 0;
    }

    Closed(Phase before, String reason, long now, int row, long calmNanos) {
      super(before, CircuitBreaker.State.CLOSED, reason, now, now, row);
      this.permit = Permits.closed(generation);
      this.calmNanos = calmNanos;
    }

    @Override
    CircuitBreaker.State state() {
      return CircuitBreaker.State.CLOSED;
    }

    int failuresInARow() {
      return failuresInARow;
    }

    int oneMoreInARow() {
      return (int) FAILURES.getAndAdd(this, 1) + 1;
    }

    /** Ends the row of failures, unless it is that long already. */
    void endRow(int unless) {
      int now = failuresInARow;
      while (now != 0 && now < unless) {
        int seen = (int) FAILURES.compareAndExchange(this, now, 0);
        if (seen == now) {
          return;
        }
        now = seen;
      }
    }

    @Nullable
    Window window() {
      return window;
    }

    /** The window, made with the first call that ends: most of many breakers have nothing to do. */
    Window window(Settings settings, long now) {
      Window present = window;
      if (present == null) {
        Window made = settings.newWindow(now);
        present = (Window) WINDOW.compareAndExchange(this, null, made);
        return present == null ? made : present;
      }
      return present;
    }
  }

  static final class Open extends Phase {

    final long untilNanos;

    Open(Phase before, String reason, long now, long openNanos, int row) {
      super(before, CircuitBreaker.State.OPEN, reason, now, now + openNanos, row);
      this.untilNanos = now + openNanos;
    }

    @Override
    CircuitBreaker.State state() {
      return CircuitBreaker.State.OPEN;
    }

    @Override
    boolean holdsPlace() {
      return true;
    }
  }

  static final class HalfOpen extends Phase {

    final Trial trial;

    /** For how long it was open. */
    final long openNanos;

    HalfOpen(Open before, Settings settings, long now) {
      super(before, CircuitBreaker.State.HALF_OPEN, "the open time is over", now, now, before.row);
      this.openNanos = before.untilNanos - before.sinceNanos;
      this.trial = new Trial(
          settings.halfOpenPermits, settings.halfOpenSuccesses, settings.permitTimeoutNanos, now);
    }

    @Override
    CircuitBreaker.State state() {
      return CircuitBreaker.State.HALF_OPEN;
    }

    @Override
    boolean holdsPlace() {
      return true;
    }
  }

  /** Forced open, or disabled. */
  static final class Manual extends Phase {

    private final CircuitBreaker.State state;

    Manual(Phase before, CircuitBreaker.State state, String reason, long now) {
      super(before, state, reason, now, now, 0);
      this.state = state;
    }

    @Override
    CircuitBreaker.State state() {
      return state;
    }
  }
}
