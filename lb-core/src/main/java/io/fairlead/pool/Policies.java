package io.fairlead.pool;

import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.health.FailureDetector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What each policy says of one member. Changes are rare and take a lock; reading what they come to is a volatile read. */
final class Policies {

  /** Of all factors: of any use to nobody, and small enough for the sum of all weights to be a number. */
  private static final double MAX_PRODUCT = 1e100;

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

  private final Pool pool;
  private final PoolMember member;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Control> controls = new LinkedHashMap<>(); // guarded by lock
  private boolean announced; // guarded by lock
  private boolean gone; // guarded by lock

  Policies(Pool pool, PoolMember member) {
    this.pool = pool;
    this.member = member;
  }

  MemberControl control(String policy) {
    lock.lock();
    try {
      return controls.computeIfAbsent(policy, Control::new);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Tells that the member has joined, once. Whoever finds it in a new set may veto it before the update comes to telling of
   * it, and nothing is to be heard of a member that has not joined.
   */
  void announce() {
    lock.lock();
    try {
      if (!announced) {
        announced = true;
        pool.events().joined(member);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The member is gone: nothing is to be waited for any more. */
  void close() {
    lock.lock();
    try {
      gone = true;
      controls.values().forEach(Control::cancelTimer);
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is not of the member's own failure detector. */
  static boolean isForeign(Veto veto) {
    return !veto.policy().equals(FailureDetector.EJECTION)
        && !veto.policy().equals(FailureDetector.REACHABILITY);
  }

  private void sumUp() {
    List<Veto> vetoes = new ArrayList<>();
    boolean hard = false;
    boolean foreign = false;
    double factor = 1;
    for (Control control : controls.values()) {
      factor = Math.min(MAX_PRODUCT, factor * control.factor);
      if (control.veto != null) {
        vetoes.add(control.veto);
        hard |= control.veto.kind() == Veto.Kind.HARD;
        foreign |= isForeign(control.veto);
      }
    }
    member.standing(
        vetoes.isEmpty() && factor == 1
            ? Standing.CLEAN
            : new Standing(List.copyOf(vetoes), vetoes.isEmpty(), hard, foreign, factor));
  }

  private final class Control implements MemberControl {
    private final String policy;
    private @Nullable Veto veto; // guarded by lock, as are those below
    private Timers.@Nullable Timer timer;
    private double factor = 1;

    Control(String policy) {
      this.policy = policy;
    }

    @Override
    public Member member() {
      return member;
    }

    @Override
    public void veto(Veto.Kind kind, String reason, Duration time) {
      if (Objects.requireNonNull(time, "time").isNegative()) {
        throw new IllegalArgumentException("time: " + time + " (expected: zero or more)");
      }
      // The longest that can be compared on the clock is as good as for ever.
      boolean forEver = time.compareTo(LONGEST) > 0;
      vetoUntil(kind, reason, forEver ? Veto.UNTIL_LIFTED : pool.clock().nanos() + time.toNanos());
    }

    @Override
    public void vetoUntil(Veto.Kind kind, String reason, long untilNanos) {
      Veto next = new Veto(kind, policy, reason, untilNanos);
      lock.lock();
      try {
        if (gone) {
          return;
        }
        veto = next;
        cancelTimer();
        if (untilNanos != Veto.UNTIL_LIFTED) {
          timer = pool.timers().timer(() -> end(next));
          timer.set(untilNanos);
        }
        sumUp();
        announce();
        pool.events().vetoed(member, next);
      } finally {
        lock.unlock();
      }
      pool.availabilityChanged();
    }

    @Override
    public void lift() {
      end(null);
    }

    /** Ends this veto, or, if none is named, whichever stands. */
    private void end(@Nullable Veto only) {
      boolean back;
      lock.lock();
      try {
        Veto ended = veto;
        if (ended == null || gone || !(only == null || only.equals(ended))) {
          return;
        }
        veto = null;
        cancelTimer();
        sumUp();
        back = member.vetoes().isEmpty();
        pool.events().lifted(member, ended);
      } finally {
        lock.unlock();
      }
      if (back) {
        pool.slowStart().begin(member);
      }
      pool.availabilityChanged();
    }

    private void cancelTimer() {
      if (timer != null) {
        timer.cancel();
        timer = null;
      }
    }

    @Override
    public void factor(double factor) {
      if (!(factor >= 0 && factor <= MAX_FACTOR)) {
        throw new IllegalArgumentException("factor: " + factor + " (expected: 0 to 1000000)");
      }
      lock.lock();
      try {
        if (gone || this.factor == factor) {
          return;
        }
        this.factor = factor;
        sumUp();
      } finally {
        lock.unlock();
      }
      pool.weightChanged();
    }
  }
}
