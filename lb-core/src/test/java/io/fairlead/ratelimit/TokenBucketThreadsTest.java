package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Several threads at one bucket. */
class TokenBucketThreadsTest {

  private static final int THREADS = 4;

  private final FakeClock clock = new FakeClock();

  private TokenBucket bucket(RateLimit... limits) {
    return TokenBucketTest.bucket(clock, limits);
  }

  private static void onAllThreads(Executable piece) throws InterruptedException {
    Concurrently.run(Collections.nCopies(THREADS, piece).toArray(Executable[]::new));
  }

  @Test
  void acquire_waitsUntilThePermitsAreThere() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perSecond(1));
    assertThat(bucket.acquire(1, Duration.ZERO)).isTrue();
    assertThat(bucket.acquire(1, Duration.ofMillis(999))).isFalse();

    FutureTask<Boolean> waiting = start(() -> bucket.acquire(1, Duration.ofSeconds(1)));
    clock.awaitWaiting(1);
    clock.advance(Duration.ofNanos(999_999_999));
    assertThat(clock.waiting()).isEqualTo(1);
    clock.advance(Duration.ofNanos(1));

    assertThat(waiting.get()).isTrue();
  }

  @Test
  void acquire_servesInOrderOfArrival_andALargeOneIsNotStarved() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perSecond(1).burst(10));
    bucket.tryAcquire(10);
    List<Integer> served = Collections.synchronizedList(new ArrayList<>());
    List<FutureTask<Boolean>> waiting = new ArrayList<>();
    int[] sizes = {2, 10, 1, 3};
    for (int size : sizes) {
      waiting.add(start(() -> bucket.acquire(size, Duration.ofMinutes(1)) && served.add(size)));
      clock.awaitWaiting(waiting.size());
    }

    for (int i = 0; i < sizes.length; i++) {
      assertThat(bucket.tryAcquire()).as("overtakes nobody").isFalse();
      clock.advance(Duration.ofSeconds(sizes[i]));
      assertThat(waiting.get(i).get()).isTrue();
      assertThat(clock.waiting()).isEqualTo(sizes.length - i - 1);
    }
    assertThat(served).containsExactly(2, 10, 1, 3);
  }

  @Test
  void acquire_interrupted_givesBackWhatItReserved() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perSecond(1).burst(5));
    bucket.tryAcquire(5);
    Thread[] thread = new Thread[1];
    FutureTask<Boolean> waiting = start(() -> {
      thread[0] = Thread.currentThread();
      try {
        return bucket.acquire(5, Duration.ofMinutes(1));
      } catch (InterruptedException e) {
        return false;
      }
    });
    clock.awaitWaiting(1);
    assertThat(bucket.waitTime(1)).isEqualTo(Duration.ofSeconds(6));

    thread[0].interrupt();

    assertThat(waiting.get()).isFalse();
    assertThat(bucket.waitTime(1)).isEqualTo(Duration.ofSeconds(1));
  }

  private static FutureTask<Boolean> start(java.util.concurrent.Callable<Boolean> task) {
    FutureTask<Boolean> future = new FutureTask<>(task);
    Thread thread = new Thread(future, "waits");
    thread.setDaemon(true);
    thread.start();
    return future;
  }

  @Test
  void whileTheClockStands_exactlyTheCapacityIsGranted() throws Exception {
    for (int round = 0; round < 200; round++) {
      TokenBucket bucket = bucket(RateLimit.perSecond(1_000), RateLimit.perMinute(990));
      AtomicLong taken = new AtomicLong();
      onAllThreads(() -> {
        for (int i = 0; i < 400; i++) {
          if (bucket.tryAcquire()) {
            taken.incrementAndGet();
          }
        }
      });
      assertThat(taken).as("round %d", round).hasValue(990);
    }
  }

  /** Lines end all the time, and buckets get other limits: no permit is granted twice. */
  @Test
  void whileLinesEndAndLimitsAreReplaced_nothingIsGrantedTwice() throws Exception {
    // A line of this limit lasts for 64 seconds, and a step of the clock is a minute, which brings
    // next to nothing.
    RateLimit limit = RateLimit.of(1_000_000_007, Duration.ofSeconds(1)).burst(1_000_000);
    for (int round = 0; round < 100; round++) {
      FakeClock time = new FakeClock();
      TokenBucket bucket =
          TokenBucketTest.bucket(time, RateLimit.of(1_000, Duration.ofDays(365)), limit);
      AtomicLong taken = new AtomicLong();
      AtomicLong left = new AtomicLong(THREADS - 1);
      AtomicLong replacements = new AtomicLong();
      Executable takes = () -> {
        for (int i = 0; i < 2_000; i++) {
          if (bucket.tryAcquire(1, time.nanos())) {
            taken.incrementAndGet();
          }
        }
        left.decrementAndGet();
      };
      Concurrently.run(takes, takes, takes, () -> {
        while (left.get() > 0) {
          time.advance(Duration.ofMinutes(1));
          bucket.replace(Carry.KEEP, RateLimit.of(1_000, Duration.ofDays(365)), limit);
          replacements.incrementAndGet();
        }
      });
      long came =
          1_000 + Units.multiplyDivide(time.nanos(), 1_000, Duration.ofDays(365).toNanos());
      assertThat(taken.get() + bucket.available())
          .as("round %d", round)
          // One that is being taken while its lines are replaced may be lost, and none is won.
          .isBetween(came - (THREADS - 1) * replacements.get(), came);
    }
  }

  @Test
  void reservations_ofManyThreads_haveTimesOfTheirOwn() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perSecond(1));
    bucket.tryAcquire();
    List<Long> waits = Collections.synchronizedList(new ArrayList<>());
    onAllThreads(() -> {
      for (int i = 0; i < 1_000; i++) {
        waits.add(bucket.reserve(1, Duration.ofDays(1)) / 1_000_000_000);
      }
    });

    assertThat(waits).doesNotHaveDuplicates().hasSize(THREADS * 1_000).contains(1L, 4_000L);
  }

  @Test
  void refundsOfManyThreads_allCount() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perSecond(10_000));
    bucket.tryAcquire(10_000);
    onAllThreads(() -> {
      for (int i = 0; i < 2_000; i++) {
        bucket.refund(1);
      }
    });

    assertThat(bucket.available()).isEqualTo(THREADS * 2_000);
  }
}
