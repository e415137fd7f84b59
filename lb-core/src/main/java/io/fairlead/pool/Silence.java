package io.fairlead.pool;

import io.fairlead.request.Outcome;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Notices who of a pool takes requests and answers none, before any time-out does: a member that has something outstanding and has
 * been silent for longer than anybody needs to answer, while others do answer. Where all are slow alike nobody is conspicuous.
 *
 * <p>It looks a few times in the time that it allows, and only while something is outstanding. A request pays two volatile reads.
 */
final class Silence {

  private static final Outcome.Kind[] KINDS = Outcome.Kind.values();

  /** How often it looks within the longest silence allowed: a member is noticed a quarter late at most. */
  private static final int LOOKS = 4;

  /** How many times the slowest answer a silence may be: requests differ, and servers pause. */
  private static final int PATIENCE = 3;

  /** After this time the slowest answer counts for half of what it was. */
  private static final double HALF_LIFE_NANOS = 30e9;

  /** What was seen of a member when it was last looked at; of the timer's task. */
  static final class Seen {
    private int watch; // when it was seen: numbers differ between one watch and the next
    private long answers;
    private boolean more; // in this watch
    private long moreNanos;

    /** Whether it was seen, in this watch and since then, to have answered once more. */
    private boolean answeredSince(long nanos, int watch) {
      return this.watch == watch && more && moreNanos - nanos >= 0;
    }
  }

  private final Pool pool;
  private final long maxNanos;
  private final long periodNanos;
  private final Timers.Timer look;
  private final AtomicBoolean watching;

  // Racy: of two that are slower than all before, the faster may stay, which the patience makes up
  // for.
  private volatile long slowestNanos;

  private int watch = 1; // of the timer's task

  /**
   * A watch.
   *
   * @param maxNanos how long a member may be silent; 0 for no watch
   */
  Silence(Pool pool, Timers timers, long maxNanos) {
    this.pool = pool;
    this.maxNanos = maxNanos;
    this.periodNanos = Math.max(1, maxNanos / LOOKS);
    this.look = timers.timer(this::look);
    this.watching = new AtomicBoolean(maxNanos == 0); // none needs to be begun
    this.slowestNanos = maxNanos == 0 ? Long.MAX_VALUE : 0;
  }

  /** A request has begun. */
  void began() {
    if (!watching.get() && watching.compareAndSet(false, true)) {
      look.set(pool.clock().nanos() + periodNanos);
    }
  }

  /** Nobody is watched any more. */
  void close() {
    watching.set(true); // so that none is begun; one that is being begun ends with its first look
    look.cancel();
  }

  /** A request's outcome is known. */
  void answered(Outcome.Kind kind, long elapsedNanos) {
    if (elapsedNanos > slowestNanos && isAnswer(kind)) {
      slowestNanos = elapsedNanos;
    }
  }

  static boolean isAnswer(Outcome.Kind kind) {
    return switch (kind) {
      case SUCCESS, SERVER_ERROR, UNAVAILABLE, THROTTLED -> true;
      case CONNECT, TIMEOUT, PROTOCOL, ABANDONED, IGNORED -> false;
    };
  }

  private void look() {
    if (pool.closed()) {
      return;
    }
    if (judge(pool.publication(), pool.clock().nanos())) {
      look.set(pool.clock().nanos() + periodNanos);
      return;
    }
    watch++;
    watching.set(false);
    if (isBusy(pool.publication())) { // one that began just before found it watching
      began();
    }
  }

  private static boolean isBusy(Publication now) {
    for (int i = 0; i < now.size(); i++) {
      if (now.member(i).outstanding() > 0) {
        return true;
      }
    }
    return false;
  }

  /** Ejects whoever is conspicuous. Returns whether there is anybody to be watched further. */
  private boolean judge(Publication now, long nanos) {
    long slowest = slowestNanos;
    long allowed = slowest > Long.MAX_VALUE / PATIENCE
        ? Long.MAX_VALUE
        : Math.max(maxNanos, PATIENCE * slowest);
    slowestNanos = (long) (slowest * Math.pow(0.5, periodNanos / HALF_LIFE_NANOS));
    int lively = 0;
    for (int i = 0; i < now.size(); i++) {
      lively += see(now.member(i), nanos).answeredSince(nanos - allowed, watch) ? 1 : 0;
    }
    boolean busy = false;
    for (int i = 0; i < now.size(); i++) {
      PoolMember member = now.member(i);
      int outstanding =
          member.outstanding(); // before the time, which means nothing while there is none
      long silent = nanos - member.silentSince();
      if (outstanding > 0) {
        busy = true;
        boolean itself = member.seen().answeredSince(nanos - allowed, watch); // seen late, perhaps
        if (silent > allowed && lively > (itself ? 1 : 0)) {
          member.detector().silent(silent, outstanding);
        }
      }
    }
    return busy;
  }

  private Seen see(PoolMember member, long nanos) {
    Seen seen = member.seen();
    long answers = 0;
    for (Outcome.Kind kind : KINDS) {
      answers += isAnswer(kind) ? member.count(kind) : 0;
    }
    if (seen.watch != watch) {
      seen.watch = watch;
      seen.more = false;
    } else if (seen.answers != answers) {
      seen.more = true;
      seen.moreNanos = nanos;
    }
    seen.answers = answers;
    return seen;
  }
}
