package io.fairlead.pool;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.health.FailureDetector;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Tracker;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * A member of a {@link Pool}, and the account of its requests. For each request the balancer calls {@code enter}, and if
 * that granted a permit {@code answered} and {@code releaseOne}, once each and in this order, and then
 * {@link Pool#released}.
 */
public final class PoolMember extends Occupancy implements Member {

  /** From {@link #enter(long, boolean)}: no permit. */
  public static final long REFUSED = CircuitBreaker.REJECTED;

  private final Pool pool;
  private final @Nullable ConcurrencyLimit limit;
  private final FailureDetector detector;

  // What a choice asks, in the object itself and not behind it.
  private volatile Standing standing = Standing.CLEAN;
  private volatile long silentSince;
  private volatile int ownWeight; // the backend's
  private volatile Backend backend;
  private Tracker tracker = Tracker.NONE; // set before the member is published

  private final AtomicLongArray counts = new AtomicLongArray(Outcome.Kind.values().length);
  private final Policies policies;
  private final Silence.Seen seen = new Silence.Seen();

  PoolMember(Pool pool, Backend backend) {
    this.pool = pool;
    this.backend = backend;
    this.ownWeight = backend.weight();
    this.policies = new Policies(pool, this);
    this.limit = pool.newLimit();
    this.detector = pool.newDetector(this);
  }

  void track(Tracker tracker) {
    this.tracker = tracker;
  }

  /** Makes it another backend, in all memberships. */
  void become(Backend changed) {
    backend = changed;
    ownWeight = changed.weight();
  }

  /** Whether it is a member of this pool, now or once. */
  public boolean belongsTo(Pool pool) {
    return this.pool == pool;
  }

  /**
   * A permit for one request that starts now, or {@link #REFUSED} and nothing has changed: it drains, or has as many in flight as
   * its limit allows, or its detector has lost faith in it.
   *
   * @param panic whether a lost faith is disregarded
   */
  public long enter(long now, boolean panic) {
    if (limit != null && !limit.tryAcquire()) {
      return REFUSED;
    }
    return granted(detector.tryAcquire(now, panic), now);
  }

  /**
   * A permit for one request that starts now, as a probe, or {@link #REFUSED} and nothing has changed: as in {@link #enter(long,
   * boolean)}, or it is not out, or not due, or others are at it.
   *
   * @param early whether a member that can't be connected to may be tried before it is due
   */
  public long probe(long now, boolean early) {
    if (limit != null && !limit.tryAcquire()) {
      return REFUSED;
    }
    return granted(detector.tryProbe(now, early), now);
  }

  private long granted(long permit, long now) {
    if (permit != REFUSED && enter(now)) {
      return permit;
    }
    if (permit != REFUSED) {
      detector.cancel(permit);
    }
    if (limit != null) {
      limit.release();
    }
    return REFUSED;
  }

  /** A place for one request that starts now. False if the member drains. */
  private boolean enter(long now) {
    if (outstanding() == 0) {
      // Before the count, so that nobody sees something outstanding since an hour ago. Until the
      // count it means nothing.
      silentSince = now;
    }
    int before = enter();
    if (before == DRAINS) {
      return false;
    }
    pool.silence().began();
    if (before == 0 && silentSince - now < 0) {
      // The last one that was outstanding ended, without an answer, between the look and the count.
      silentSince = now;
    }
    try {
      tracker.started(now);
    } catch (Throwable e) {
      pool.strategyThrew(e);
    }
    return true;
  }

  /** The outcome of a request is known. */
  public void answered(long permit, Outcome outcome, long startNanos, long now) {
    Outcome.Kind kind = outcome.kind();
    if (kind != Outcome.Kind.ABANDONED
        && kind != Outcome.Kind.IGNORED
        && kind != Outcome.Kind.TIMEOUT) {
      silentSince = now;
    }
    counts.getAndIncrement(place(kind));
    answered();
    if (limit != null) {
      limit.observe(outcome, Math.max(0, now - startNanos), now); // clocks of one's own may go back
    }
    detector.answered(permit, outcome, now - startNanos, now);
    pool.silence().answered(kind, now - startNanos);
    pool.pushback().answered(this, outcome, startNanos, now);
    try {
      tracker.answered(outcome, startNanos, now);
    } catch (Throwable e) {
      pool.strategyThrew(e);
    }
  }

  /** A request has ended. Returns whether it was the last one of a member that drains. */
  public boolean releaseOne() {
    try {
      tracker.released();
    } catch (Throwable e) {
      pool.strategyThrew(e);
    }
    if (limit != null) {
      limit.release();
    }
    return released();
  }

  /**
   * In how long it may be asked, if nothing keeps it from that but what its requests have told: in nanoseconds from now, zero or more;
   * {@link Long#MAX_VALUE} if it is not kept from it, or by something else.
   */
  long waitNanos(long now, Membership membership) {
    Standing standing = this.standing;
    long wait = detector.rejectsFor(now);
    boolean known = wait != Long.MAX_VALUE && isMeant(standing, membership);
    for (Veto veto : standing.vetoes()) {
      if (veto.policy().equals(Pushback.RETRY_AFTER)) {
        long asked = Math.max(0, veto.untilNanos() - now);
        wait = wait == Long.MAX_VALUE ? asked : Math.max(wait, asked);
        known = isMeant(standing, membership);
      } else if (Policies.isForeign(veto)) {
        return Long.MAX_VALUE;
      }
    }
    return known ? wait : Long.MAX_VALUE;
  }

  /** Whether nothing is held against it, nor is it on trial. */
  boolean isTrusted() {
    return standing.available() && detector.trusts();
  }

  /** Whether its detector lets but few requests try it, and as many are under way. */
  public boolean onTrial(long now) {
    return detector.onTrial(now);
  }

  /** Its concurrency limit, or null if there is none. */
  public @Nullable ConcurrencyLimit limit() {
    return limit;
  }

  /** Its failure detector. */
  public FailureDetector detector() {
    return detector;
  }

  /** It can be chosen from now on. */
  void enterScope() {
    detector.enterScope();
  }

  /** It can be chosen no more. */
  void leaveScope() {
    detector.leaveScope();
  }

  /** Tells that it has joined, if it was not told yet. */
  void announce() {
    policies.announce();
  }

  /** No policy has a hold on it any more. */
  void close() {
    policies.close();
  }

  /** The hold of a policy on it, of the balancer's own too. */
  public MemberControl control(String policy) {
    return policies.control(policy);
  }

  /** Whether vetoes and weight allow it to be picked. */
  boolean pickable(boolean panic, Membership membership) {
    Standing standing = this.standing;
    return standing.allows(panic) && isMeant(standing, membership);
  }

  private boolean isMeant(Standing standing, Membership membership) {
    return standing.factor() > 0 && (ownWeight > 0 || membership.allWeightsZero());
  }

  /** Whether nothing but its own failure detector keeps it from being picked, if anything does. */
  boolean probeable(Membership membership) {
    Standing standing = this.standing;
    return !standing.foreign() && isMeant(standing, membership);
  }

  Silence.Seen seen() {
    return seen;
  }

  Standing standing() {
    return standing;
  }

  void standing(Standing standing) {
    this.standing = standing;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public long silentSince() {
    return silentSince;
  }

  @Override
  public double weight() {
    int own = ownWeight;
    return (own == 0 && pool.publication().all.allWeightsZero() ? 1 : own) * standing.factor();
  }

  @Override
  public boolean available() {
    return standing.available() && !draining();
  }

  @Override
  public List<Veto> vetoes() {
    return standing.vetoes();
  }

  @Override
  public long count(Outcome.Kind kind) {
    return counts.get(place(kind));
  }

  @SuppressWarnings("EnumOrdinal") // a place in an array of this object's own, never stored
  private static int place(Outcome.Kind kind) {
    return kind.ordinal();
  }

  @Override
  public String toString() {
    return backend.toString();
  }
}
