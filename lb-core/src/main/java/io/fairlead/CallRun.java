package io.fairlead;

import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import io.fairlead.time.Waiter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call being carried out: it does what its {@link CallPlan} says, on the caller's thread, and waits where that says so. Only a hedge
 * runs elsewhere, on the balancer's executor, beside the first attempt.
 *
 * <p>What both threads need is guarded by a lock, which there is only if the call may be hedged. No code of the user's runs under it.
 *
 * @param <T> what the call returns
 */
final class CallRun<T> implements Cancellable {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final Balancer balancer;
  private final TimeSource time;
  private final RequestContext context;
  private final CallBody<T> body;
  private final long attemptTimeoutNanos;
  private final long startNanos;
  private final @Nullable ReentrantLock lock;

  // Guarded by lock.
  private final CallPlan plan;
  private Answer answer = Answer.NOTHING; // what the caller's thread is to do
  private boolean over; // nothing is asked of the plan any more
  private boolean hasResult;
  private @Nullable T result;
  private @Nullable CallAttempt bringer; // of the result
  private @Nullable List<FailedAttempt> failures;
  private @Nullable Throwable bug; // of the body's, in a hedge

  // Of the caller's thread.
  private @Nullable LoadBalancingException refusal;
  private @Nullable Cancellable hedgeTimer;
  private boolean delivered;

  // Written under the lock, or before it matters.
  private volatile @Nullable CallAttempt here; // the caller's thread's present attempt, or its last
  private volatile @Nullable CallAttempt hedge; // under way or ended
  private volatile Waiter.@Nullable Signal wake;
  private volatile boolean cancelled;

  CallRun(Balancer balancer, RequestContext context, CallBody<T> body) {
    this.balancer = balancer;
    this.time = balancer.clock();
    this.context = context;
    this.body = body;
    this.plan = balancer.plan(context);
    this.attemptTimeoutNanos = balancer.attemptTimeoutNanos(context);
    this.lock = plan.mayHedge() ? new ReentrantLock() : null;
    this.startNanos = time.nanos();
  }

  // ---- what attempts ask ----

  /** 0 for none. */
  long attemptTimeoutNanos() {
    return attemptTimeoutNanos;
  }

  boolean mayHedge() {
    return lock != null;
  }

  /** Null if there is no time-out, since the scheduler threw. */
  @Nullable
  Cancellable at(long nanos, Runnable task) {
    try {
      return time.at(nanos, task);
    } catch (Throwable e) {
      log.warn("{}: an attempt without a time-out, since the scheduler threw", balancer.name(), e);
      return null;
    }
  }

  @Nullable
  Duration remaining(long attemptStartNanos) {
    Duration timeout = context.timeout();
    if (timeout == null && attemptTimeoutNanos == 0) {
      return null;
    }
    long now = time.nanos();
    long ofCall = timeout == null ? Long.MAX_VALUE : timeout.toNanos() - (now - startNanos);
    long ofAttempt =
        attemptTimeoutNanos == 0 ? Long.MAX_VALUE : attemptTimeoutNanos - (now - attemptStartNanos);
    return Duration.ofNanos(Math.max(0, Math.min(ofCall, ofAttempt)));
  }

  void runQuietly(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) { // an Error too, or a place in flight would never be given back
      log.warn("{}: what cancels an attempt, or lets go of its answer, threw", balancer.name(), e);
    }
  }

  // ---- what a queue asks ----

  long startNanos() {
    return startNanos;
  }

  /** A signal to wait for, which is raised when the call is cancelled. */
  Waiter.Signal waiting() {
    Waiter.Signal signal = time.signal();
    wake = signal;
    if (cancelled) { // by somebody who may not have seen it
      signal.raise();
    }
    return signal;
  }

  // ---- the caller's thread ----

  T run() throws IOException {
    try {
      body.started(this);
      tell(Event.START, 0, null, startNanos);
      while (true) {
        if (cancelled) {
          throw new IOException(balancer.name() + ": canceled");
        }
        switch (answer()) {
          case SEND -> send();
          case WAIT -> await();
          case DELIVER -> {
            return deliver();
          }
          case FAIL, NOTHING -> throw failure();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException(balancer.name() + ": interrupted");
      interrupted.initCause(e);
      throw interrupted;
    } finally {
      finish();
    }
  }

  private Answer answer() {
    lock();
    try {
      return answer;
    } finally {
      unlock();
    }
  }

  // While this is the answer nobody else tells the plan anything: a hedge is beside the first
  // attempt only.
  private void send() throws IOException, InterruptedException {
    int number = plan.attempt();
    Target target = plan.target();
    CallAttempt before = newest();
    Placement lease;
    try {
      lease =
          before == null ? balancer.acquire(context, this) : before.lease().another(target, this);
    } catch (LoadBalancingException e) {
      refusal = e;
      tell(Event.NOBODY, number, null, time.nanos());
      return;
    }
    letGo();
    CallAttempt attempt = new CallAttempt(this, lease, number, target);
    here = attempt;
    if (cancelled) {
      attempt.cancel(); // by somebody who may not have seen it
    }
    if (number == 1 && mayHedge()) {
      armHedge(lease);
    }
    carryOut(attempt);
  }

  private @Nullable CallAttempt newest() {
    CallAttempt second = hedge;
    return second != null ? second : here; // a hedge is let go of before the next one
  }

  /**
   * Of what was before the attempt that was just leased, and not sooner: a closing balancer waits for calls, and knows them by their
   * leases.
   */
  private void letGo() {
    T unwanted = result;
    boolean any = hasResult;
    hasResult = false;
    result = null;
    bringer = null;
    if (any) {
      discard(unwanted);
    }
    CallAttempt first = here;
    CallAttempt second = hedge;
    if (second != null) {
      second.lease().close();
      hedge = null;
    }
    if (first != null) {
      first.lease().close();
    }
  }

  private void await() throws InterruptedException {
    Waiter.Signal signal = time.signal();
    long until;
    lock();
    try {
      if (answer != Answer.WAIT) {
        return;
      }
      wake = signal;
      until = plan.until();
    } finally {
      unlock();
    }
    if (cancelled) {
      return; // by somebody who may not have seen the signal
    }
    boolean never = until == CallPlan.NEVER;
    boolean raised = signal.await(never ? time.nanos() + (Long.MAX_VALUE >> 1) : until);
    lock();
    try {
      wake = null;
      if (!raised && answer == Answer.WAIT) {
        answer = plan.next(Event.TIMER, 0, null, time.nanos());
      }
    } finally {
      unlock();
    }
  }

  @SuppressWarnings("NullAway") // null only if the body returned it
  private T deliver() {
    lock();
    try {
      delivered = true;
      T brought = result;
      result = null; // a call that is kept does not keep what came of it
      return brought;
    } finally {
      unlock();
    }
  }

  private IOException failure() {
    lock();
    try {
      if (bug != null) {
        throw CallRun.<RuntimeException>asIs(bug);
      }
      return failures == null
          ? Objects.requireNonNull(refusal, "refusal")
          : new AttemptsFailedException(balancer, failures);
    } finally {
      unlock();
    }
  }

  /** Throws it past the compiler: what a hedge's body throws is no other thing than what a first attempt's throws. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> E asIs(Throwable thrown) throws E {
    throw (E) thrown;
  }

  /** Nothing is left behind but what was delivered, and a hedge that lost, whose own thread sees to it. */
  private void finish() {
    CallAttempt first = here;
    CallAttempt second;
    boolean secondIsBack;
    lock();
    try {
      over = true;
      second = hedge;
      secondIsBack = second != null && second.isBack();
    } finally {
      unlock();
    }
    if (hedgeTimer != null) {
      hedgeTimer.cancel();
    }
    if (hasResult && !delivered) {
      discard(result);
    }
    if (second != null) {
      second.cancel();
      if (secondIsBack) {
        close(second);
      }
    }
    if (first != null) {
      first.end();
      close(first);
    }
  }

  private void close(CallAttempt attempt) {
    if (!(delivered && attempt == bringer && attempt.kept())) {
      attempt.lease().close();
    }
  }

  /** Cancels the call, unless it is over. Any thread. */
  @Override
  public void cancel() {
    cancelled = true;
    CallAttempt first = here;
    CallAttempt second = hedge;
    if (first != null) {
      first.cancel();
    }
    if (second != null) {
      second.cancel();
    }
    wakeCaller();
  }

  private void wakeCaller() {
    Waiter.Signal signal = wake;
    if (signal != null) {
      signal.raise();
    }
  }

  // ---- both threads ----

  private void lock() {
    if (lock != null) {
      lock.lock();
    }
  }

  private void unlock() {
    if (lock != null) {
      lock.unlock();
    }
  }

  /** Tells the plan, whose answer is for the caller's thread. */
  private void tell(Event event, int attempt, @Nullable Outcome outcome, long now) {
    lock();
    try {
      if (!over) {
        answer = plan.next(event, attempt, outcome, now);
      }
    } finally {
      unlock();
    }
  }

  private void carryOut(CallAttempt attempt) throws IOException, InterruptedException {
    try {
      T brought;
      try {
        brought = body.run(attempt);
      } catch (IOException e) {
        attempt.end();
        failed(attempt, e);
        return;
      } catch (Exception e) { // or what is thrown past the compiler, as other languages may
        attempt.end();
        if (!attempt.cancelled()) {
          throw e;
        }
        failed(attempt, new IOException("canceled", e)); // in the middle of whatever it did
        return;
      }
      attempt.end();
      if (attempt.cancelled()) {
        discard(brought);
        failed(attempt, new IOException("canceled"));
      } else {
        answered(attempt, brought);
      }
    } catch (IOException e) {
      throw e; // the caller's own affair, and recorded
    } catch (InterruptedException e) {
      attempt.end();
      attempt.lease().record(Outcome.abandoned());
      throw e;
    } catch (Throwable e) { // a bug of the body's tells nothing of the backend
      attempt.end();
      attempt.lease().record(Outcome.ignored());
      throw e;
    }
  }

  private void answered(CallAttempt attempt, @Nullable T brought) {
    Outcome outcome;
    try {
      outcome = outcome(attempt, brought, null);
    } catch (Throwable e) {
      discard(brought);
      throw e;
    }
    report(attempt, Event.ANSWERED, outcome, brought, null);
  }

  private void failed(CallAttempt attempt, IOException thrown) throws IOException {
    if (attempt.timedOut()) {
      attempt.lease().record(Outcome.timeout()); // the timer's thread may be late with it
      SocketTimeoutException timeout = new SocketTimeoutException(
          "no answer within " + Duration.ofNanos(attemptTimeoutNanos).toMillis() + " ms");
      timeout.initCause(thrown);
      report(attempt, Event.FAILED, Outcome.timeout(), null, timeout);
    } else if (attempt.cancelled()) {
      attempt.lease().record(Outcome.abandoned());
      if (!report(attempt, Event.FAILED, Outcome.abandoned(), null, thrown)) {
        throw thrown; // the caller has cancelled the call
      }
    } else {
      Outcome outcome = outcome(attempt, null, thrown);
      if (!report(attempt, Event.FAILED, outcome, null, thrown) && !CallPlan.isBad(outcome)) {
        throw thrown;
      }
    }
  }

  private Outcome outcome(CallAttempt attempt, @Nullable T brought, @Nullable IOException thrown) {
    Outcome recorded = attempt.lease().outcome();
    if (recorded != null) {
      return recorded;
    }
    Outcome outcome =
        Objects.requireNonNull(body.classify(brought, thrown), "what CallBody.classify told");
    attempt.lease().record(outcome);
    return outcome;
  }

  /** An attempt has come to something. Returns whether that is too late, since another one has won. */
  private boolean report(
      CallAttempt attempt,
      Event event,
      Outcome outcome,
      @Nullable T brought,
      @Nullable IOException failure) {
    boolean again;
    try {
      again = !CallPlan.isBad(outcome) || body.canRunAgain();
    } catch (Throwable e) {
      if (event == Event.ANSWERED) {
        discard(brought);
      }
      throw e;
    }
    boolean late;
    boolean ends = false;
    T unwanted = brought;
    boolean hasUnwanted = event == Event.ANSWERED;
    lock();
    try {
      attempt.back();
      late = over;
      if (!late) {
        if (event == Event.ANSWERED) {
          hasUnwanted = hasResult;
          unwanted = result;
          hasResult = true;
          result = brought;
          bringer = attempt;
        }
        if (CallPlan.isBad(outcome)) {
          failures = failures == null ? new ArrayList<>(2) : failures;
          failures.add(new FailedAttempt(attempt.backend(), outcome, failure));
        }
        if (!again) {
          plan.sendNoMore();
        }
        answer = plan.next(event, attempt.number(), outcome, answeredNanos(attempt));
        ends = answer == Answer.DELIVER || answer == Answer.FAIL;
        over = ends;
      }
    } finally {
      unlock();
    }
    if (hasUnwanted) {
      discard(unwanted);
    }
    if (late) {
      attempt.lease().close();
    } else if (attempt == hedge) {
      if (ends) {
        Objects.requireNonNull(here, "here").cancel();
      }
      wakeCaller();
    }
    return late;
  }

  private long answeredNanos(CallAttempt attempt) {
    long nanos = attempt.lease().answeredNanos();
    return nanos == 0 ? time.nanos() : nanos; // another thread is just recording it
  }

  private void discard(@Nullable T unwanted) {
    if (unwanted != null) { // else the body returned that, and there is nothing to let go of
      runQuietly(() -> body.discard(unwanted));
    }
  }

  // ---- the hedge ----

  private void armHedge(Placement lease) {
    lock();
    try {
      plan.next(Event.LEASED, 1, null, lease.startNanos());
    } finally {
      unlock();
    }
    try {
      hedgeTimer = time.at(plan.until(), () -> {
        try {
          balancer.executor().execute(this::hedge);
        } catch (Throwable e) { // an OutOfMemoryError, if there is no thread to be had
          log.warn("{}: no hedge, since the executor threw", balancer.name(), e);
        }
      });
    } catch (Throwable e) {
      log.warn("{}: no hedge, since the scheduler threw", balancer.name(), e);
    }
  }

  private void hedge() {
    CallAttempt attempt = beginHedge();
    if (attempt == null) {
      return;
    }
    try {
      carryOut(attempt);
    } catch (IOException e) {
      // The caller's own affair, and told already: as if there had been no hedge.
    } catch (InterruptedException e) {
      report(attempt, Event.FAILED, Outcome.abandoned(), null, null);
    } catch (Throwable e) {
      abort(attempt, e);
      wakeCaller();
    }
  }

  /** Null if there is nobody to hedge with, or no need to any more. */
  private @Nullable CallAttempt beginHedge() {
    CallAttempt first = Objects.requireNonNull(here, "here");
    int number;
    lock();
    try {
      // Once the first has ended, the time that has come may be that of a retry: the caller's.
      if (over || first.isBack() || plan.next(Event.TIMER, 0, null, time.nanos()) != Answer.SEND) {
        return null;
      }
      number = plan.attempt();
    } finally {
      unlock();
    }
    Placement lease;
    try {
      lease = first.lease().another(Target.HEDGE);
    } catch (Throwable e) { // an Error too, or the caller would wait for this hedge for ever
      if (!(e instanceof LoadBalancingException)) {
        log.warn("{}: no hedge, since choosing a server for it threw", balancer.name(), e);
      }
      tell(Event.NOBODY, number, null, time.nanos());
      wakeCaller();
      return null;
    }
    CallAttempt attempt = new CallAttempt(this, lease, number, Target.HEDGE);
    boolean late;
    lock();
    try {
      late = over;
      hedge = attempt;
    } finally {
      unlock();
    }
    if (late || cancelled) {
      attempt.cancel();
      lease.close();
      return null;
    }
    return attempt;
  }

  /** The body has a bug, which is the caller's to hear of. */
  private void abort(CallAttempt attempt, Throwable e) {
    boolean late;
    lock();
    try {
      attempt.back();
      late = over;
      if (!late) {
        bug = e;
        answer = Answer.FAIL;
        over = true;
      }
    } finally {
      unlock();
    }
    if (late) {
      attempt.lease().close();
    } else {
      Objects.requireNonNull(here, "here").cancel();
    }
  }
}
