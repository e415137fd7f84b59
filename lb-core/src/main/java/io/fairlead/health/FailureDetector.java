package io.fairlead.health;

import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreakerListener;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What judges one member by the outcomes of its requests: a circuit breaker. The member is ejected <em>by</em> its opening,
 * there are not two machines that could disagree: while it is open a statistical veto keeps choices away, and after that its
 * half-open permits let few requests try.
 *
 * <p>Thread-safe; a permit and its outcome take no lock and allocate nothing.
 */
public final class FailureDetector implements CircuitBreakerListener {

  /** The name of this policy, which no other may have. */
  public static final String POLICY = "ejection";

  private static final Logger log = LoggerFactory.getLogger(FailureDetector.class);

  private final MemberControl control;
  private final EjectionCap.Place place;
  private final Consumer<Transition> listener;
  private final CircuitBreaker breaker;

  /**
   * A detector of a member that is not in scope yet.
   *
   * @param name of the breaker, for people
   * @param recipe of its breaker, with its time and chance
   * @param cap on how many may be out
   * @param control of the member, for the policy {@link #POLICY}
   * @param listener hears each transition, after the veto was set or lifted
   */
  public FailureDetector(
      String name,
      CircuitBreaker.Builder recipe,
      EjectionCap cap,
      MemberControl control,
      Consumer<Transition> listener) {
    this.control = control;
    this.place = cap.place();
    this.listener = listener;
    this.breaker = recipe.copy().name(name).gate(place).listener(this).build();
  }

  /** The member can be chosen from now on. What was held against it before it left is forgotten. */
  public void enterScope() {
    place.enter();
    breaker.reset();
  }

  /** The member cannot be chosen any more. */
  public void leaveScope() {
    place.leave();
  }

  /**
   * A permit for a request that starts now, or {@link CircuitBreaker#REJECTED}.
   *
   * @param panic whether the request is to be let through even so, uncounted
   */
  public long tryAcquire(long now, boolean panic) {
    long permit = breaker.tryAcquire(now);
    return permit == CircuitBreaker.REJECTED && panic ? CircuitBreaker.UNCOUNTED : permit;
  }

  /** The permit was not used. */
  public void cancel(long permit) {
    breaker.cancel(permit);
  }

  /** The outcome of a request is known. One that asks for less, with a 503 or a 429, is no failure, and a success on trial only. */
  public void answered(long permit, Outcome outcome, long elapsedNanos, long now) {
    switch (outcome.kind()) {
      case SUCCESS -> breaker.succeeded(permit, elapsedNanos, now);
      case CONNECT, TIMEOUT, PROTOCOL, SERVER_ERROR -> breaker.failed(permit, elapsedNanos, now);
      case ABANDONED -> breaker.abandoned(permit, elapsedNanos, now);
      case UNAVAILABLE, THROTTLED -> {
        if (trusts()) {
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
        control.vetoUntil(Veto.Kind.STATISTICAL, transition.reason(), transition.untilNanos());
        place.out();
        long millis = (transition.untilNanos() - transition.atNanos()) / 1_000_000;
        log.info("{}: ejected for {} ms: {}", breaker.name(), millis, transition.reason());
      }
      case CLOSED -> {
        control.lift();
        log.info("{}: no longer ejected: {}", breaker.name(), transition.reason());
      }
      default -> {} // half-open: the veto has ended by itself
    }
    listener.accept(transition);
  }

  /** For how long no permit is granted, in nanoseconds from now, zero or more; {@link Long#MAX_VALUE} if one is. */
  public long rejectsFor(long now) {
    return trusts() ? Long.MAX_VALUE : Math.max(0, breaker.retryAtNanos(now) - now);
  }

  /** Whether few requests at a time may try the member. */
  public boolean onTrial() {
    return !trusts() && breaker.state() == CircuitBreaker.State.HALF_OPEN;
  }

  /** Whether nothing is held against the member, nor is it on trial: the breaker is closed. */
  public boolean trusts() {
    return breaker.isClosed();
  }

  /** The breaker's state, now. */
  public CircuitBreaker.State state() {
    return breaker.state();
  }
}
