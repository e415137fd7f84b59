package io.fairlead.retry;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one call does next: it is told what happened, and answers what to do. It does nothing itself, and reads no clock, so
 * that the same decisions drive {@code LoadBalancer.call}, lb-okhttp's interceptor, a simulation, and a transport of one's own.
 * Whoever can run his request as a {@code CallBody} has no need of it. Others drive it like this, without hedges:
 *
 * <pre>{@code
 * CallPlan plan = balancer.plan(context);
 * List<FailedAttempt> failures = new ArrayList<>();
 * Lease lease = null;
 * CallPlan.Answer answer = plan.next(START, 0, null, balancer.clock().nanos());
 * while (answer == SEND || answer == WAIT) {
 *   if (answer == WAIT) {
 *     // wait until plan.until()
 *     answer = plan.next(TIMER, 0, null, balancer.clock().nanos());
 *     continue;
 *   }
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
 *     lease.close(); // and let go of the answer that it brought, if it did
 *   }
 *   lease = next;
 *   // send to lease.backend(), find out the outcome, lease.record(outcome); if it failed, add it to failures
 *   answer = plan.next(answerCame ? ANSWERED : FAILED, plan.attempt(), outcome, lease.answeredNanos());
 * }
 * // DELIVER: give the caller what plan.attempt() brought, and close the lease when that has been read.
 * // FAIL: close the lease, throw new AttemptsFailedException(balancer, failures).
 * }</pre>
 *
 * <p><b>What is repeated.</b> What certainly never reached a backend goes to another that was not yet tried, as long as there
 * is one, up to {@value #MAX_ATTEMPTS} attempts. What may have reached one goes to another only if it is {@linkplain
 * RequestContext#repeatable() repeatable}: if nothing of an answer came, or if the answer tells of a failure, of a backend that
 * asks to be left alone, or of one that asks for less. It does so as often as the {@link RetryPolicy} allows, and only while
 * there is something in the {@link RetryBudget}. Where only a kept connection {@linkplain Outcome#connectionLost() was lost},
 * the same backend gets it first, once more, and that is free. When nobody untried is left it waits, unless what failed was a
 * time-out and attempts have none of their own, for longer each time and not before the backend's {@code Retry-After}, and goes
 * to anyone. No attempt begins after the context's {@linkplain RequestContext#timeout timeout}, and nobody waits for one that
 * could not. In the end, an answer that is bad is given to the caller rather than none.
 *
 * <p><b>Hedging.</b> If the call may be {@linkplain Hedging hedged}, {@link #until} after the first SEND tells when: TIMER then
 * answers SEND for a second attempt beside the first. Whoever is answered well first ends the call; the other one is to be
 * cancelled. A failure while another attempt is under way is not repeated: that one is the repetition, unless it fails too.
 * Where LEASED is never told, as above, nothing is hedged.
 *
 * <p><b>What is not its affair.</b> It cancels nothing and times nothing out: an attempt that takes too long is cancelled by
 * whoever sends it, who tells that it {@linkplain Event#FAILED failed} by {@link Outcome#timeout()}.
 *
 * <p>One thread at a time.
 */
public final class CallPlan {

  /** The largest number of attempts of one call. */
  public static final int MAX_ATTEMPTS = 32;

  /** For {@link #until}: nothing is to be waited for but the attempts that are under way. */
  public static final long NEVER = Long.MAX_VALUE;

  /** What happened. */
  public enum Event {
    /** The call begins. */
    START,
    /**
     * Somebody was leased for the attempt, which begins now. To be told of the first one, if the call {@linkplain
     * CallPlan#mayHedge may be hedged}; answered with WAIT, while the attempt is being sent.
     */
    LEASED,
    /** It is the time that {@link CallPlan#until} told, or later. About no attempt: 0. */
    TIMER,
    /** Nobody could be leased for the attempt that was to be sent. */
    NOBODY,
    /** An answer came, good or bad. The outcome is what it tells of the backend. */
    ANSWERED,
    /** The attempt failed, and there is no answer that could be delivered. The outcome tells how. */
    FAILED
  }

  /** What to do. */
  public enum Answer {
    /** Lease a member, as {@link #target} says, and send the request there as the {@link #attempt}-th attempt. */
    SEND,
    /**
     * Wait for an attempt that is under way, or for {@link #until}, whichever comes first. Keep the answer that came last, if
     * one did, until another one comes or somebody is leased for {@code ANYONE} or {@code UNTRIED}.
     */
    WAIT,
    /** Give the caller what the {@link #attempt}-th attempt brought, and cancel what is still under way. The call is over. */
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
    SAME,
    /** To someone to whom it did not go before, beside the attempt that is under way. */
    HEDGE
  }

  private final CallPolicy policy;
  private final boolean repeatable;
  private final int maxSends;
  private final @Nullable Duration timeout;
  private final long hedgeDelay; // 0 for no hedge
  private final boolean timesOut; // attempts have a time-out of their own

  private long startNanos;
  private long firstNanos; // when the first attempt began
  private int attempts; // begun
  private int sends; // that may have reached a backend and came to nothing
  private int underway; // a bit for each attempt
  private int backoffs;
  private boolean counted; // in the budgets
  private boolean paid; // for the attempt to come
  private int held; // the attempt whose answer is to be delivered if no better one comes
  private @Nullable Outcome last; // of whoever ended last
  private int lastAttempt;
  private boolean exhausted;
  private long retryAt = NEVER;
  private long hedgeAt = NEVER;
  private int subject;
  private Target target = Target.ANYONE;
  private boolean started;
  private boolean over;

  CallPlan(CallPolicy policy, RequestContext context) {
    this.policy = policy;
    this.repeatable = context.isRepeatable();
    this.timeout = context.timeout();
    this.maxSends = policy.maxAttempts(context);
    this.hedgeDelay = policy.hedgeDelayNanos(context);
    this.timesOut = policy.attemptTimeoutNanos(context) > 0;
  }

  /** Whether this call may be hedged, so that two of its attempts can be under way at once. */
  public boolean mayHedge() {
    return hedgeDelay > 0;
  }

  /**
   * Takes an event and answers it.
   *
   * @param attempt the attempt that it is about, as {@link #attempt()} told when it was to be sent; 0 for {@code START} and
   *     {@code TIMER}
   * @param outcome of {@code ANSWERED} and {@code FAILED}; else null
   * @param now the time, on the balancer's clock
   */
  public Answer next(Event event, int attempt, @Nullable Outcome outcome, long now) {
    Objects.requireNonNull(event, "event");
    if (over || started != (event != Event.START)) {
      return Answer.NOTHING;
    }
    if (event == Event.START) {
      return start(now);
    }
    if (event == Event.TIMER) {
      return timer(now);
    }
    if (event == Event.LEASED) {
      leased(now);
      return Answer.WAIT;
    }
    if (attempt < 1 || attempt > attempts || (underway & bit(attempt)) == 0) {
      return Answer.NOTHING;
    }
    if (event == Event.NOBODY) {
      underway &= ~bit(attempt);
      return nobody(now);
    }
    Objects.requireNonNull(outcome, "outcome"); // while nothing has changed
    underway &= ~bit(attempt);
    ended(attempt, event == Event.ANSWERED, outcome, now);
    return decide(now);
  }

  private static int bit(int attempt) {
    return 1 << (attempt - 1);
  }

  private Answer start(long now) {
    started = true;
    startNanos = now;
    firstNanos = now;
    return send(Target.ANYONE);
  }

  /** What the call has waited for its place until now, in a queue perhaps, is no server's time. */
  private void leased(long now) {
    count(now);
    if (attempts == 1) {
      firstNanos = now;
      hedgeAt = hedgeDelay > 0 ? now + hedgeDelay : NEVER;
    }
  }

  /** A call counts once something was sent: one that is refused is no request, and pays for no retries. */
  private void count(long now) {
    if (!counted) {
      counted = true;
      policy.deposit(now);
    }
  }

  private Answer timer(long now) {
    if (retryAt != NEVER && now - retryAt >= 0) {
      retryAt = NEVER;
      return exhausted || late(now) ? end(now) : send(Target.ANYONE);
    }
    if (hedgeAt != NEVER && now - hedgeAt >= 0) {
      hedgeAt = NEVER;
      if (!exhausted && sends + 1 < maxSends && !late(now) && policy.tryWithdrawHedge(now)) {
        return send(Target.HEDGE);
      }
    }
    return Answer.WAIT;
  }

  private Answer nobody(long now) {
    attempts--; // it is none
    return switch (target) {
      // The one that lost a connection may have left the pool meanwhile.
      case SAME -> send(Target.UNTRIED);
      case UNTRIED -> backOff(now);
      case HEDGE -> {
        target = Target.ANYONE; // as if there had been no hedge
        yield underway != 0 ? Answer.WAIT : decide(now);
      }
      case ANYONE -> end(now);
    };
  }

  private void ended(int attempt, boolean answered, Outcome outcome, long now) {
    count(now);
    if (attempt == 1) {
      policy.observe(outcome, now - firstNanos, now);
      hedgeAt = NEVER;
    }
    if (!outcome.isUnsent() && !outcome.isConnectionLost()) {
      sends++;
    }
    last = outcome;
    lastAttempt = attempt;
    paid = false;
    if (target != Target.HEDGE) {
      held = 0; // what came before was let go of when this one was leased
    }
    if (answered) {
      held = attempt;
    }
  }

  /** What comes after an attempt has ended. */
  private Answer decide(long now) {
    Outcome outcome = Objects.requireNonNull(last);
    if (held == lastAttempt && !isBad(outcome)) {
      return end(now);
    }
    if (underway != 0) {
      return Answer.WAIT; // that one is the repetition
    }
    if (!mayGoOn(outcome) || late(now) || !pay(outcome, now)) {
      return end(now);
    }
    // After a hedge, "the same" could be either of two, of which one may have failed in earnest.
    boolean same = outcome.isConnectionLost() && target != Target.SAME && target != Target.HEDGE;
    return send(same ? Target.SAME : Target.UNTRIED);
  }

  /**
   * Whether an outcome is reason to look for another backend: it failed, asks to be spared, or a connection was lost. If it is
   * not, an answer is good enough, and a failure the caller's own affair.
   */
  public static boolean isBad(Outcome outcome) {
    return outcome.failed() || outcome.isConnectionLost() || outcome.retryAfter() != null;
  }

  private boolean mayGoOn(Outcome outcome) {
    return isBad(outcome)
        && (repeatable || outcome.isUnsent())
        && !exhausted
        && sends < maxSends
        && attempts < MAX_ATTEMPTS;
  }

  /** What reached nobody is a burden to nobody, and a lost connection is the connection's fault, once. */
  private boolean pay(Outcome outcome, long now) {
    boolean free = outcome.isConnectionLost() || outcome.kind() == Outcome.Kind.CONNECT;
    paid = paid || (!free && policy.tryWithdrawRetry(now));
    return free || paid;
  }

  /** Everybody was tried. Whether it is for the first time or not, the next one is sent to somebody who did not make it. */
  private Answer backOff(long now) {
    Outcome outcome = Objects.requireNonNull(last);
    long wait = policy.backoffNanos(backoffs);
    Duration told = outcome.retryAfter();
    if (told != null) {
      // No longer than that is ever waited: the caller is told instead.
      wait = Math.max(wait, told.compareTo(policy.longestBackoff()) > 0 ? NEVER : told.toNanos());
    }
    // Who took all the time that there is once more would make the caller wait as long again.
    boolean slow = outcome.kind() == Outcome.Kind.TIMEOUT && !timesOut;
    if (slow
        || backoffs + 1 >= maxSends
        || wait > policy.longestBackoff().toNanos()
        || late(now + wait)
        || !(paid || policy.tryWithdrawRetry(now))) {
      return end(now);
    }
    backoffs++;
    retryAt = now + wait;
    return Answer.WAIT;
  }

  private boolean late(long now) {
    return timeout != null && now - startNanos >= timeout.toNanos();
  }

  private Answer send(Target whom) {
    attempts++;
    subject = attempts;
    underway |= bit(attempts);
    target = whom;
    return Answer.SEND;
  }

  private Answer end(long now) {
    over = true;
    if ((underway & bit(1)) != 0) {
      // It lost against its hedge. Without its time the quantile would sink with each.
      policy.observe(Outcome.abandoned(), now - firstNanos, now);
    }
    if (held == 0) {
      return Answer.FAIL;
    }
    subject = held;
    return Answer.DELIVER;
  }

  /**
   * Nothing can be sent any more, whatever comes: the request's body is used up, say. What is under way goes on.
   */
  public void sendNoMore() {
    exhausted = true;
  }

  /** The attempt that the last answer is about; the first is 1. */
  public int attempt() {
    return subject;
  }

  /** To whom the attempt may go that is to be sent. */
  public Target target() {
    return target;
  }

  /** When to tell {@code TIMER}, on the balancer's clock; {@link #NEVER} if there is nothing to be told. */
  public long until() {
    return retryAt != NEVER ? retryAt : hedgeAt;
  }
}
