package io.fairlead.pool;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Tracker;
import io.fairlead.time.NanoClock;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * A member of a {@link Pool}, and the account of its requests. For each request the balancer calls {@code enter}, and if
 * that granted a place {@code answered} and {@code released}, once each and in this order.
 */
public final class PoolMember implements Member {

  private final Pool pool;
  private final Occupancy occupancy = new Occupancy();
  private final Policies policies;
  private final Map<Outcome.Kind, LongAdder> counts = new EnumMap<>(Outcome.Kind.class);
  private volatile Edition edition;
  private volatile long silentSince;
  private Tracker tracker = Tracker.NONE; // set before the member is published, as the next
  private boolean tracked;

  /**
   * What it is, since the membership with this number, and what it was before: until that membership takes effect, requests
   * go by the old one, in which nobody must lose a weight that only the new one takes.
   */
  record Edition(Backend backend, int since, Backend before) {}

  PoolMember(Pool pool, Backend backend) {
    this.pool = pool;
    this.edition = new Edition(backend, 0, backend);
    this.policies = new Policies(pool, this);
    for (Outcome.Kind kind : Outcome.Kind.values()) {
      counts.put(kind, new LongAdder());
    }
  }

  void track(Tracker tracker) {
    this.tracker = tracker;
    this.tracked = !tracker.equals(Tracker.NONE);
  }

  Edition edition() {
    return edition;
  }

  void edition(Edition changed) {
    edition = changed;
  }

  /** Whether it is a member of this pool, now or once. */
  public boolean belongsTo(Pool pool) {
    return this.pool == pool;
  }

  /** A place for one request that starts now. False if the member drains. */
  public boolean enter(long now) {
    if (occupancy.outstanding() == 0) {
      // Before the count, so that nobody sees something outstanding since an hour ago. Until the
      // count it means nothing.
      silentSince = now;
    }
    if (!occupancy.enter()) {
      return false;
    }
    try {
      tracker.started(now);
    } catch (Throwable e) {
      pool.strategyThrew(e);
    }
    return true;
  }

  /** The outcome of a request is known. */
  public void answered(Outcome outcome, long startNanos, long now) {
    Outcome.Kind kind = outcome.kind();
    if (kind != Outcome.Kind.ABANDONED
        && kind != Outcome.Kind.IGNORED
        && kind != Outcome.Kind.TIMEOUT) {
      silentSince = now;
    }
    counter(kind).increment();
    occupancy.answered();
    try {
      tracker.answered(outcome, startNanos, now);
    } catch (Throwable e) {
      pool.strategyThrew(e);
    }
  }

  /** A request has ended. */
  public void released(NanoClock clock) {
    if (tracked) { // or the time would be read for nobody
      try {
        tracker.released(clock.nanos());
      } catch (Throwable e) {
        pool.strategyThrew(e);
      }
    }
    pool.released(this, occupancy.released());
  }

  /** Takes no new requests. True if there are none to wait for, and it is gone with this. */
  boolean drain() {
    return occupancy.drain();
  }

  /** Takes requests again. False if it is gone. */
  boolean revive() {
    return occupancy.revive();
  }

  /** Tells that it has joined, if it was not told yet. */
  void announce() {
    policies.announce();
  }

  /** No policy has a hold on it any more. */
  void close() {
    policies.close();
  }

  MemberControl control(String policy) {
    return policies.control(policy);
  }

  /** Whether vetoes and weight allow it to be picked. */
  boolean pickable(boolean panic, Membership membership) {
    Standing standing = policies.standing();
    return (standing.available() || (panic && !standing.hard())) && weight(membership) > 0;
  }

  @Override
  public Backend backend() {
    return edition.backend;
  }

  @Override
  public int inFlight() {
    return occupancy.inFlight();
  }

  @Override
  public int outstanding() {
    return occupancy.outstanding();
  }

  @Override
  public long silentSince() {
    return silentSince;
  }

  @Override
  public double weight() {
    return weight(pool.publication().all);
  }

  double weight(Membership membership) {
    int own = ownWeight(membership.number());
    return (own == 0 && membership.allWeightsZero() ? 1 : own)
        * policies.standing().factor();
  }

  /** The backend's own weight in the membership with this number. */
  int ownWeight(int membership) {
    Edition now = edition;
    return (membership - now.since >= 0 ? now.backend : now.before).weight();
  }

  @Override
  public boolean available() {
    return policies.standing().available() && !draining();
  }

  @Override
  public boolean draining() {
    return occupancy.draining();
  }

  @Override
  public List<Veto> vetoes() {
    return policies.standing().vetoes();
  }

  @Override
  public long count(Outcome.Kind kind) {
    return counter(kind).sum();
  }

  private LongAdder counter(Outcome.Kind kind) {
    return Objects.requireNonNull(counts.get(kind));
  }

  @Override
  public String toString() {
    return edition.backend.toString();
  }
}
