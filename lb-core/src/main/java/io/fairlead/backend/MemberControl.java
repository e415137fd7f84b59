package io.fairlead.backend;

import java.time.Duration;

/**
 * One policy's hold on one {@link Member}: its own veto and its own factor of the weight. A member is available if no
 * policy has a veto, and its weight is the product of all factors; no policy can undo another's.
 *
 * <p>Thread-safe. Without effect once the member is gone.
 */
public interface MemberControl {

  /** The largest factor. */
  double MAX_FACTOR = 1_000_000;

  /** The member. */
  Member member();

  /**
   * Vetoes the member until the veto is lifted, in place of this policy's earlier veto if there is one.
   *
   * @param kind whether a panic may override it
   * @param reason why, for people
   */
  default void veto(Veto.Kind kind, String reason) {
    vetoUntil(kind, reason, Veto.UNTIL_LIFTED);
  }

  /**
   * Vetoes the member for a while, in place of this policy's earlier veto if there is one.
   *
   * @param kind whether a panic may override it
   * @param reason why, for people
   * @param time for how long, from now; zero or more
   */
  void veto(Veto.Kind kind, String reason, Duration time);

  /**
   * Vetoes the member until a given time, in place of this policy's earlier veto if there is one.
   *
   * @param kind whether a panic may override it
   * @param reason why, for people
   * @param untilNanos when it ends of itself, a reading of the balancer's clock; {@link Veto#UNTIL_LIFTED} if it does not
   */
  void vetoUntil(Veto.Kind kind, String reason, long untilNanos);

  /** Lifts this policy's veto, if there is one. */
  void lift();

  /**
   * Sets this policy's factor of the member's weight. That of all policies together is at most 10<sup>100</sup>.
   *
   * @param factor 0 to {@link #MAX_FACTOR}; 1 by default
   * @throws IllegalArgumentException if it is anything else
   */
  void factor(double factor);
}
