package io.fairlead;

import io.fairlead.HealthCheck.State;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.pool.Pool;
import io.fairlead.pool.PoolMember;
import io.fairlead.pool.ScopeWatcher;
import io.fairlead.pool.Timers;
import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The health checks of one balancer at work.
 *
 * <p>A timer for each member puts it in line when its next check is due; few threads of the executor take from the line, first
 * come first served, until it is empty. A check that does not return in time is counted as failed by the same timer. If it has
 * not returned after as much time again, its thread is interrupted and its place given to the others: so one that never
 * returns costs one thread and fails on, and holds nobody up. The member is not checked again until it has returned.
 *
 * <p>The lock is never held while a probe, the executor or a veto is at work: vetoes are told to listeners, who may update the
 * pool, whose lock comes before this one.
 */
final class HealthChecks implements ScopeWatcher {

  /** How many checks run at once. Enough for a few hundred servers that answer within a tenth of a second, each second. */
  static final int AT_ONCE = 8;

  private static final Logger log = LoggerFactory.getLogger(HealthCheck.class);

  private final String name;
  private final HealthCheck check;
  private final NanoClock clock;
  private final Chance chance;
  private final Executor executor;
  private final Timers timers;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock, as are those below.
  private final Map<PoolMember, Checked> all = new HashMap<>();
  private final Queue<Checked> line = new ArrayDeque<>();
  private int working; // threads that take from the line
  private boolean closed;
  private boolean probeThrew;
  private boolean executorThrew;

  HealthChecks(Balancer balancer, HealthCheck check) {
    this.name = balancer.name();
    this.check = check;
    this.clock = balancer.clock();
    this.chance = balancer.chance();
    this.executor = balancer.executor();
    this.timers = balancer.members().timers();
  }

  /** One member, as it is seen by checks. All that changes is guarded by the lock. */
  private final class Checked {
    final PoolMember member;
    final MemberControl control;
    HealthVerdict verdict;
    boolean watched; // can be chosen
    boolean inLine;

    @Nullable
    Run run; // that has not returned

    @Nullable
    String told; // what the veto says

    boolean telling;
    private Timers.@Nullable Timer timer;

    Checked(PoolMember member) {
      this.member = member;
      this.control = member.control(Pool.HEALTH_CHECK);
      this.verdict = HealthVerdict.initial(check);
      for (Veto veto : member.vetoes()) {
        if (veto.policy().equals(Pool.HEALTH_CHECK)) { // it has left, and returns
          verdict = HealthVerdict.stillDown(check, veto.reason());
          told = veto.reason();
        }
      }
    }

    boolean isTold() {
      return !telling && Objects.equals(verdict.down(), told);
    }

    void setTimer(long nanos) {
      cancelTimer();
      Timers.Timer[] self = new Timers.Timer[1];
      self[0] = timers.timer(() -> due(this, self[0]));
      timer = self[0];
      self[0].set(nanos);
    }

    void cancelTimer() {
      if (timer != null) {
        timer.cancel();
        timer = null;
      }
    }
  }

  /** One check of a member, under way. Guarded by the lock. */
  private static final class Run {
    final Checked checked;
    final Thread thread;
    final long start;
    boolean late; // counted as failed
    boolean givenUp; // interrupted, and its place is another's

    Run(Checked checked, Thread thread, long start) {
      this.checked = checked;
      this.thread = thread;
      this.start = start;
    }
  }

  @Override
  public void entering(PoolMember member) {
    Checked checked;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      checked = all.computeIfAbsent(member, Checked::new);
      checked.watched = true;
      long now = clock.nanos();
      if (checked.run != null) {
        checked.setTimer(checked.run.givenUp ? now : endOf(checked.run));
      } else if (!checked.inLine) {
        boolean atOnce = check.initially() == State.DOWN;
        checked.setTimer(atOnce ? now : now + (long) (draw() * check.intervalNanos()));
      }
    } finally {
      lock.unlock();
    }
    tell(checked);
  }

  @Override
  public void left(PoolMember member) {
    lock.lock();
    try {
      Checked checked = all.get(member);
      if (checked != null) {
        checked.watched = false;
        if (checked.run == null || checked.run.givenUp) {
          checked.cancelTimer();
        } // else it is still to see to it that a check that does not return gives up its place
        forgetIfDone(checked);
      }
    } finally {
      lock.unlock();
    }
  }

  /** One that has left, but is still in line, checked or told of, may return before that is over. */
  private void forgetIfDone(Checked checked) {
    if (!checked.watched && !checked.inLine && checked.run == null && checked.isTold()) {
      all.remove(checked.member);
    }
  }

  /** A member's time has come: for its next check, or for the end of the present one. */
  private void due(Checked checked, Timers.Timer timer) {
    lock.lock();
    try {
      if (closed || checked.timer != timer) {
        return; // called off too late
      }
      Run run = checked.run;
      if (run == null) {
        checked.inLine = true;
        line.add(checked);
      } else if (!run.late) {
        run.late = true;
        failed(checked, "no answer within " + check.timeout());
        checked.setTimer(endOf(run));
      } else {
        if (!run.givenUp) {
          run.givenUp = true;
          run.thread.interrupt();
          working--;
        } else {
          failed(checked, "a check has not returned");
        }
        if (checked.watched) {
          checked.setTimer(clock.nanos() + pause());
        }
      }
    } finally {
      lock.unlock();
    }
    tell(checked);
    takeOn();
  }

  /** Nothing is held against one that has left since: it may return, and be checked anew. */
  private static void failed(Checked checked, String reason) {
    if (checked.watched) {
      checked.verdict.failed(reason);
    }
  }

  private long endOf(Run run) {
    return run.start + (run.late ? 2 : 1) * check.timeout().toNanos();
  }

  private long pause() {
    return (long) (check.intervalNanos() * (1 - check.jitter() * draw()));
  }

  /** Between 0 and 1. */
  private double draw() {
    return (chance.nextLong() >>> 11) * 0x1.0p-53;
  }

  /** One thread more, if somebody is in line and there are not enough. */
  private void takeOn() {
    lock.lock();
    try {
      if (line.isEmpty() || working == AT_ONCE) {
        return;
      }
      working++;
    } finally {
      lock.unlock();
    }
    try {
      executor.execute(this::work);
    } catch (Throwable e) { // an OutOfMemoryError, if there is no thread to be had
      refused(e);
    }
  }

  /** Nobody's check has failed. If there is nobody at work who would take from the line, all try again later. */
  private void refused(Throwable e) {
    lock.lock();
    try {
      working--;
      while (working == 0 && !line.isEmpty()) {
        Checked checked = line.remove();
        checked.inLine = false;
        if (checked.watched) {
          checked.setTimer(clock.nanos() + pause());
        }
        forgetIfDone(checked);
      }
      if (executorThrew) {
        return;
      }
      executorThrew = true;
    } finally {
      lock.unlock();
    }
    log.error(
        "{}: the executor threw; health checks that it refuses are left out; further exceptions of it are not logged",
        name,
        e);
  }

  private void work() {
    boolean on = true;
    for (Run run = next(); run != null; run = on ? next() : null) {
      Throwable failure = null;
      try {
        check.probe().check(run.checked.member, check.timeout());
      } catch (Throwable e) {
        failure = e;
      }
      on = returned(run, failure);
      timers.retry();
    }
  }

  private @Nullable Run next() {
    lock.lock();
    try {
      while (!line.isEmpty()) {
        Checked checked = line.remove();
        checked.inLine = false;
        if (checked.watched) {
          Run run = new Run(checked, Thread.currentThread(), clock.nanos());
          checked.run = run;
          checked.setTimer(endOf(run));
          return run;
        }
        forgetIfDone(checked);
      }
      working--;
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** A check has returned. Whether its thread may go on to the next. */
  private boolean returned(Run run, @Nullable Throwable failure) {
    Checked checked = run.checked;
    boolean report = false;
    lock.lock();
    try {
      checked.run = null;
      if (run.givenUp) {
        Thread
            .interrupted(); // that was meant for the check, and not for what this thread does next
      }
      if (!closed && checked.watched) {
        if (run.late) {
          // It was counted when its time was over, whatever has come of it since.
        } else if (failure == null) {
          checked.verdict.passed();
        } else {
          checked.verdict.failed(reason(failure));
        }
        long now = clock.nanos();
        long pause = pause();
        // No longer than the pause, should the clock have gone back.
        checked.setTimer(now + Math.max(0, Math.min(pause, run.start + pause - now)));
      } else {
        checked.cancelTimer();
      }
      forgetIfDone(checked);
      if ((failure instanceof RuntimeException || failure instanceof Error) && !probeThrew) {
        probeThrew = true;
        report = true;
      }
    } finally {
      lock.unlock();
    }
    if (report) {
      log.warn(
          "{}: the health check of {} threw, and counts as failed; further exceptions like this are not logged",
          name,
          checked.member,
          failure);
    }
    tell(checked);
    return !run.givenUp;
  }

  private static String reason(Throwable failure) {
    String message = failure.getMessage();
    if (message != null && failure.getClass() == IOException.class) {
      return message;
    }
    return failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }

  /** Makes the veto what the checks say. One thread at a time for each member, so that the last word stays the last. */
  private void tell(Checked checked) {
    String now = null;
    for (boolean told = false; ; told = true) {
      lock.lock();
      try {
        if (told) {
          checked.told = now;
          checked.telling = false;
        }
        if (checked.telling || checked.isTold()) {
          forgetIfDone(checked);
          return;
        }
        checked.telling = true;
        now = checked.verdict.down();
      } finally {
        lock.unlock();
      }
      if (now == null) {
        checked.control.lift();
        log.info("{}: {} passes its health check", name, checked.member);
      } else {
        checked.control.veto(Veto.Kind.STATISTICAL, now);
        if (!now.equals(HealthVerdict.UNCHECKED)) {
          log.info("{}: {} fails its health check: {}", name, checked.member, now);
        }
      }
    }
  }

  /** No more checks. What is under way ends by itself, and nothing comes of it. */
  void close() {
    lock.lock();
    try {
      closed = true;
      all.values().forEach(Checked::cancelTimer);
      all.clear();
      line.clear();
    } finally {
      lock.unlock();
    }
  }
}
