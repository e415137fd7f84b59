package io.fairlead.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.time.Cancellable;
import io.fairlead.time.Waiter.Signal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FakeClockTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final FakeClock clock = new FakeClock();
  private final List<String> log = new ArrayList<>();

  @Test
  void standsStillUntilTold() {
    long before = clock.nanos();

    assertThat(clock.nanos()).isEqualTo(before);
    clock.advance(SECOND);
    assertThat(clock.nanos() - before).isEqualTo(SECOND.toNanos());
  }

  @Test
  void wallClockMovesWithTheOther() {
    Instant start = Instant.parse("2026-11-01T12:00:00Z");
    FakeClock dated = FakeClock.startingAt(42, start);

    assertThat(dated.instant()).isEqualTo(start);
    dated.advance(Duration.ofDays(1));
    assertThat(dated.instant()).isEqualTo(start.plus(Duration.ofDays(1)));
    assertThat(dated.nanos()).isEqualTo(42 + Duration.ofDays(1).toNanos());
  }

  @Test
  void advance_negative_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> clock.advance(Duration.ofNanos(-1)))
        .withMessage("by: PT-0.000000001S (expected: zero or more)");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MAX_VALUE - 1_000_000_000, Long.MIN_VALUE})
  void tasks_anyStart_runInOrderOfTime(long start) {
    FakeClock any = FakeClock.startingAt(start);
    any.at(start + 3, () -> log.add("c at " + (any.nanos() - start)));
    any.at(start + 1_500_000_000, () -> log.add("d at " + (any.nanos() - start)));
    any.at(start + 1, () -> log.add("a at " + (any.nanos() - start)));
    any.at(start + 1, () -> log.add("b at " + (any.nanos() - start)));
    any.at(start + 1_500_000_001, () -> log.add("too late"));

    any.advance(Duration.ofMillis(1_500));

    assertThat(log).containsExactly("a at 1", "b at 1", "c at 3", "d at 1500000000");
    assertThat(any.scheduled()).isEqualTo(1);
  }

  @Test
  void task_inThePast_runsAtOnceButNotInsideAt() {
    clock.advance(SECOND);
    clock.at(5, () -> log.add("ran at " + clock.nanos()));

    assertThat(log).isEmpty();
    clock.runDue();
    assertThat(log).containsExactly("ran at 1000000000");
  }

  @Test
  void task_farBeyondTheLastReading_neverComes() {
    clock.advance(SECOND);
    clock.at(clock.nanos() + Long.MAX_VALUE, () -> log.add("ran"));

    clock.advance(Duration.ofDays(100 * 365));

    assertThat(log).isEmpty();
  }

  @Test
  void task_schedulingAnother_bothRunInTheSameAdvance() {
    clock.at(10, () -> {
      log.add("first");
      clock.at(clock.nanos() + 10, () -> log.add("second at " + clock.nanos()));
      clock.at(clock.nanos(), () -> log.add("at once at " + clock.nanos()));
    });
    clock.at(15, () -> log.add("between"));

    clock.advance(Duration.ofNanos(100));

    assertThat(log).containsExactly("first", "at once at 10", "between", "second at 20");
  }

  @Test
  void cancel_taskDoesNotRun() {
    Cancellable task = clock.at(1, () -> log.add("ran"));

    task.cancel();
    task.cancel();
    clock.advance(SECOND);

    assertThat(log).isEmpty();
    assertThat(clock.scheduled()).isZero();
  }

  @Test
  void cancel_byAnEarlierTask_taskDoesNotRun() {
    Cancellable second = clock.at(2, () -> log.add("ran"));
    clock.at(1, second::cancel);

    clock.advance(SECOND);

    assertThat(log).isEmpty();
  }

  @Test
  void tasksThatThrow_stopNobody_andTheFirstIsThrownWithTheOthersSuppressed() {
    RuntimeException first = new IllegalArgumentException("first");
    Error second = new AssertionError("second");
    clock.at(1, () -> {
      throw first;
    });
    clock.at(2, () -> {
      throw second;
    });
    clock.at(3, () -> log.add("ran"));

    assertThatThrownBy(() -> clock.advance(SECOND)).isSameAs(first).hasSuppressedException(second);
    assertThat(log).containsExactly("ran");
    assertThat(clock.nanos()).isEqualTo(SECOND.toNanos());
    clock.advance(SECOND); // and what was thrown is forgotten
  }

  @Test
  void tasksThatThrowTheSame_itIsNotSuppressedInItself() {
    RuntimeException same = new IllegalArgumentException("same");
    for (int i = 0; i < 2; i++) {
      clock.at(i, () -> {
        throw same;
      });
    }

    assertThatThrownBy(() -> clock.advance(SECOND)).isSameAs(same).hasNoSuppressedExceptions();
  }

  @Test
  void task_thatAdvances_isTold() {
    clock.at(1, () -> clock.advance(SECOND));

    assertThatIllegalStateException()
        .isThrownBy(() -> clock.advance(SECOND))
        .withMessageContaining("called by a task of this clock");
  }

  @Test
  void severalThreadsAdvance_theirSpansAddUp() throws Exception {
    Concurrently.run(() -> clock.advance(SECOND), () -> clock.advance(SECOND));

    assertThat(clock.nanos()).isEqualTo(2 * SECOND.toNanos());
  }

  @Test
  void await_raisedBefore_returnsTrueAtOnce() throws Exception {
    Signal signal = clock.signal();
    signal.raise();

    assertThat(signal.await(clock.nanos() + 1)).isTrue();
    assertThat(signal.await(clock.nanos() - 1)).isTrue();
  }

  @Test
  void await_timeIsPast_returnsFalseAtOnce() throws Exception {
    assertThat(clock.signal().await(clock.nanos())).isFalse();
    assertThat(clock.signal().await(clock.nanos() - 1)).isFalse();
  }

  @Test
  void await_raisedMeanwhile_returnsTrue() throws Exception {
    Signal signal = clock.signal();

    Concurrently.run(() -> assertThat(signal.await(clock.nanos() + 1)).isTrue(), () -> {
      clock.awaitWaiting(1);
      signal.raise();
      assertThat(clock.waiting()).isZero();
    });
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 1, Long.MIN_VALUE})
  void await_clockGetsThere_returnsFalse(long start) throws Exception {
    FakeClock any = FakeClock.startingAt(start);
    AtomicBoolean early = new AtomicBoolean(true);

    Concurrently.run(
        () -> {
          assertThat(any.signal().await(start + 10)).isFalse();
          assertThat(early).isFalse();
        },
        () -> {
          any.awaitWaiting(1);
          any.advance(Duration.ofNanos(9));
          assertThat(any.waiting()).isEqualTo(1);
          early.set(false);
          any.advance(Duration.ofNanos(1));
          assertThat(any.waiting()).isZero();
        });
  }

  @Test
  void await_raisedByATask_returnsTrue() throws Exception {
    Signal signal = clock.signal();
    clock.at(5, signal::raise);

    Concurrently.run(() -> assertThat(signal.await(10)).isTrue(), () -> {
      clock.awaitWaiting(1);
      clock.advance(Duration.ofNanos(5));
    });
  }

  @Test
  void await_interruptedBeforeOrMeanwhile_throws() throws Exception {
    CompletableFuture<Thread> waiting = new CompletableFuture<>();

    Concurrently.run(
        () -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> clock.signal().await(1))
              .isInstanceOf(InterruptedException.class);
          waiting.complete(Thread.currentThread());
          assertThatThrownBy(() -> clock.signal().await(1))
              .isInstanceOf(InterruptedException.class);
          assertThat(clock.waiting()).isZero();
        },
        () -> {
          Thread thread = waiting.get();
          clock.awaitWaiting(1);
          thread.interrupt();
        });
  }

  @Test
  void awaitWaiting_severalThreads_returnsWhenAllWait() throws Exception {
    Concurrently.run(() -> clock.signal().await(1), () -> clock.signal().await(2), () -> {
      clock.awaitWaiting(2);
      assertThat(clock.waiting()).isEqualTo(2);
      assertThat(clock).hasToString("FakeClock after PT0S, 0 scheduled, 2 waiting");
      clock.advance(Duration.ofNanos(1));
      assertThat(clock.waiting()).isEqualTo(1);
      clock.advance(Duration.ofNanos(1));
    });
  }

  /** Against a list that is searched for whoever is next. */
  @Test
  void randomOperations_runTheSameTasksAsTheModel() {
    record Planned(long due, int step, Cancellable handle) {}
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      long start = random.nextLong();
      FakeClock tested = FakeClock.startingAt(start);
      List<Integer> ran = new ArrayList<>();
      List<Integer> expected = new ArrayList<>();
      List<Planned> planned = new ArrayList<>();
      long now = 0;
      for (int step = 0; step < 200; step++) {
        int id = step;
        int action = random.nextInt(10);
        if (action < 6) {
          long due = now + random.nextInt(20);
          planned.add(new Planned(due, id, tested.at(start + due, () -> ran.add(id))));
        } else if (action < 8 && !planned.isEmpty()) {
          planned.remove(random.nextInt(planned.size())).handle().cancel();
        } else {
          int by = random.nextInt(10);
          now += by;
          tested.advance(Duration.ofNanos(by));
          long end = now;
          planned.stream()
              .filter(task -> task.due() <= end)
              .sorted(Comparator.comparingLong(Planned::due).thenComparingInt(Planned::step))
              .forEach(task -> expected.add(task.step()));
          planned.removeIf(task -> task.due() <= end);
          assertThat(ran).as("seed %d, step %d", seed, step).isEqualTo(expected);
        }
        assertThat(tested.scheduled()).as("seed %d, step %d", seed, step).isEqualTo(planned.size());
      }
    }
  }
}
