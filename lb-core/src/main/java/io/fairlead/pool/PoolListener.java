package io.fairlead.pool;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.Transition;

/** Hears what happens to members: one event at a time, in order, and never while a lock is held. */
public interface PoolListener {

  /** It takes requests: it is new, or it has returned while it drained. */
  void joined(Member member);

  /** It has left the set and takes nothing new. */
  void draining(Member member);

  /** It has left the set and its last request has ended. */
  void drained(Member member);

  /** A policy has a veto. */
  void vetoed(Member member, Veto veto);

  /** A policy's veto has ended. */
  void lifted(Member member, Veto veto);

  /** The breaker that is its failure detector has changed its state. */
  void circuitChanged(Member member, Transition transition);
}
