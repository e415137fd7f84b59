package io.fairlead.strategy;

import io.fairlead.backend.Member;
import org.jspecify.annotations.Nullable;

/**
 * Names a member of one membership for each choice.
 *
 * <p>Thread-safe, and quick: it takes no lock, does not block, and allocates nothing that outlives the call. It writes
 * nothing but its own selector's state.
 */
@FunctionalInterface
public interface Picker {

  /**
   * Names a member.
   *
   * <p>A picker may name a member without asking whether the choice {@linkplain Choice#accepts accepts} it, or null: it is
   * then asked again, up to three times, with a {@linkplain Choice#draw() draw} that is one higher and another
   * {@linkplain Choice#random() random number}. After that the balancer takes any member that the choice accepts, by
   * weight. A picker that has an order of its own, as a ring has, asks as it walks.
   *
   * @param choice valid during this call only
   */
  @Nullable
  Member pick(Choice choice);

  /**
   * Whether this request would go to a member that can't be picked, if it could be: then it may be the one that shows whether the
   * member is well again. A picker that sends equal requests to the same member says no to those that belong elsewhere, so that none
   * is pulled away from where it is at home. If no request is carried for a while, one goes there all the same.
   *
   * <p>The choice {@linkplain Choice#accepts accepts} this member during the call. By default, any request would.
   *
   * @param choice valid during this call only; the first attempt of a request that may be repeated
   * @param due of this picker's membership
   */
  default boolean carries(Choice choice, Member due) {
    return true;
  }
}
