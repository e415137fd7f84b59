package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.time.Cancellable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One attempt of a call. It ends once: by itself, or by being cancelled. */
final class CallAttempt implements Attempt {

  private static final int RUNNING = 0;
  private static final int ENDED = 1;
  private static final int CANCELLED = 2;
  private static final int TIMED_OUT = 3;

  private static final VarHandle STATE;
  private static final VarHandle ON_CANCEL;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(CallAttempt.class, "state", int.class);
      ON_CANCEL = lookup.findVarHandle(CallAttempt.class, "onCancel", Runnable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final CallRun<?> call;
  private final Placement lease;
  private final int number;
  private final Target target;
  private boolean kept;
  private boolean back; // guarded by the call's lock
  private @Nullable Cancellable timer;
  private volatile int state;
  private volatile @Nullable Runnable onCancel;

  CallAttempt(CallRun<?> call, Placement lease, int number, Target target) {
    this.call = call;
    this.lease = lease;
    this.number = number;
    this.target = target;
  }

  Placement lease() {
    return lease;
  }

  @Override
  public Backend backend() {
    return lease.backend();
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public boolean isHedge() {
    return target == Target.HEDGE;
  }

  @Override
  public @Nullable Duration remaining() {
    return call.remaining(lease.startNanos());
  }

  @Override
  public boolean mayBeCancelled() {
    return call.mayHedge() || call.attemptTimeoutNanos() > 0;
  }

  @Override
  public boolean afterLostConnection() {
    return target == Target.SAME;
  }

  @Override
  public Lease keep() {
    kept = true;
    return lease;
  }

  /** Whether somebody else closes the lease, if this attempt is what the call brings. */
  boolean kept() {
    return kept;
  }

  /** Whoever carried it out has told what became of it. Under the call's lock, as the other. */
  void back() {
    back = true;
  }

  boolean isBack() {
    return back;
  }

  @Override
  public void onCancel(Runnable cancel) {
    onCancel = Objects.requireNonNull(cancel, "cancel");
    if (cancelled()) {
      runOnCancel();
    } else if (call.attemptTimeoutNanos() > 0 && timer == null) {
      timer = call.at(lease.startNanos() + call.attemptTimeoutNanos(), this::timeOut);
    }
  }

  /** Once the server's outcome is known, what takes time is something else: a redirect's target, say. */
  private void timeOut() {
    if (lease.outcome() == null) {
      cancel(TIMED_OUT, Outcome.timeout());
    }
  }

  @Override
  public boolean cancelled() {
    return state >= CANCELLED;
  }

  /** Whether it is its own time that was over. */
  boolean timedOut() {
    return state == TIMED_OUT;
  }

  /** It has ended by itself, unless it was cancelled before. To be called by the thread that carries it out. */
  void end() {
    STATE.compareAndSet(this, RUNNING, ENDED);
    if (timer != null) {
      timer.cancel();
    }
  }

  /** Cancels it, unless it has ended. */
  void cancel() {
    cancel(CANCELLED, Outcome.abandoned());
  }

  private void cancel(int how, Outcome outcome) {
    if (STATE.compareAndSet(this, RUNNING, how)) {
      lease.record(outcome);
      runOnCancel();
    }
  }

  /** Once, though what is to run may have come while the state changed. */
  private void runOnCancel() {
    Runnable cancel = onCancel;
    if (cancel != null && ON_CANCEL.compareAndSet(this, cancel, null)) {
      call.runQuietly(cancel);
    }
  }
}
