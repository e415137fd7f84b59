package io.fairlead.concurrency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

class ConcurrencyLimitTest {

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000L);

  @Test
  void tryAcquire_refusesBeyondTheLimit() throws Exception {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();

    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit.acquire()).isTrue();
    assertThat(limit.tryAcquire()).isFalse();
    assertThat(limit.acquire()).as("without a queue").isFalse();
    assertThat(limit.snapshot()).isEqualTo(new ConcurrencyLimit.Snapshot(2, 2, 0));

    limit.release();

    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit).hasToString("ConcurrencyLimit 2, 2 in flight, 0 waiting");
  }

  @Test
  void release_moreOftenThanAcquired_isRefused() {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();

    assertThatThrownBy(limit::release)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("release: nothing is in flight (expected: once for each acquire)");
    assertThat(limit.inFlight()).isZero();
    assertThat(limit.tryAcquire()).isTrue();
  }

  @Test
  void observe_ofAFixedLimit_changesNothing_butBadInputIsRefused() {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();
    limit.observe(1, true, 0);

    assertThat(limit.limit()).isEqualTo(2);
    assertThatThrownBy(() -> limit.observe(-1, false, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("elapsedNanos: -1 (expected: 0 or more)");
  }

  @Test
  void call_beyondTheLimit_throwsWithoutAStackTrace() throws Exception {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(1).build();

    String inner = limit.call(() -> {
      assertThatThrownBy(() -> limit.call(() -> "never"))
          .isInstanceOfSatisfying(ConcurrencyLimitExceededException.class, e -> {
            assertThat(e.limit()).isEqualTo(1);
            assertThat(e.getStackTrace()).isEmpty();
          });
      return "done";
    });

    assertThat(inner).isEqualTo("done");
    assertThat(limit.inFlight()).isZero();
  }

  @Test
  void call_thatThrows_releases_andCountsAsDroppedOnlyIfSaidSo() {
    ConcurrencyLimit limit = ConcurrencyLimit.gradient().time(clock).build();

    assertThatThrownBy(() -> limit.call(() -> {
          throw new IllegalStateException("mine");
        }))
        .hasMessage("mine");
    assertThat(limit.limit()).isEqualTo(20);

    clock.advance(Duration.ofSeconds(1));
    assertThatThrownBy(() -> limit.call(() -> {
          throw new TimeoutException();
        }))
        .isInstanceOf(TimeoutException.class);
    assertThat(limit.limit()).isEqualTo(18);
    assertThat(limit.inFlight()).isZero();
  }

  @Test
  void narrowed_whileMoreAreInFlight_admitsNobodyUntilBelow() {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(3).build();
    for (int i = 0; i < 3; i++) {
      assertThat(limit.tryAcquire()).isTrue();
    }

    limit.open(1);

    limit.release();
    assertThat(limit.tryAcquire()).isFalse();
    limit.release();
    assertThat(limit.tryAcquire()).isFalse();
    limit.release();
    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit.tryAcquire()).isFalse();
  }

  @Test
  void limitWithoutUse_isNotRaised() {
    ConcurrencyLimit limit = ConcurrencyLimit.gradient().time(clock).build();
    for (int i = 0; i < 10_000; i++) {
      assertThat(limit.tryAcquire()).isTrue();
      clock.advance(Duration.ofMillis(2));
      limit.observe(2_000_000, false, clock.nanos());
      limit.release();
    }

    assertThat(limit.limit()).isEqualTo(20);
  }

  @Test
  void drops_lowerIt_oncePerResponseTime_notBelowTheMinimum() {
    List<String> changes = new ArrayList<>();
    ConcurrencyLimit limit = ConcurrencyLimit.aimd()
        .minimum(15)
        .time(clock)
        .listener((before, after) -> changes.add(before + " to " + after))
        .build();
    for (int i = 0; i < 50; i++) {
      limit.observe(0, true, clock.nanos());
    }
    assertThat(changes).containsExactly("20 to 18");

    for (int i = 0; i < 5; i++) {
      clock.advance(Duration.ofSeconds(1));
      limit.observe(0, true, clock.nanos());
    }
    assertThat(limit.limit()).isEqualTo(15);
    assertThat(changes).containsExactly("20 to 18", "18 to 16", "16 to 15");
  }

  @Test
  void listener_thatThrows_harmsNobody() {
    ConcurrencyLimit limit = ConcurrencyLimit.vegas()
        .time(clock)
        .listener((before, after) -> {
          throw new AssertionError("out of order");
        })
        .build();

    limit.observe(0, true, clock.nanos());

    assertThat(limit.limit()).isEqualTo(18);
  }

  @Test
  void builder_isARecipe() {
    ConcurrencyLimit.Builder builder = ConcurrencyLimit.gradient().initial(7);
    ConcurrencyLimit.Builder copy = builder.copy().initial(8);
    ConcurrencyLimit first = builder.build();
    assertThat(first.tryAcquire()).isTrue();

    assertThat(builder.build().inFlight()).isZero();
    assertThat(builder.build().limit()).isEqualTo(7);
    assertThat(copy.build().limit()).isEqualTo(8);
  }

  static Stream<Arguments> badSettings() {
    Duration second = Duration.ofSeconds(1);
    return Stream.of(
        bad(() -> ConcurrencyLimit.fixed(0), "limit: 0 (expected: 1 to 1000000)"),
        bad(() -> ConcurrencyLimit.fixed(1_000_001), "limit: 1000001 (expected: 1 to 1000000)"),
        bad(() -> ConcurrencyLimit.aimd().initial(0), "initial: 0 (expected: 1 to 1000000)"),
        bad(() -> ConcurrencyLimit.aimd().minimum(-1), "minimum: -1 (expected: 1 to 1000000)"),
        bad(() -> ConcurrencyLimit.vegas().maximum(0), "maximum: 0 (expected: 1 to 1000000)"),
        bad(
            () -> ConcurrencyLimit.fixed(1).queue(0, second),
            "maxWaiting: 0 (expected: 1 to 1000000)"),
        bad(
            () -> ConcurrencyLimit.fixed(1).queue(1, Duration.ZERO),
            "maxWait: PT0S (expected: 1 ms to 1 h)"),
        bad(
            () -> ConcurrencyLimit.fixed(1).minimum(1),
            "minimum: 1 (expected: not set, since the limit is fixed)"),
        bad(
            () -> ConcurrencyLimit.gradient().initial(5).minimum(6).build(),
            "initial: 5 is less than minimum: 6"),
        bad(
            () -> ConcurrencyLimit.gradient().initial(5).maximum(4).build(),
            "initial: 5 is more than maximum: 4"));
  }

  private static Arguments bad(Executable setting, String message) {
    return Arguments.of(setting, message);
  }

  @ParameterizedTest
  @MethodSource("badSettings")
  void badSetting_isRefused(Executable setting, String message) {
    assertThatThrownBy(setting::execute).hasMessage(message);
  }

  // Waiting in line.

  private ConcurrencyLimit oneWithLine(int maxWaiting) {
    return ConcurrencyLimit.fixed(1)
        .queue(maxWaiting, Duration.ofSeconds(1))
        .time(clock)
        .build();
  }

  private CompletableFuture<Boolean> waiter(ConcurrencyLimit limit) throws InterruptedException {
    int before = clock.waiting();
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    Thread thread = new Thread(() -> {
      try {
        result.complete(limit.acquire());
      } catch (Throwable e) {
        result.completeExceptionally(e);
      }
    });
    thread.setDaemon(true);
    thread.start();
    clock.awaitWaiting(before + 1);
    return result;
  }

  @Test
  void line_isServedInOrder_andNotOvertaken() throws Exception {
    ConcurrencyLimit limit = oneWithLine(2);
    assertThat(limit.acquire()).isTrue();
    CompletableFuture<Boolean> first = waiter(limit);
    CompletableFuture<Boolean> second = waiter(limit);
    assertThat(limit.acquire()).as("the line is full").isFalse();
    assertThat(limit.waiting()).isEqualTo(2);

    limit.release();

    assertThat(first.get()).isTrue();
    assertThat(second).isNotDone();
    assertThat(limit.tryAcquire()).isFalse();
    limit.release();
    assertThat(second.get()).isTrue();
    limit.release();
    assertThat(limit.snapshot()).isEqualTo(new ConcurrencyLimit.Snapshot(1, 0, 0));
  }

  @Test
  void waiter_whoseTimeIsOver_leaves_andTheNextIsServed() throws Exception {
    ConcurrencyLimit limit = oneWithLine(2);
    assertThat(limit.acquire()).isTrue();
    CompletableFuture<Boolean> first = waiter(limit);
    clock.advance(Duration.ofMillis(600));
    CompletableFuture<Boolean> second = waiter(limit);
    clock.advance(Duration.ofMillis(400));

    assertThat(first.get()).isFalse();
    limit.release();
    assertThat(second.get()).isTrue();
  }

  @Test
  void lineThatEmptied_letsTryAcquireInAgain() throws Exception {
    ConcurrencyLimit limit = oneWithLine(1);
    assertThat(limit.acquire()).isTrue();
    CompletableFuture<Boolean> waiter = waiter(limit);
    clock.advance(Duration.ofSeconds(1));
    assertThat(waiter.get()).isFalse();

    limit.release();

    assertThat(limit.tryAcquire()).isTrue();
  }

  @Test
  void line_isServedWhenTheLimitGrows() throws Exception {
    ConcurrencyLimit limit = oneWithLine(2);
    assertThat(limit.acquire()).isTrue();
    CompletableFuture<Boolean> first = waiter(limit);
    CompletableFuture<Boolean> second = waiter(limit);

    limit.open(3);

    assertThat(first.get()).isTrue();
    assertThat(second.get()).isTrue();
    assertThat(limit.inFlight()).isEqualTo(3);
  }

  @Test
  void interrupted_beforeItWaits_throwsAndTakesNothing() throws Exception {
    ConcurrencyLimit limit = oneWithLine(1);
    assertThat(limit.acquire()).isTrue();
    Thread.currentThread().interrupt();

    assertThatThrownBy(limit::acquire).isInstanceOf(InterruptedException.class);
    assertThat(limit.snapshot()).isEqualTo(new ConcurrencyLimit.Snapshot(1, 1, 0));
  }

  /** Where the JVM has virtual threads: more of them wait than there could be carriers, which they therefore don't hold. */
  @Test
  void virtualThreads_inLine_dontHoldTheirCarriers() throws Exception {
    Method start = startVirtualThread();
    int waiters = 1_000;
    ConcurrencyLimit limit =
        ConcurrencyLimit.fixed(2).queue(waiters, Duration.ofMinutes(1)).build();
    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit.tryAcquire()).isTrue();
    AtomicInteger served = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    Runnable waiter = () -> {
      try {
        if (limit.acquire()) {
          served.incrementAndGet();
          limit.release();
        }
      } catch (InterruptedException e) {
        // it is not served, and that is seen
      }
    };
    for (int i = 0; i < waiters; i++) {
      threads.add((Thread) start.invoke(null, waiter));
    }
    while (limit.waiting() < waiters) {
      Thread.onSpinWait();
    }

    limit.release();
    limit.release();
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(served.get()).isEqualTo(waiters);
    assertThat(limit.snapshot()).isEqualTo(new ConcurrencyLimit.Snapshot(2, 0, 0));
  }

  private static Method startVirtualThread() {
    try {
      return Thread.class.getMethod("startVirtualThread", Runnable.class);
    } catch (NoSuchMethodException e) {
      throw new TestAbortedException("no virtual threads in Java " + Runtime.version(), e);
    }
  }

  /** Real threads that wait, give up and are interrupted: never more in flight than may be, and no place is lost. */
  @Test
  void underStress_neverMoreThanTheLimit_andNothingIsLost() throws Exception {
    int places = 2;
    ConcurrencyLimit limit =
        ConcurrencyLimit.fixed(places).queue(3, Duration.ofMillis(1)).build();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger granted = new AtomicInteger();
    AtomicInteger running = new AtomicInteger(6);
    ConcurrentLinkedQueue<Thread> threads = new ConcurrentLinkedQueue<>();
    Executable worker = () -> {
      threads.add(Thread.currentThread());
      try {
        for (int i = 0; i < 4_000; i++) {
          try {
            boolean mine = i % 3 == 0 ? limit.tryAcquire() : limit.acquire();
            if (mine) {
              granted.incrementAndGet();
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              Thread.onSpinWait();
              inside.decrementAndGet();
              limit.release();
            }
          } catch (InterruptedException e) {
            // it took nothing
          }
        }
      } finally {
        threads.remove(Thread.currentThread());
        running.decrementAndGet();
      }
    };
    Executable disturber = () -> {
      while (running.get() > 0) {
        threads.forEach(Thread::interrupt);
        Thread.onSpinWait();
      }
    };

    Concurrently.run(worker, worker, worker, worker, worker, worker, disturber);

    assertThat(most.get()).isLessThanOrEqualTo(places);
    assertThat(granted.get()).isPositive();
    assertThat(limit.snapshot()).isEqualTo(new ConcurrencyLimit.Snapshot(places, 0, 0));
    assertThat(limit.tryAcquire()).isTrue();
  }
}
