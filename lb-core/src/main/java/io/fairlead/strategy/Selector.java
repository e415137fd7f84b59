package io.fairlead.strategy;

import io.fairlead.backend.Member;
import io.fairlead.backend.Members;

/**
 * A strategy at work in one balancer, over all changes of its membership. What must survive a change is held here: round
 * robin's counter, say, or what was learned of each member.
 *
 * <p>{@code scope}, {@code picker} and {@code close} are called by one thread at a time, and never by one that is making a
 * request; {@code forget} by any. What {@code scope}, {@code track} or {@code picker} throw refuses the update of the pool that
 * they were called for.
 */
@FunctionalInterface
public interface Selector extends AutoCloseable {

  /**
   * A picker for a membership. It is built before the membership takes effect, so it may take its time, and is used until
   * the next one takes its place.
   *
   * @param members those in {@linkplain #scope scope}
   */
  Picker picker(Members members);

  /**
   * Narrows a membership to the part of it that this balancer is to use; all by default. Everything else then sees this
   * part only.
   *
   * @return {@code all}, or a view of it made with {@link Members#where}
   */
  default Members scope(Members all) {
    return all;
  }

  /**
   * A tracker for a member, if this strategy wants to hear of its requests. Called once for each member, before the first
   * picker that knows it is made; the tracker hears of it until the member is {@linkplain #forget forgotten}, whatever changes
   * of its weight or metadata there are.
   */
  default Tracker track(Member member) {
    return Tracker.NONE;
  }

  /** Lets go of what is held for a member. Called once, when it has left and its last request has ended. */
  default void forget(Member member) {}

  /**
   * Lets go of everything. Called once, when the balancer is closed and its last request has ended. A choice that was under way
   * may still ask an old picker after it, whose answer then does not count; it must do no harm.
   */
  @Override
  default void close() {}
}
