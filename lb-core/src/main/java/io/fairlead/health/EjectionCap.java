package io.fairlead.health;

import io.fairlead.circuitbreaker.OpenGate;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;

/**
 * How many members of a pool may be out at once because their breakers opened: a share of those that are meant to get requests, at
 * least one where there are two, and never all; nor one that is the last to be picked, since the others are out for other reasons.
 * What is so common that it hits more of them is not a member's fault, and taking those out too would only give more to the rest.
 *
 * <p>Thread-safe and lock-free: a breaker reserves its place before it opens, so that no interleaving takes out one too many.
 */
public final class EjectionCap {

  /** So that 0.29 of 100 is 29 in doubles too. */
  private static final double ROUNDING = 1e-9;

  private final double share;
  private final IntSupplier members;
  private final IntSupplier available;
  private final AtomicInteger taken = new AtomicInteger();

  /** Those that are about to open, or ask whether they may, and can still be picked. */
  private final AtomicInteger opening = new AtomicInteger();

  /**
   * A cap.
   *
   * @param share of the members, more than 0 to 1
   * @param members how many there are that are meant to get requests, now, whatever is held against them
   * @param available how many of them can be picked, now
   */
  public EjectionCap(double share, IntSupplier members, IntSupplier available) {
    this.share = share;
    this.members = members;
    this.available = available;
  }

  private int most() {
    int all = members.getAsInt();
    return Math.min(all - 1, Math.max(1, (int) (all * share + ROUNDING)));
  }

  private boolean take() {
    if (taken.get() >= most()) {
      return false; // as a rule, when many fail
    }
    int now = opening.getAndIncrement();
    if (available.getAsInt() - now > 1) {
      for (int out = taken.get(); out < most(); out = taken.get()) {
        if (taken.compareAndSet(out, out + 1)) {
          return true;
        }
      }
    }
    opening.getAndDecrement();
    return false;
  }

  /** The place of a member that is not in scope yet. */
  Place place() {
    return new Place();
  }

  /**
   * One member's place under the cap, which it holds from before its breaker opens until it closes. A member that is not in scope
   * has none, and its breaker does not open: what still comes is the end of requests from before.
   */
  final class Place implements OpenGate {

    private enum Hold {
      OUTSIDE,
      FREE,
      /** Held by a member that is about to open, and can still be picked. */
      OPENING,
      OUT
    }

    private final AtomicReference<Hold> hold = new AtomicReference<>(Hold.OUTSIDE);

    @Override
    public boolean mayOpen() {
      if (!take()) {
        return false;
      }
      if (hold.compareAndSet(Hold.FREE, Hold.OPENING)) {
        return true;
      }
      giveBack(Hold.OPENING);
      return false;
    }

    /** The member can be picked no more. */
    void out() {
      if (hold.compareAndSet(Hold.OPENING, Hold.OUT)) {
        opening.getAndDecrement();
      }
    }

    @Override
    public void closed() {
      Hold now = hold.get();
      while (now == Hold.OPENING || now == Hold.OUT) {
        if (hold.compareAndSet(now, Hold.FREE)) {
          giveBack(now);
          return;
        }
        now = hold.get();
      }
    }

    /** The member is in scope from now on. */
    void enter() {
      hold.compareAndSet(Hold.OUTSIDE, Hold.FREE);
    }

    /** The member is in scope no more, and takes no place from those who are. */
    void leave() {
      giveBack(hold.getAndSet(Hold.OUTSIDE));
    }

    private void giveBack(Hold held) {
      if (held == Hold.OPENING) {
        opening.getAndDecrement();
      }
      if (held == Hold.OPENING || held == Hold.OUT) {
        taken.getAndDecrement();
      }
    }
  }
}
