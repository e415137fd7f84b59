package io.fairlead.health;

import io.fairlead.circuitbreaker.OpenGate;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;

/**
 * How many members of a pool may be out at once because their breakers opened: a share of those in scope, at least one where
 * there are two, and never all. What is so common that it hits more of them is not a member's fault, and taking those out
 * too would only give more to the rest.
 *
 * <p>Thread-safe and lock-free: a breaker reserves its place before it opens, so that no interleaving takes out one too many.
 */
public final class EjectionCap {

  private final double share;
  private final IntSupplier inScope;
  private final AtomicInteger taken = new AtomicInteger();

  /**
   * A cap.
   *
   * @param share of the members, more than 0 to 1
   * @param inScope how many members there are to choose from, now
   */
  public EjectionCap(double share, IntSupplier inScope) {
    this.share = share;
    this.inScope = inScope;
  }

  private int most() {
    int members = inScope.getAsInt();
    return Math.min(members - 1, Math.max(1, (int) (members * share)));
  }

  private boolean take() {
    for (int now = taken.get(); now < most(); now = taken.get()) {
      if (taken.compareAndSet(now, now + 1)) {
        return true;
      }
    }
    return false;
  }

  private void giveBack() {
    taken.getAndDecrement();
  }

  /** The place of a member that is not in scope yet. */
  Place place() {
    return new Place();
  }

  /**
   * One member's place under the cap, which it holds while its breaker is not closed. A member that is not in scope has none,
   * and its breaker does not open: what still comes is the end of requests from before.
   */
  final class Place implements OpenGate {

    private enum Hold {
      OUTSIDE,
      FREE,
      HELD
    }

    private final AtomicReference<Hold> hold = new AtomicReference<>(Hold.OUTSIDE);

    @Override
    public boolean mayOpen() {
      if (!take()) {
        return false;
      }
      if (hold.compareAndSet(Hold.FREE, Hold.HELD)) {
        return true;
      }
      giveBack();
      return false;
    }

    @Override
    public void closed() {
      if (hold.compareAndSet(Hold.HELD, Hold.FREE)) {
        giveBack();
      }
    }

    /** The member is in scope from now on. */
    void enter() {
      hold.compareAndSet(Hold.OUTSIDE, Hold.FREE);
    }

    /** The member is in scope no more, and takes no place from those who are. */
    void leave() {
      if (hold.getAndSet(Hold.OUTSIDE) == Hold.HELD) {
        giveBack();
      }
    }
  }
}
