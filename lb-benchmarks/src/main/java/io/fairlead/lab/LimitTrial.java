package io.fairlead.lab;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.Supplier;

/**
 * One run of 90 s in virtual time: clients with a limit each ask one server, which is in trouble in the second third. It has its
 * own loop of events, since {@link io.fairlead.testing.FakeClock} takes ten times as long for each, and there are billions.
 */
final class LimitTrial {

  private static final long SECOND = 1_000_000_000L;
  private static final long PERIOD = 30 * SECOND;
  private static final long MEASURED = 10 * SECOND;
  private static final long SAMPLED = 3 * SECOND;
  private static final int SAMPLES = 30;

  private final LimitShape shape;
  private final Time time = new Time();
  private final ConcurrencyLimit[] limits;
  private final Randomness arrivals;
  private final Randomness work;
  private final PriorityQueue<Call> events = new PriorityQueue<>();
  private final Queue<Call> waiting = new ArrayDeque<>();
  private long nextArrival = Long.MAX_VALUE;
  private boolean trouble;
  private int busy;
  private boolean measuring;
  private final Percentiles latencies = new Percentiles();

  private LimitTrial(LimitShape shape, Supplier<ConcurrencyLimit.Builder> kind, long seed) {
    this.shape = shape;
    this.arrivals = Randomness.of(seed, Randomness.Stream.ARRIVALS, 0);
    this.work = Randomness.of(seed, Randomness.Stream.CLIENT, 0);
    this.limits = new ConcurrencyLimit[shape.clients()];
    for (int i = 0; i < limits.length; i++) {
      limits[i] = kind.get().time(time).build();
    }
  }

  static LimitResult run(
      LimitShape shape, String name, Supplier<ConcurrencyLimit.Builder> kind, long seed) {
    LimitTrial trial = new LimitTrial(shape, kind, seed);
    trial.begin();
    List<LimitResult.Moment> moments = new ArrayList<>();
    for (int period = 0; period < 3; period++) {
      moments.add(trial.period(period));
    }
    return new LimitResult(shape, name, seed, moments);
  }

  /** The clocks of a run. Nothing in it waits or is scheduled. */
  private static final class Time implements TimeSource {
    private long now;

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochSecond(now / SECOND, now % SECOND);
    }

    @Override
    public Cancellable at(long nanos, Runnable neverBlocks) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Signal signal() {
      throw new UnsupportedOperationException();
    }
  }

  /** A request, or who is about to make one. */
  private static final class Call implements Comparable<Call> {
    private final int client;
    private long start;
    private long due;
    private boolean worked;

    Call(int client) {
      this.client = client;
    }

    @Override
    public int compareTo(Call other) {
      return Long.compare(due, other.due);
    }
  }

  private void begin() {
    if (shape.callers() == LimitShape.Callers.OPEN) {
      nextArrival = gap();
      return;
    }
    for (int i = 0; i < 4 * shape.knee(); i++) {
      tryAgain(new Call(i % limits.length));
    }
  }

  private long gap() {
    return Math.max(1, Math.round(arrivals.exponential() * SECOND / 2 / shape.perSecondIn(false)));
  }

  private void tryAgain(Call call) {
    call.worked = false;
    call.due = time.now + Math.round(arrivals.exponential() * shape.serviceMillis() * 1e6);
    events.add(call);
  }

  private LimitResult.Moment period(int number) {
    trouble = number == 1;
    serve();
    long end = (number + 1) * PERIOD;
    runUntil(end - MEASURED);
    latencies.clear();
    measuring = true;
    double limit = 0;
    double inFlight = 0;
    for (int i = SAMPLES - 1; i >= 0; i--) {
      runUntil(end - i * SAMPLED / SAMPLES);
      for (ConcurrencyLimit each : limits) {
        limit += each.limit();
        inFlight += each.inFlight();
      }
    }
    measuring = false;
    double knee = shape.kneeIn(trouble);
    return new LimitResult.Moment(
        limit / SAMPLES / knee,
        inFlight / SAMPLES / knee,
        latencies.count() / (shape.perSecondIn(trouble) * MEASURED / SECOND),
        latencies.nanos(0.99) / 1e6);
  }

  private void runUntil(long end) {
    while (true) {
      Call first = events.peek();
      long due = first == null ? Long.MAX_VALUE : first.due;
      if (Math.min(due, nextArrival) > end) {
        time.now = end;
        return;
      }
      if (nextArrival < due) {
        time.now = nextArrival;
        nextArrival += gap();
        ask(new Call(limits.length == 1 ? 0 : arrivals.index(limits.length)));
      } else {
        time.now = due;
        Call call = events.remove();
        if (call.worked) {
          answer(call);
        } else {
          ask(call);
        }
      }
    }
  }

  private void ask(Call call) {
    if (limits[call.client].tryAcquire()) {
      call.start = time.now;
      waiting.add(call);
      serve();
    } else if (shape.callers() == LimitShape.Callers.CLOSED) {
      tryAgain(call);
    }
  }

  private void serve() {
    while (busy < shape.kneeIn(trouble) && !waiting.isEmpty()) {
      busy++;
      Call call = waiting.remove();
      call.worked = true;
      call.due = time.now + Math.round(work.exponential() * shape.serviceNanosIn(trouble));
      events.add(call);
    }
  }

  private void answer(Call call) {
    busy--;
    long elapsed = time.now - call.start;
    if (measuring) {
      latencies.add(elapsed);
    }
    limits[call.client].observe(elapsed, false, time.now);
    limits[call.client].release();
    serve();
    if (shape.callers() == LimitShape.Callers.CLOSED) {
      ask(call);
    }
  }
}
