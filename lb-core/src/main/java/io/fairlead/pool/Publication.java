package io.fairlead.pool;

import io.fairlead.strategy.Picker;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A membership in effect, and the picker that was made for it: one reference, so that no choice ever sees the one without
 * the other.
 */
public final class Publication {

  final Membership all;
  private final Membership scope;
  private final Picker picker;

  Publication(Membership all, Membership scope, Picker picker) {
    this.all = all;
    this.scope = scope;
    this.picker = picker;
  }

  /** Names one of those in scope. */
  public Picker picker() {
    return picker;
  }

  /** How many are in scope. */
  public int size() {
    return scope.size();
  }

  /** One of those in scope, by its index. */
  public PoolMember member(int i) {
    return scope.get(i);
  }

  /** All who are in scope, whatever their weights; the caller's own set. */
  Set<PoolMember> members() {
    Set<PoolMember> members = new LinkedHashSet<>();
    for (int i = 0; i < size(); i++) {
      members.add(member(i));
    }
    return members;
  }

  /** All who are in scope and meant to get requests, by their own weights; the caller's own set. */
  Set<PoolMember> inScope() {
    Set<PoolMember> members = new LinkedHashSet<>();
    for (int i = 0; i < size(); i++) {
      if (scope.backend(i).weight() > 0 || scope.allWeightsZero()) {
        members.add(member(i));
      }
    }
    return members;
  }

  /** How many of those in scope are meant to get requests, whatever is held against them. */
  int meant() {
    return scope.meant();
  }

  /** How many of those in scope can be picked, at this very moment: {@code live()} may be behind. */
  int available() {
    int available = 0;
    for (int i = 0; i < size(); i++) {
      available += pickable(member(i)) ? 1 : 0;
    }
    return available;
  }

  /** Whether so few are available that statistical vetoes are disregarded. */
  public boolean panic() {
    return scope.live().panic();
  }

  /** Whether there is a panic by all that is known at this moment: {@link #panic} may be behind for the moment that it takes. */
  public boolean panicNow() {
    all.recompute();
    return panic();
  }

  /** Whether nothing but a member's own failure detector keeps it from being picked, if anything does. */
  public boolean probeable(PoolMember member) {
    return member.probeable(scope);
  }

  /**
   * In how long a member may be asked that is kept from it by what its requests have told and nothing else, in nanoseconds, zero or
   * more; else {@link Long#MAX_VALUE}.
   */
  public long waitNanos(PoolMember member, long now) {
    return member.waitNanos(now, scope);
  }

  /** Whether vetoes and weight allow a member to be picked now. */
  public boolean pickable(PoolMember member) {
    return scope.pickable(member);
  }
}
