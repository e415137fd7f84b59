package io.fairlead.backend;

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
   * Vetoes the member, in place of this policy's earlier veto if there is one.
   *
   * @param kind whether a panic may override it
   * @param reason why, for people
   * @param untilNanos when it ends of itself, on the balancer's clock; {@link Veto#UNTIL_LIFTED} if it does not
   */
  void veto(Veto.Kind kind, String reason, long untilNanos);

  /** Lifts this policy's veto, if there is one. */
  void lift();

  /**
   * Sets this policy's factor of the member's weight.
   *
   * @param factor 0 to {@link #MAX_FACTOR}; 1 by default
   * @throws IllegalArgumentException if it is anything else
   */
  void factor(double factor);
}
