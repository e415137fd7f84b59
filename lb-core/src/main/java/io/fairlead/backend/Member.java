package io.fairlead.backend;

import io.fairlead.request.Outcome;
import java.util.List;

/**
 * A {@link Backend} in a {@link BackendPool}, with its live state. As long as its id, host, port and zone stay in the pool it
 * stays the same object, whatever its weight and metadata are.
 *
 * <p>Thread-safe and live: each method tells what holds at the moment of the call. Read-only to users; what changes it
 * are the requests that it gets, and the {@linkplain MemberControl vetoes and factors} of policies.
 */
public interface Member {

  /** The backend, with the weight and metadata that it has now: those of the last update that has taken effect. */
  Backend backend();

  /** How many requests it has, from their start to the end of the answer's body. */
  int inFlight();

  /** How many requests it has of which no outcome is known yet: at most {@link #inFlight()}. */
  int outstanding();

  /**
   * Since when it has been silent while something was outstanding: the time of its last answer, or that of the start
   * that made {@link #outstanding()} go from 0 to 1, whichever came later. What was abandoned, ignored or timed out is no
   * answer. Means nothing while nothing is outstanding.
   *
   * @return nanoseconds on the balancer's clock
   */
  long silentSince();

  /** Its weight now: the backend's, times the factor of each policy. 0 or more; 0 for no new requests. */
  double weight();

  /** Whether it may get new requests: nobody has a veto, and it is not draining. */
  boolean available();

  /** Whether it has left the pool. What is in flight finishes; nothing new comes, unless it returns before that. */
  boolean draining();

  /** Why it may get no new requests: the vetoes that stand now. Empty if there are none. */
  List<Veto> vetoes();

  /** How many attempts ended in an outcome of this kind, since it joined. */
  long count(Outcome.Kind kind);
}
