package io.fairlead.health;

import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreakerListener;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What judges one member by the outcomes of its requests. It is out while its circuit breaker is not closed, which is a
 * statistical judgement and under the pool's cap, or while it can't be connected to, which is a fact. A member that is out is
 * vetoed until a probe, a single request that is sent there all the same, shows that it is well.
 *
 * <p>Thread-safe; a permit and its outcome take no lock and allocate nothing while the member is in.
 */
public final class FailureDetector implements CircuitBreakerListener {

  /** The name of the policy of members that fail, which no other may have. */
  public static final String EJECTION = "ejection";

  /** The name of the policy of members that can't be connected to, which no other may have. */
  public static final String REACHABILITY = "reachability";

  /** What a detector tells its pool. */
  public interface Listener {

    /** The breaker has changed its state, and the veto was set or lifted. */
    void circuitChanged(Transition transition);

    /** The member is in: it needs no probe. One thread at a time, as in {@link #probeFrom}. */
    void noProbe();

    /** The member is out, and may be probed from this reading of the clock on; {@link #revise} must be called then. */
    void probeFrom(long nanos);
  }

  private static final String SILENT = "silent for ";

  private static final Logger log = LoggerFactory.getLogger(FailureDetector.class);

  private final String name;
  private final NanoClock clock;
  private final MemberControl ejection;
  private final MemberControl unreachable;
  private final Listener listener;
  private final EjectionCap.Place place;
  private final @Nullable CircuitBreaker breaker;
  private final Reachability reachability;
  private final AtomicInteger revisions = new AtomicInteger();
  private volatile boolean inScope;
  private volatile long overdueNanos; // means something while the breaker is not closed
  private volatile boolean silent; // is why it was ejected, and all that is held against it
  private boolean vetoed; // as unreachable; of whoever is revising

  /**
   * A detector of a member that is not in scope yet.
   *
   * @param name of the member, for people
   * @param recipe of its breaker, with its time and chance; null for none
   * @param cap on how many may be out by their breakers
   * @param ejection the member's control for the policy {@link #EJECTION}
   * @param unreachable the member's control for the policy {@link #REACHABILITY}
   */
  public FailureDetector(
      String name,
      NanoClock clock,
      Chance chance,
      CircuitBreaker.@Nullable Builder recipe,
      EjectionCap cap,
      MemberControl ejection,
      MemberControl unreachable,
      Listener listener) {
    this.name = name;
    this.clock = clock;
    this.ejection = ejection;
    this.unreachable = unreachable;
    this.listener = listener;
    this.place = cap.place();
    this.reachability = new Reachability(chance);
    this.breaker = recipe == null
        ? null
        : recipe.copy().name(name).gate(place).listener(this).build();
  }

  /** The member can be chosen from now on. What was held against it before it left is forgotten. */
  public void enterScope() {
    place.enter();
    inScope = true;
    reachability.reset();
    if (breaker != null) {
      breaker.reset();
    }
    revise();
  }

  /** The member cannot be chosen any more. */
  public void leaveScope() {
    inScope = false;
    place.leave();
    revise();
  }

  /**
   * A permit for a request that starts now, or {@link CircuitBreaker#REJECTED}.
   *
   * @param panic whether the request is to be let through even so, uncounted
   */
  public long tryAcquire(long now, boolean panic) {
    if (breaker == null) {
      return CircuitBreaker.UNCOUNTED;
    }
    long permit = breaker.tryAcquire(now);
    if (permit == CircuitBreaker.REJECTED) {
      return panic ? CircuitBreaker.UNCOUNTED : permit;
    }
    if (!breaker.isClosed()) {
      revise(); // it was a trial's, and perhaps the last one to be had
    }
    return permit;
  }

  /**
   * A permit for a probe of the member, if it is out and may be probed, or {@link CircuitBreaker#REJECTED}.
   *
   * @param early whether a member that can't be connected to may be tried before that is due: nothing is sent to it if it fails
   */
  public long tryProbe(long now, boolean early) {
    long permit = CircuitBreaker.REJECTED;
    if (reachability.isOut()) {
      permit = reachability.lend(now, early);
    } else if (breaker != null && !breaker.isClosed()) {
      permit = breaker.tryAcquire(now);
    }
    if (permit != CircuitBreaker.REJECTED) {
      revise();
    }
    return permit;
  }

  /** The permit was not used. */
  public void cancel(long permit) {
    if (Reachability.isLoan(permit)) {
      reachability.cancel(permit);
    } else if (breaker != null) {
      breaker.cancel(permit);
    }
    reviseIfOut();
  }

  /** The outcome of a request is known. One that asks for less, with a 503 or a 429, is no failure, and a success on trial only. */
  public void answered(long permit, Outcome outcome, long elapsedNanos, long now) {
    Outcome.Kind kind = outcome.kind();
    long counted = permit;
    if (Reachability.isLoan(permit)) {
      reachability.settle(permit, kind, now - elapsedNanos, now);
      revise();
      counted = breaker != null && Reachability.gotThrough(kind)
          ? breaker.tryAcquire(now)
          : CircuitBreaker.REJECTED;
    } else if (kind == Outcome.Kind.CONNECT) {
      // A server that comes and goes shows in the breaker's rate; one that is gone is no statistic.
      if (inScope && reachability.failed(now - elapsedNanos, now) > 1) {
        cancel(permit);
        revise();
        return;
      }
    } else if (Reachability.gotThrough(kind)) {
      reachability.reached();
    }
    if (breaker != null && counted != CircuitBreaker.REJECTED) {
      tell(breaker, counted, kind, elapsedNanos, now);
      if (!breaker.isClosed() && silent && kind == Outcome.Kind.SUCCESS) {
        breaker.reset(); // an answer after all, and silence is all that was held against it
      }
      reviseIfOut();
    }
  }

  static void tell(
      CircuitBreaker breaker, long permit, Outcome.Kind kind, long elapsedNanos, long now) {
    switch (kind) {
      case SUCCESS -> breaker.succeeded(permit, elapsedNanos, now);
      case CONNECT, TIMEOUT, PROTOCOL, SERVER_ERROR -> breaker.failed(permit, elapsedNanos, now);
      case ABANDONED -> breaker.abandoned(permit, elapsedNanos, now);
      case UNAVAILABLE, THROTTLED -> {
        if (breaker.isClosed()) {
          breaker.cancel(permit);
        } else { // on trial, who speaks for himself is there again
          breaker.succeeded(permit, 0, now);
        }
      }
      case IGNORED -> breaker.cancel(permit);
    }
  }

  @Override
  public void transition(CircuitBreaker breaker, Transition transition) {
    switch (transition.to()) {
      case OPEN -> {
        long until = transition.untilNanos();
        long open = until - transition.atNanos();
        overdueNanos = until + open;
        silent = transition.reason().startsWith(SILENT);
        ejection.veto(Veto.Kind.STATISTICAL, transition.reason());
        place.out();
        log.info("{}: ejected for {} ms: {}", name, open / 1_000_000, transition.reason());
      }
      case CLOSED -> {
        ejection.lift();
        if (!reachability.isOut()) {
          log.info("{}: no longer ejected: {}", name, transition.reason());
        }
      }
      default -> {} // half-open: whether it stays out is for probes to show
    }
    listener.circuitChanged(transition);
    revise();
  }

  /**
   * The member has answered nothing for a conspicuous time: it is ejected, if there is a place under the cap.
   *
   * @param nanos since when, ago
   * @param outstanding how many requests it has not answered
   */
  public void silent(long nanos, int outstanding) {
    if (breaker != null && !reachability.isOut()) {
      breaker.trip(SILENT + nanos / 1_000_000 + " ms with " + outstanding + " outstanding");
    }
  }

  /** One of the member's endpoints was found to fail, and what it did is not to be held against the others. */
  public void endpointOpened() {
    if (breaker != null && breaker.isClosed()) {
      breaker.reset();
    }
  }

  private void reviseIfOut() {
    if (isOut()) {
      revise();
    }
  }

  /**
   * Makes what is known outside agree with how the member stands: whether it is vetoed as unreachable, and from when on it may be
   * probed. If another thread is at it, that one does it once more, so that what was found last is what stays.
   */
  public void revise() {
    if (revisions.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    try {
      do {
        reviseOnce();
        seen = revisions.addAndGet(-seen);
      } while (seen != 0);
    } finally {
      if (seen != 0) {
        revisions.set(0); // out of memory: the next change tries again
      }
    }
  }

  private void reviseOnce() {
    boolean cut = reachability.isOut();
    if (cut != vetoed) {
      vetoed = cut;
      if (cut) {
        unreachable.veto(Veto.Kind.HARD, "no connection, twice in a row");
        log.info("{}: unreachable: no connection, twice in a row", name);
        if (breaker != null) {
          breaker.reset(); // after the veto; it is out beside those who take a place under the cap
        }
      } else {
        unreachable.lift();
        log.info("{}: reachable again", name);
      }
    }
    if (!inScope || !isOut()) {
      listener.noProbe();
    } else if (cut || breaker == null) {
      listener.probeFrom(reachability.dueNanos());
    } else {
      listener.probeFrom(breaker.retryAtNanos(clock.nanos()));
    }
  }

  /** For how long no permit is granted, in nanoseconds from now, zero or more; {@link Long#MAX_VALUE} if one is. */
  public long rejectsFor(long now) {
    if (reachability.isOut()) {
      return Math.max(0, reachability.dueNanos() - now);
    }
    return breaker == null || breaker.isClosed()
        ? Long.MAX_VALUE
        : Math.max(0, breaker.retryAtNanos(now) - now);
  }

  /** Whether few requests at a time may try the member. */
  public boolean onTrial(long now) {
    return reachability.isOut()
        ? reachability.isTried(now)
        : breaker != null
            && !breaker.isClosed()
            && breaker.state(now) == CircuitBreaker.State.HALF_OPEN;
  }

  /** Whether nothing is held against the member, nor is it on trial. */
  public boolean trusts() {
    return !isOut();
  }

  private boolean isOut() {
    return reachability.isOut() || (breaker != null && !breaker.isClosed());
  }

  /** Whether it can't be connected to. */
  public boolean isUnreachable() {
    return reachability.isOut();
  }

  /** Whether a probe has been due for as long as the member was left alone before that, and no suitable request came. */
  public boolean isOverdue(long now) {
    return reachability.isOut() ? reachability.isOverdue(now) : now - overdueNanos >= 0;
  }

  /** The breaker's state, now; null if there is none. */
  public CircuitBreaker.@Nullable State state() {
    return breaker == null ? null : breaker.state();
  }
}
