package io.fairlead.concurrency;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Adaptive limits find the knee of a server, its number of workers, within 30 s and 25 %, and find it again when half of the
 * workers are gone or all are half as fast, and when they are back. Service times are exponential, and requests arrive at random
 * and at twice the capacity, those refused being lost.
 *
 * <p>Chance has its part in it, so the claim is one of probability: of 20 runs with seeds that no constant was chosen by, 19 are
 * within 25 %, at each of the three moments, and their median is within 15 %. The same for all kinds and
 * shapes. More shapes, and by how much they miss where they do, are in docs/results/concurrency-limits.md.
 */
class KneeTest {

  private static final int FIRST_SEED = 201;
  private static final int RUNS = 20;
  private static final int NEAR = 19;

  private static final long SECOND = 1_000_000_000L;
  private static final long PERIOD = 30 * SECOND;
  private static final long MEASURED = 3 * SECOND;
  private static final int SAMPLES = 30;

  @ParameterizedTest
  @CsvSource({
    "AIMD, 10, 10, 1", "GRADIENT, 10, 10, 1", "VEGAS, 10, 10, 1",
    "AIMD, 50, 100, 1", "GRADIENT, 50, 100, 1", "VEGAS, 50, 100, 1",
    "AIMD, 200, 100, 1", "GRADIENT, 200, 100, 1", "VEGAS, 200, 100, 1",
    "AIMD, 50, 10, 4", "GRADIENT, 50, 10, 4", "VEGAS, 50, 10, 4"
  })
  void adaptive_findsTheKnee_andFindsItAgain(
      Kind kind, int workers, int serviceMillis, int clients) {
    Supplier<ConcurrencyLimit.Builder> builder = builder(kind);
    for (boolean halfTheWorkers : new boolean[] {true, false}) {
      double[][] shares = new double[3][RUNS]; // of the knee, at each moment
      for (int run = 0; run < RUNS; run++) {
        Trial trial = new Trial(workers, serviceMillis * 1e6, halfTheWorkers, FIRST_SEED + run);
        trial.ask(builder, clients);
        for (int moment = 0; moment < 3; moment++) {
          shares[moment][run] = trial.period(moment);
        }
      }
      for (int moment = 0; moment < 3; moment++) {
        double[] sorted = shares[moment];
        Arrays.sort(sorted);
        assertThat(Arrays.stream(sorted).filter(x -> x >= 0.75 && x <= 1.25).count())
            .as(
                "of %d within 25 %%, moment %d, half the workers: %s: %s",
                RUNS, moment, halfTheWorkers, Arrays.toString(sorted))
            .isGreaterThanOrEqualTo(NEAR);
        assertThat((sorted[RUNS / 2 - 1] + sorted[RUNS / 2]) / 2)
            .as("median, moment %d, half the workers: %s", moment, halfTheWorkers)
            .isBetween(0.85, 1.15);
      }
    }
  }

  private static Supplier<ConcurrencyLimit.Builder> builder(Kind kind) {
    return switch (kind) {
      case FIXED -> throw new IllegalArgumentException();
      case AIMD -> ConcurrencyLimit::aimd;
      case GRADIENT -> ConcurrencyLimit::gradient;
      case VEGAS -> ConcurrencyLimit::vegas;
    };
  }

  /** Four clients of 25 callers each have more in flight than the server can work on, and all places taken: all fall. */
  @Test
  void limitThatIsReached_byClientsThatAskAgainWhenAnswered_falls() {
    Trial trial = new Trial(20, 10e6, false, FIRST_SEED);
    trial.call(ConcurrencyLimit::gradient, 4, 25);
    trial.period(0);

    assertThat(trial.limits).allSatisfy(limit -> assertThat(limit.limit()).isLessThan(10));
    assertThat(trial.inFlight()).isLessThan(30);
  }

  /**
   * The same with 12 callers each, who never fill 20 places. The server has more to do than it can work on, and the limit, which
   * refuses nobody, stays where it is: who asks for so little is bounded by itself.
   */
  @Test
  void limitThatIsNeverReached_staysWhereItIs() {
    Trial trial = new Trial(20, 10e6, false, FIRST_SEED);
    trial.call(ConcurrencyLimit::gradient, 4, 12);
    trial.period(0);

    assertThat(trial.limits).extracting(ConcurrencyLimit::limit).containsOnly(20);
    assertThat(trial.inFlight()).isEqualTo(48);
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
  private static final class Call {
    private final ConcurrencyLimit limit;
    private long start;
    private long due;
    private boolean worked;

    Call(ConcurrencyLimit limit) {
      this.limit = limit;
    }
  }

  /** A server, its clients, and its loop of events: a hundred million of them, for which FakeClock's would take minutes. */
  private static final class Trial {
    private final Time time = new Time();
    private final List<ConcurrencyLimit> limits = new ArrayList<>();
    private final PriorityQueue<Call> events =
        new PriorityQueue<>((a, b) -> Long.compare(a.due, b.due));
    private final Queue<Call> waiting = new ArrayDeque<>();
    private final SplittableRandom random;
    private final int workers;
    private final double serviceNanos;
    private final boolean halfTheWorkers;
    private long nextArrival = Long.MAX_VALUE; // never, if callers ask again
    private boolean troubled;
    private int busy;

    Trial(int workers, double serviceNanos, boolean halfTheWorkers, long seed) {
      this.workers = workers;
      this.serviceNanos = serviceNanos;
      this.halfTheWorkers = halfTheWorkers;
      this.random = new SplittableRandom(seed);
    }

    private void add(Supplier<ConcurrencyLimit.Builder> kind, int clients) {
      for (int i = 0; i < clients; i++) {
        limits.add(kind.get().time(time).build());
      }
    }

    /** Requests arrive from now on. */
    void ask(Supplier<ConcurrencyLimit.Builder> kind, int clients) {
      add(kind, clients);
      nextArrival = time.now + gap();
    }

    /** Each client has so many callers from now on. */
    void call(Supplier<ConcurrencyLimit.Builder> kind, int clients, int callers) {
      add(kind, clients);
      for (int i = 0; i < clients * callers; i++) {
        tryAgain(new Call(limits.get(i % clients)));
      }
    }

    private void tryAgain(Call call) {
      call.worked = false;
      call.due = time.now + Math.round(exponential() * serviceNanos);
      events.add(call);
    }

    /** Lets a period pass, the second of which is one of trouble. The limits' sum over the knee, on average at its end. */
    double period(int number) {
      troubled = number == 1;
      work();
      long end = (number + 1) * PERIOD;
      double sum = 0;
      for (int i = SAMPLES - 1; i >= 0; i--) {
        runUntil(end - i * MEASURED / SAMPLES);
        sum += limits.stream().mapToInt(ConcurrencyLimit::limit).sum();
      }
      return sum / SAMPLES / workersNow();
    }

    int inFlight() {
      return limits.stream().mapToInt(ConcurrencyLimit::inFlight).sum();
    }

    private int workersNow() {
      return troubled && halfTheWorkers ? workers / 2 : workers;
    }

    private double exponential() {
      return -Math.log1p(-random.nextDouble());
    }

    private long gap() {
      return Math.max(1, Math.round(exponential() * serviceNanos / workers / 2));
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
          arrive(new Call(limits.get(random.nextInt(limits.size()))));
        } else {
          time.now = due;
          Call call = events.remove();
          if (call.worked) {
            answer(call);
          } else {
            arrive(call);
          }
        }
      }
    }

    private void arrive(Call call) {
      if (call.limit.tryAcquire()) {
        call.start = time.now;
        waiting.add(call);
        work();
      } else if (nextArrival == Long.MAX_VALUE) {
        tryAgain(call);
      }
    }

    private void work() {
      while (busy < workersNow() && !waiting.isEmpty()) {
        busy++;
        Call call = waiting.remove();
        double slowness = troubled && !halfTheWorkers ? 2 : 1;
        call.worked = true;
        call.due = time.now + Math.round(exponential() * serviceNanos * slowness);
        events.add(call);
      }
    }

    private void answer(Call call) {
      busy--;
      call.limit.observe(time.now - call.start, false, time.now);
      call.limit.release();
      work();
      if (nextArrival == Long.MAX_VALUE) {
        arrive(call);
      }
    }
  }
}
