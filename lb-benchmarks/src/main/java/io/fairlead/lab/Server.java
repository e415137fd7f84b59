package io.fairlead.lab;

import io.fairlead.request.Outcome;
import io.fairlead.time.TimeSource;
import java.util.ArrayDeque;
import java.util.Queue;

/** A modelled server at work: some workers and a queue before them, first come first served. */
final class Server {

  /** How long an answer takes that is no work. */
  static final long AT_ONCE_NANOS = 200_000;

  private final ServerSpec spec;
  private final int index;
  private final TimeSource time;
  private final Randomness failures;
  private final Randomness pauses;
  private final Queue<Job> waiting = new ArrayDeque<>();
  private int busy;
  private long pausedUntil;
  private long pausedInAll; // the length of all pauses that have begun

  Server(ServerSpec spec, int index, TimeSource time, long seed) {
    this.spec = spec;
    this.index = index;
    this.time = time;
    this.failures = Randomness.of(seed, Randomness.Stream.FAILURES, index);
    this.pauses = Randomness.of(seed, Randomness.Stream.PAUSES, index);
  }

  /** Its place among the scenario's servers. */
  int index() {
    return index;
  }

  void accept(Job job) {
    long now = time.nanos();
    if (spec.silent(now)) {
      return;
    }
    double failing = spec.failing(now);
    if (failing > 0 && failures.fraction() < failing) {
      refuse(job, now);
    } else if (busy < spec.workers()) {
      begin(job, now);
    } else if (waiting.size() < spec.queue()) {
      waiting.add(job);
    } else {
      refuse(job, now);
    }
  }

  private void refuse(Job job, long now) {
    time.at(now + AT_ONCE_NANOS, () -> job.answer(Outcome.serverError()));
  }

  private void begin(Job job, long now) {
    busy++;
    long service = Math.round(job.work() * spec.serviceNanos() * spec.slowness(now));
    finishAt(Math.max(now, pausedUntil) + service, pausedInAll, job);
  }

  private void finishAt(long due, long pausedBefore, Job job) {
    time.at(due, () -> finish(pausedBefore, job));
  }

  private void finish(long pausedBefore, Job job) {
    long now = time.nanos();
    long pausedMeanwhile = pausedInAll - pausedBefore;
    if (pausedMeanwhile > 0) { // that long it was not at work
      finishAt(now + pausedMeanwhile, pausedInAll, job);
      return;
    }
    busy--;
    job.answer(Outcome.success());
    while (busy < spec.workers() && !waiting.isEmpty()) {
      Job next = waiting.remove();
      if (!next.givenUp()) {
        begin(next, now);
      }
    }
  }

  /** Lets pauses begin, until some time. */
  void pauseNowAndThen(long until) {
    if (spec.pauseEveryNanos() > 0) {
      schedulePause(0, until);
    }
  }

  private void schedulePause(long after, long until) {
    long begin = after + Math.round(pauses.exponential() * spec.pauseEveryNanos());
    if (begin < until) {
      time.at(begin, () -> pause(begin, until));
    }
  }

  private void pause(long begin, long until) {
    long length = Math.round(pauses.exponential() * spec.pauseNanos());
    pausedUntil = begin + length;
    pausedInAll += length;
    schedulePause(pausedUntil, until);
  }
}
