package io.fairlead.strategy;

import io.fairlead.backend.Member;
import io.fairlead.request.RequestContext;

/** Hears from a strategy what its balancer's users should know. Thread-safe; called by threads that make requests. */
public interface StrategyListener {

  /**
   * A session goes to another member from now on.
   *
   * @param from where it went until now; it is no longer available, or its weight is 0
   */
  void sessionMoved(String session, Member from, Member to);

  /** A strategy that goes by a key got a request without one, and picked a member by other means. Said once for each pick. */
  void keyMissing(RequestContext context);
}
