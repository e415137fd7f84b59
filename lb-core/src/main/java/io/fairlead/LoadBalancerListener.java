package io.fairlead;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.time.Duration;

/**
 * Hears what happens in a balancer. Each method does nothing unless overridden.
 *
 * <p>{@link #leased}, {@link #answered} and {@link #released} are called exactly once for each attempt, in this order, on
 * the thread that does the thing; those of several attempts come at the same time, from several threads. The events of
 * members ({@link #joined} to {@link #circuitChanged}) come one at a time and in order. Between the two kinds there is none but this:
 * {@code drained} comes after the {@code released} of the attempt that the server had to wait for. {@code leased} may come before
 * {@code joined}, since a server gets requests from the moment that it is in the pool.
 *
 * <p>No lock is held during any of them, so that a listener may call the balancer. It must not block: it is called by a thread
 * that makes a request, or by the one timer of all balancers, which ends vetoes and keeps what goes by weights up to date.
 *
 * <p>A listener that throws is logged, once, and never breaks a request.
 */
public interface LoadBalancerListener {

  /** An attempt begins. */
  default void leased(Member member, RequestContext context) {}

  /** An attempt's outcome is known. */
  default void answered(Member member, Outcome outcome, Duration elapsed) {}

  /** An attempt has ended, and its place is given back. */
  default void released(Member member) {}

  /** The place of an attempt was never given back, and was recovered. {@code released} has been called. */
  default void leaked(Member member) {}

  /**
   * A call goes on with a further attempt. {@code leased} has been called for it.
   *
   * @param from where it was before
   * @param to where it goes now; the same one if only a connection was lost
   */
  default void retried(Member from, Member to) {}

  /**
   * A call is hedged: a further attempt begins beside the one that is under way. {@code leased} has been called for it.
   *
   * @param from where the call is under way already
   * @param to where it goes too
   */
  default void hedged(Member from, Member to) {}

  /**
   * A sticky session goes to another server from now on.
   *
   * @param from where it went until now; it is no longer available, or its weight is 0
   */
  default void sessionMoved(String session, Member from, Member to) {}

  /** A request got no server, not even for a first attempt. */
  default void rejected(LoadBalancingException reason) {}

  /** A server is in the pool and takes requests: it is new, or it returned while it drained. */
  default void joined(Member member) {}

  /** A server has left the pool: it gets nothing new, and what is in flight finishes. */
  default void draining(Member member) {}

  /** A server that has left has ended its last request. */
  default void drained(Member member) {}

  /** A policy wants a server to get no new requests. */
  default void vetoed(Member member, Veto veto) {}

  /** A policy's veto has ended. */
  default void lifted(Member member, Veto veto) {}

  /**
   * The circuit breaker of a server has changed its state. The server is out of the choice until it is closed: {@link #vetoed} has
   * been called before this when it opened, for the policy {@code ejection}, and {@link #lifted} when it has closed.
   */
  default void circuitChanged(Member member, Transition transition) {}
}
