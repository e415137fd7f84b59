package io.fairlead.pool;

/** Hears which members can be chosen, as that changes. Called while an update is made, one call at a time: must not block. */
public interface ScopeWatcher {

  /** It can be chosen from now on; nobody has chosen it yet, so that a veto now keeps it from taking any request. */
  void entering(PoolMember member);

  /** It can be chosen no more: it leaves the pool, or the strategy does without it. */
  void left(PoolMember member);
}
