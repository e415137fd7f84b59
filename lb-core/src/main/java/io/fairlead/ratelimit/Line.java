package io.fairlead.ratelimit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What a bucket has spent, on the line of {@link Units}: all of its state is one word. To take writes it once, with a CAS; to be
 * refused writes nothing.
 *
 * <p>A line ends: after a minute for the fastest rates, after decades for usual ones. Then, or when the bucket gets other limits
 * or is forgotten, the word is sealed, by setting a bit that makes it look like a debt that nobody outlives, so that whoever came
 * late is refused, looks twice, and finds the line's successor. A sealed word still tells what was spent, so any thread can make
 * the successor, and nobody waits for the one who began. The owner's reference to its line is replaced by CAS, which decides whose
 * successor it is.
 *
 * <p>Readings of the clock from before the line's origin count as the origin, and what was spent only grows but for refunds, so an
 * old reading finds fewer permits, and never more.
 */
class Line {

  /** Not to be had in the time given. */
  static final long REFUSED = -1;

  /** The line has ended or is sealed: ask its successor. */
  static final long ENDED = -2;

  /** On top of any word. */
  private static final long SEAL = 1L << 62;

  /** What is spent stays below this, so that with the seal and a cost on top it stays below 2⁶³. */
  private static final long MAX_SPENT = 3L << 60;

  private static final VarHandle SPENT;

  static {
    try {
      SPENT = MethodHandles.lookup().findVarHandle(Line.class, "spent", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Units units;
  private final long origin;
  private volatile long spent;

  private Line(Units units, long origin, long spent) {
    this.units = units;
    this.origin = origin;
    this.spent = spent;
  }

  /** A new bucket's. */
  static Line of(Units[] units, long now) {
    return of(units, 0, now);
  }

  /** One that holds a place: sealed, and without a bucket. */
  static Line pending(Units units) {
    return new Line(units, 0, SEAL);
  }

  final boolean isPending() {
    return spent == SEAL; // others have spent something, counted from before their origin
  }

  private static Line of(Units[] units, int i, long now) {
    long spent = Units.BASE - (units[i].limit.startsEmpty() ? 0 : units[i].capacity);
    return of(units[i], now, spent, i + 1 == units.length ? null : of(units, i + 1, now));
  }

  private static Line of(Units units, long origin, long spent, @Nullable Line rest) {
    return rest == null ? new Line(units, origin, spent) : new Several(units, origin, spent, rest);
  }

  /** The next limit of the same bucket. */
  @Nullable
  Line rest() {
    return null;
  }

  /**
   * Takes permits, in advance if they are there within the time given.
   *
   * @return the nanoseconds until they are there, {@link #REFUSED} or {@link #ENDED}
   */
  long take(long permits, long now, long maxWait) {
    Units units = this.units;
    units.check(permits);
    long nanos = now - origin;
    if (nanos > units.horizon) {
      return ENDED;
    }
    nanos = Math.max(0, nanos);
    long reading = units.at(nanos);
    long cost = permits * units.permit;
    long full = reading - units.capacity;
    long slack = units.slack(nanos, reading);
    while (true) {
      long spent = this.spent;
      long next;
      long wait = 0;
      if (spent <= full) {
        if (reading - spent >= units.cold) {
          return ENDED; // so that its successor begins with a ramp
        }
        next = full + slack + cost;
      } else {
        next = Math.max(spent, full + slack) + cost;
        if (next > reading) {
          if (spent >= SEAL) {
            return ENDED;
          }
          if (maxWait == 0 || next > MAX_SPENT) {
            return REFUSED;
          }
          wait = units.when(next) - nanos;
          if (wait > maxWait) {
            return REFUSED;
          }
        }
      }
      if (SPENT.compareAndSet(this, spent, next)) {
        return wait;
      }
      Thread.onSpinWait();
    }
  }

  /** As {@link #take}, but takes nothing; without a limit to the time. */
  long estimate(long permits, long now) {
    units.check(permits);
    long spent = this.spent;
    long nanos = Math.max(0, now - origin);
    if (spent >= SEAL || nanos > units.horizon) {
      return ENDED;
    }
    long reading = units.at(nanos);
    if (spent <= reading - units.capacity) {
      return 0;
    }
    // All but all of it takes a bucket that is full.
    long cost = permits * units.permit;
    long slack = units.slack(nanos, reading);
    long until = spent + (cost > units.capacity - slack ? units.capacity : cost);
    return Math.max(0, units.when(until) - nanos);
  }

  /** How many permits there are, or {@link #ENDED}. */
  long available(long now) {
    long spent = this.spent;
    long nanos = Math.max(0, now - origin);
    if (spent >= SEAL || nanos > units.horizon) {
      return ENDED;
    }
    return spent <= full(nanos)
        ? units.limit.capacity()
        : Math.max(0, units.at(nanos) - spent) / units.permit;
  }

  /** Puts permits back, as far as they fit. Whether the line still was one. */
  boolean refund(long permits, long now) {
    long nanos = Math.max(0, now - origin);
    if (nanos > units.horizon) {
      return false;
    }
    long full = full(nanos);
    while (true) {
      long spent = this.spent;
      if (spent >= SEAL) {
        return false;
      }
      if (spent <= full) {
        return true;
      }
      // Compared so, since the cost of as many permits as somebody may name would not fit.
      long next = permits > (spent - full) / units.permit ? full : spent - permits * units.permit;
      if (SPENT.compareAndSet(this, spent, next)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private long full(long nanos) {
    return units.at(nanos) - units.capacity;
  }

  /** Whether a new bucket would have no more than this one, for all limits. */
  boolean isFull(long now) {
    long nanos = Math.max(0, now - origin);
    // Beyond that, whatever can be owed has come back, and the line's reading would not fit.
    return nanos > 4 * units.horizon || (spent & ~SEAL) <= full(nanos);
  }

  /** Whether the bucket must warm up again, on a line of its own. */
  boolean isCold(long now) {
    long nanos = Math.max(0, now - origin);
    return nanos <= units.horizon && spent < SEAL && units.at(nanos) - spent >= units.cold;
  }

  /** Ends the line for good: nothing changes it from now on. */
  void seal() {
    SPENT.getAndBitwiseOr(this, SEAL);
  }

  /** What comes after this line, which is sealed: the same bucket, on a line with time left. */
  Line successor(long now) {
    return successor(now, null);
  }

  final Line successor(long now, @Nullable Line rest) {
    long nanos = Math.max(0, now - origin);
    long spent = this.spent & ~SEAL;
    if (nanos > 4 * units.horizon || units.at(nanos) - spent >= units.cold) {
      return of(units, origin + nanos, Units.BASE - units.capacity, rest);
    }
    long shift = units.shift(nanos);
    return of(units, origin + shift, Math.max(spent, full(nanos)) - units.shifted(shift), rest);
  }

  /** Another bucket, which has as much at this time, or null if the line has ended. */
  @Nullable
  Line copy(long now) {
    return copy(now, null);
  }

  final @Nullable Line copy(long now, @Nullable Line rest) {
    long spent = this.spent;
    return spent >= SEAL || now - origin > units.horizon ? null : of(units, origin, spent, rest);
  }

  /** What comes after these lines, which are sealed, with other limits, the first for the first. */
  static Line replacing(Line sealed, Carry carry, Units[] units, long now) {
    return replacing(sealed, carry, units, 0, now);
  }

  private static Line replacing(
      @Nullable Line sealed, Carry carry, Units[] units, int i, long now) {
    if (sealed == null || carry == Carry.RESET) {
      return of(units, i, now);
    }
    Line rest = i + 1 == units.length ? null : replacing(sealed.rest(), carry, units, i + 1, now);
    long nanos = Math.max(0, now - sealed.origin);
    long left = sealed.left(nanos);
    long had = carry == Carry.KEEP ? sealed.units.permit : sealed.units.capacity;
    long has = carry == Carry.KEEP ? units[i].permit : units[i].capacity;
    long kept = left >= 0
        ? Math.min(units[i].capacity, Units.multiplyDivide(left, has, had))
        : -Math.min(MAX_SPENT - Units.BASE, Units.multiplyDivideUp(-left, has, had));
    return of(units[i], sealed.origin + nanos, Units.BASE - kept, rest);
  }

  /** What is left, in units; less than 0 if permits were taken in advance. */
  private long left(long nanos) {
    if (nanos > 4 * units.horizon) {
      return units.capacity;
    }
    long spent = this.spent & ~SEAL;
    return spent <= full(nanos) ? units.capacity : units.at(nanos) - spent;
  }

  /** The line of one of several limits of a bucket, which holds those of the others. All give, or none does. */
  private static final class Several extends Line {
    private final Line rest;

    Several(Units units, long origin, long spent, Line rest) {
      super(units, origin, spent);
      this.rest = rest;
    }

    @Override
    Line rest() {
      return rest;
    }

    @Override
    long take(long permits, long now, long maxWait) {
      units.check(permits); // each line does, in their order, whatever is left in the others
      if (rest.isCold(now)) {
        return ENDED; // before any gives: what is given back does not make a bucket full again
      }
      // Asked before any gives, so that as a rule nobody sees permits leave that come back.
      long others = rest.estimate(permits, now);
      if (others == ENDED) {
        return ENDED;
      }
      if (others > maxWait) {
        return REFUSED;
      }
      long mine = super.take(permits, now, maxWait);
      if (mine < 0) {
        return mine;
      }
      others = rest.take(permits, now, maxWait);
      if (others < 0) {
        // Another thread came between. Should this line have been sealed since, then these permits
        // are lost until they are refilled: fewer, never more.
        super.refund(permits, now);
        return others;
      }
      return Math.max(mine, others);
    }

    @Override
    long estimate(long permits, long now) {
      long mine = super.estimate(permits, now);
      return mine == ENDED ? ENDED : atMost(mine, rest.estimate(permits, now));
    }

    /** The longer wait, or that one of the lines has ended. */
    private static long atMost(long mine, long others) {
      return others == ENDED ? ENDED : Math.max(mine, others);
    }

    @Override
    long available(long now) {
      return Math.min(super.available(now), rest.available(now)); // either has ended: so has this
    }

    @Override
    boolean refund(long permits, long now) {
      if (available(now) == ENDED || !super.refund(permits, now)) {
        return false;
      }
      // Should the others have been sealed this very moment, they do without: fewer, never more.
      rest.refund(permits, now);
      return true;
    }

    @Override
    boolean isCold(long now) {
      return super.isCold(now) || rest.isCold(now);
    }

    @Override
    boolean isFull(long now) {
      return super.isFull(now) && rest.isFull(now);
    }

    @Override
    void seal() {
      super.seal();
      rest.seal();
    }

    @Override
    @Nullable
    Line copy(long now) {
      Line others = rest.copy(now);
      return others == null ? null : copy(now, others);
    }

    @Override
    Line successor(long now) {
      return successor(now, rest.successor(now));
    }
  }
}
