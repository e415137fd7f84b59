package io.fairlead.retry;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one call does next: it is told what happened, and answers what to do. A transport of one's own drives it like this:
 *
 * <pre>{@code
 * CallPlan plan = balancer.plan(context);
 * List<FailedAttempt> failures = new ArrayList<>();
 * Lease lease = null;
 * CallPlan.Answer answer = plan.next(START, 0, null, balancer.clock().nanos());
 * while (answer == SEND) {
 *   Lease next;
 *   try {
 *     next = lease == null ? balancer.acquire(context) : lease.another(plan.target());
 *   } catch (LoadBalancingException e) {
 *     answer = plan.next(NOBODY, plan.attempt(), null, balancer.clock().nanos());
 *     if (answer == FAIL && failures.isEmpty()) {
 *       throw e;
 *     }
 *     continue;
 *   }
 *   if (lease != null) {
 *     lease.close();
 *   }
 *   lease = next;
 *   // send to lease.backend(), find out the outcome, lease.record(outcome); if it failed, add it to failures
 *   answer = plan.next(answerCame ? ANSWERED : FAILED, plan.attempt(), outcome, lease.answeredNanos());
 * }
 * // DELIVER: give the caller what came, and close the lease when that has been read.
 * // FAIL: close the lease, throw new AttemptsFailedException(balancer, failures).
 * }</pre>
 *
 * <p>The policy is failover. What certainly never reached a backend goes to another that was not yet tried, as long as there
 * is one, up to {@value #MAX_ATTEMPTS} attempts. What may have reached one goes to another only if it is
 * {@linkplain RequestContext#repeatable() repeatable} and nothing of an answer came, up to {@value #MAX_SENDS} times in all.
 * Where only a kept connection {@linkplain Outcome#connectionLost() was lost}, the same backend gets it first, once more. No
 * attempt begins after the context's {@linkplain RequestContext#timeout timeout}.
 *
 * <p>One thread at a time.
 */
public final class CallPlan {

  /** The largest number of attempts of one call. */
  public static final int MAX_ATTEMPTS = 32;

  /** How many attempts of one call may have reached a backend and come to nothing; a lost connection does not count. */
  public static final int MAX_SENDS = 3;

  /** What happened. */
  public enum Event {
    /** The call begins. */
    START,
    /** Nobody could be leased for the attempt that was to be sent. */
    NOBODY,
    /** An answer came, good or bad, or part of one. The outcome is what it tells of the backend. */
    ANSWERED,
    /** The attempt failed and nothing of an answer came. The outcome tells how. */
    FAILED
  }

  /** What to do. */
  public enum Answer {
    /** Lease a member, as {@link #target} says, and send the request there as the {@link #attempt}-th attempt. */
    SEND,
    /** Give the caller what the {@link #attempt}-th attempt brought. The call is over. */
    DELIVER,
    /** Give up, and tell the caller what was tried. The call is over. */
    FAIL,
    /** Nothing: the event came too late to matter. */
    NOTHING
  }

  /** To whom the next attempt may go. */
  public enum Target {
    /** To anyone; to whom it went before only if nobody else is left. */
    ANYONE,
    /** To someone to whom it did not go before. */
    UNTRIED,
    /** To the same one as just before, over a fresh connection. */
    SAME
  }

  private final boolean repeatable;
  private final long startNanos;
  private final @Nullable Duration timeout;
  private int attempt;
  private int sends;
  private Target target = Target.ANYONE;
  private boolean over;

  /**
   * A plan for one call.
   *
   * @param context what is known of the request
   * @param startNanos the time at which the call begins
   */
  public CallPlan(RequestContext context, long startNanos) {
    this.repeatable = context.isRepeatable();
    this.timeout = context.timeout();
    this.startNanos = startNanos;
  }

  /**
   * Takes an event and answers it.
   *
   * @param attempt the attempt that it is about, as {@link #attempt()} told when it was to be sent; 0 for {@code START}
   * @param outcome of {@code ANSWERED} and {@code FAILED}; else null
   * @param now the time, on the same clock as the call's start
   */
  public Answer next(Event event, int attempt, @Nullable Outcome outcome, long now) {
    boolean starts = event == Event.START;
    if (over || attempt != this.attempt || starts != (attempt == 0)) {
      return Answer.NOTHING;
    }
    return switch (event) {
      case START -> send(Target.ANYONE);
      // The one that lost a connection may have left the pool meanwhile.
      case NOBODY -> target == Target.SAME ? replace(Target.UNTRIED) : end(Answer.FAIL);
      case ANSWERED -> end(Answer.DELIVER);
      case FAILED -> failed(Objects.requireNonNull(outcome, "outcome"), now);
    };
  }

  private Answer failed(Outcome outcome, long now) {
    boolean reached = !outcome.isUnsent();
    if (reached && !outcome.isConnectionLost()) {
      sends++;
    }
    if ((reached && !repeatable) || sends >= MAX_SENDS || attempt >= MAX_ATTEMPTS || late(now)) {
      return end(Answer.FAIL);
    }
    if (outcome.isConnectionLost() && target != Target.SAME) {
      return send(Target.SAME);
    }
    return outcome.failed() || outcome.isConnectionLost() ? send(Target.UNTRIED) : end(Answer.FAIL);
  }

  private boolean late(long now) {
    return timeout != null && now - startNanos >= timeout.toNanos();
  }

  private Answer send(Target whom) {
    attempt++;
    return replace(whom);
  }

  private Answer replace(Target whom) {
    target = whom;
    return Answer.SEND;
  }

  private Answer end(Answer last) {
    over = true;
    return last;
  }

  /** The attempt that the last answer is about; the first is 1. */
  public int attempt() {
    return attempt;
  }

  /** To whom the attempt may go that is to be sent. */
  public Target target() {
    return target;
  }
}
