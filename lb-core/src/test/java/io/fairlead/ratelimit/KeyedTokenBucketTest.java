package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.CapturedLog;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyedTokenBucketTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final FakeClock clock = new FakeClock();
  private final CapturedLog log = new CapturedLog();

  @AfterEach
  void endOfLog() {
    log.close();
  }

  private <K> KeyedTokenBucket<K> bucket(int maximumKeys, RateLimit... limits) {
    KeyedTokenBucket.Builder<K> builder = KeyedTokenBucket.<K>builder()
        .maximumKeys(maximumKeys)
        .time(clock)
        .chance(SeededChance.of(1));
    for (RateLimit limit : limits) {
      builder.limit(limit);
    }
    return builder.build();
  }

  @Test
  void eachKey_hasABucketOfItsOwn() {
    KeyedTokenBucket<String> bucket = bucket(10, RateLimit.perSecond(2));

    assertThat(bucket.tryAcquire("a", 2)).isTrue();
    assertThat(bucket.tryAcquire("a")).isFalse();
    assertThat(bucket.tryAcquire("b", 2)).isTrue();
    assertThat(bucket.waitNanos("a", 1, clock.nanos())).isEqualTo(500_000_000);
    clock.advance(Duration.ofMillis(500));
    assertThat(bucket.tryAcquire("a")).isTrue();
    assertThat(bucket.available("b")).isEqualTo(1);
    assertThat(bucket.size()).isEqualTo(2);
    assertThat(bucket).hasToString("KeyedTokenBucket [2 per PT1S], 2 keys");
  }

  @Test
  void severalLimits_holdForEachKey() {
    KeyedTokenBucket<Integer> bucket = bucket(10, RateLimit.perSecond(2), RateLimit.perMinute(3));

    assertThat(bucket.tryAcquire(1, 2)).isTrue();
    clock.advance(SECOND);
    assertThat(bucket.tryAcquire(1, 2)).isFalse();
    assertThat(bucket.tryAcquire(1)).isTrue();
    assertThat(bucket.tryAcquire(1)).isFalse();
    assertThat(bucket.tryAcquire(2, 2)).isTrue();
  }

  @Test
  void refund_isOfOneKey() {
    KeyedTokenBucket<String> bucket = bucket(10, RateLimit.perSecond(2));
    bucket.tryAcquire("a", 2);
    bucket.tryAcquire("b", 2);

    bucket.refund("a", 1);
    bucket.refund("unknown", 1);

    assertThat(bucket.available("a")).isEqualTo(1);
    assertThat(bucket.available("b")).isZero();
    assertThat(bucket.available("unknown")).isEqualTo(2);
    assertThat(bucket.size()).isEqualTo(2);
  }

  @Test
  void key_isForgotten_onlyOnceItsBucketIsFull() {
    KeyedTokenBucket<String> bucket = bucket(2, RateLimit.perSecond(10));
    bucket.tryAcquire("a", 5);
    bucket.tryAcquire("b", 10);

    assertThat(bucket.tryAcquire("c")).isTrue();
    assertThat(bucket.overflowed()).isEqualTo(1);
    clock.advance(Duration.ofNanos(499_999_999));
    bucket.tryAcquire("c");
    assertThat(bucket.overflowed()).isEqualTo(2);
    clock.advance(Duration.ofNanos(1));
    bucket.tryAcquire("c");
    assertThat(bucket.overflowed()).isEqualTo(2);
    assertThat(bucket.size()).isEqualTo(2);
    assertThat(bucket.available("b")).isEqualTo(5);
  }

  @Test
  void keysThatComeAndGo_areForgottenBeforeThereIsNoRoom() {
    KeyedTokenBucket<Integer> bucket = bucket(1_000, RateLimit.perSecond(10));
    for (int key = 0; key < 100_000; key++) {
      bucket.tryAcquire(key);
      clock.advance(Duration.ofMillis(1)); // full again after 100 ms, with 100 other keys
    }

    assertThat(bucket.size()).isBetween(700, 800);
    assertThat(bucket.overflowed()).isZero();
  }

  @Test
  void keysThatComeBack_areKnownStill_whileThereIsRoom() {
    KeyedTokenBucket<Integer> bucket = bucket(1_000, RateLimit.perSecond(10));
    for (int i = 0; i < 10_000; i++) {
      bucket.tryAcquire(i % 700);
      clock.advance(Duration.ofSeconds(1));
    }

    assertThat(bucket.size()).isEqualTo(700);
  }

  /** The promise: who is being limited stays so, and memory is bounded. */
  @Test
  void floodOfNewKeys_makesNobodyForgotten() {
    KeyedTokenBucket<String> bucket = bucket(1_000, RateLimit.perMinute(10));
    for (int i = 0; i < 500; i++) {
      assertThat(bucket.tryAcquire("limited " + i, 10)).isTrue();
    }
    long granted = 0;
    for (int i = 0; i < 100_000; i++) {
      granted += bucket.tryAcquire("flood " + i, 10) ? 1 : 0;
    }

    assertThat(bucket.size()).isEqualTo(1_000);
    assertThat(granted).isBetween(500L, 500L + 64);
    assertThat(bucket.overflowed()).isEqualTo(99_500);
    assertThat(log.count("More than 1000 keys are being limited")).isEqualTo(1);
    for (int i = 0; i < 500; i++) {
      assertThat(bucket.tryAcquire("limited " + i)).isFalse();
    }
    clock.advance(Duration.ofMinutes(1));
    for (int i = 0; i < 500; i++) {
      assertThat(bucket.tryAcquire("new " + i, 10)).as("room again").isTrue();
    }
  }

  @Test
  void keyThatSharedABucket_doesNotGetAFullOneOnTop() {
    KeyedTokenBucket<String> bucket = bucket(1, RateLimit.perSecond(10));
    bucket.tryAcquire("first");
    assertThat(bucket.tryAcquire("second", 10)).as("from a spare one").isTrue();
    assertThat(bucket.available("second")).isZero();

    clock.advance(Duration.ofMillis(100)); // the first one is full again

    assertThat(bucket.tryAcquire("second", 2)).isFalse();
    assertThat(bucket.overflowed()).isEqualTo(1);
    assertThat(bucket.tryAcquire("second")).isTrue();
    assertThat(bucket.waitNanos("second", 10, clock.nanos())).isEqualTo(1_000_000_000);
  }

  /** Whatever others do, a key gets no more than by itself, and with room for all exactly as much. */
  @ParameterizedTest
  @ValueSource(ints = {3, 1_000})
  void anySchedule_givesNoKeyMoreThanItsOwnBucketWould(int maximumKeys) {
    for (int seed = 0; seed < 500; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      RateLimit limit;
      do {
        limit = TokenBucketModelTest.randomLimit(random);
      } while (limit.startsEmpty());
      FakeClock time = FakeClock.startingAt(random.nextLong());
      KeyedTokenBucket<Integer> bucket = KeyedTokenBucket.<Integer>builder()
          .limit(limit)
          .maximumKeys(maximumKeys)
          .time(time)
          .build();
      Map<Integer, TokenBucket> own = new HashMap<>();
      for (int key = 0; key < 10; key++) {
        own.put(key, TokenBucketTest.bucket(time, limit));
      }
      long elapsed = 0;
      for (int i = 0; i < 300; i++) {
        long step = TokenBucketModelTest.randomStep(random, limit);
        if (elapsed + step < 0) {
          break;
        }
        elapsed += step;
        time.advance(Duration.ofNanos(step));
        int key = random.nextInt(10);
        long permits = TokenBucketModelTest.randomPermits(random, limit.capacity());
        long there = bucket.available(key);
        boolean taken = bucket.tryAcquire(key, permits);
        assertThat(taken).as("seed %d, %d, %s", seed, i, limit).isEqualTo(there >= permits);
        TokenBucket alone = own.get(key);
        if (maximumKeys >= 10 && new Units(limit).exact()) {
          assertThat(alone.tryAcquire(permits))
              .as("seed %d, %d, %s", seed, i, limit)
              .isEqualTo(taken);
        } else if (taken && new Units(limit).exact()) {
          assertThat(alone.tryAcquire(permits))
              .as("seed %d, %d, %s", seed, i, limit)
              .isTrue();
        }
        assertThat(bucket.size()).isLessThanOrEqualTo(maximumKeys);
      }
    }
  }

  /** Keys are forgotten, come back and share buckets all the time: no capacity is given twice. */
  @Test
  void threadsAtAFewKeys_withoutRoom_getNoMoreThanTheirDue() throws Exception {
    for (int round = 0; round < 100; round++) {
      FakeClock time = new FakeClock();
      int keys = 4;
      KeyedTokenBucket<Integer> bucket = KeyedTokenBucket.<Integer>builder()
          .limit(RateLimit.of(2, Duration.ofNanos(1_000)))
          .maximumKeys(2)
          .time(time)
          .build();
      AtomicLong[] taken =
          IntStream.range(0, keys).mapToObj(i -> new AtomicLong()).toArray(AtomicLong[]::new);
      Executable takes = () -> {
        SplittableRandom random = new SplittableRandom();
        for (int i = 0; i < 2_000; i++) {
          int key = random.nextInt(keys);
          if (bucket.tryAcquire(key)) {
            taken[key].incrementAndGet();
          }
          if (i % 8 == 0) {
            time.advance(Duration.ofNanos(random.nextLong(600)));
          }
        }
      };
      Concurrently.run(takes, takes, takes);
      for (AtomicLong each : taken) {
        assertThat(each.get()).as("round %d", round).isLessThanOrEqualTo(2 + time.nanos() / 500);
      }
      assertThat(bucket.size()).isLessThanOrEqualTo(2);
    }
  }

  /** One is forgotten, since its bucket is full, while another thread takes from it. */
  @Test
  void keyThatIsForgotten_whileAThreadTakesFromIt_givesItsCapacityOnce() throws Exception {
    int rounds = 2_000;
    FakeClock time = new FakeClock();
    KeyedTokenBucket<Integer> bucket = KeyedTokenBucket.<Integer>builder()
        .limit(RateLimit.perSecond(1))
        .maximumKeys(1)
        .time(time)
        .build();
    AtomicInteger round = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    Concurrently.run(
        () -> {
          for (int i = 1; i <= rounds; i++) {
            time.advance(SECOND);
            bucket.tryAcquire(0); // in the map, as a rule
            time.advance(SECOND); // and full
            round.set(i);
            bucket.tryAcquire(i); // another key, which takes its place
            reached(ended, i);
          }
        },
        () -> {
          for (int i = 1; i <= rounds; i++) {
            reached(round, i);
            int taken = (bucket.tryAcquire(0) ? 1 : 0) + (bucket.tryAcquire(0) ? 1 : 0);
            assertThat(taken).as("round %d", i).isLessThanOrEqualTo(1);
            ended.set(i);
          }
        });
  }

  /** By spinning, so that both threads go on within nanoseconds: a barrier's wake-up takes longer than the race. */
  @SuppressWarnings("ThreadPriorityCheck") // who spins on the only core must let the other go on
  private static void reached(AtomicInteger counter, int value) throws InterruptedException {
    for (int spins = 0; counter.get() < value; spins++) {
      if (spins < 1_000) {
        Thread.onSpinWait();
      } else if (Thread.interrupted()) {
        throw new InterruptedException();
      } else {
        Thread.yield();
      }
    }
  }

  @Test
  void whileTheClockStands_exactlyTheCapacityOfEachKeyIsGranted() throws Exception {
    for (int round = 0; round < 50; round++) {
      KeyedTokenBucket<Integer> bucket = bucket(110, RateLimit.perSecond(5));
      AtomicLong taken = new AtomicLong();
      Executable takes = () -> {
        for (int i = 0; i < 2_000; i++) {
          if (bucket.tryAcquire(i % 100)) {
            taken.incrementAndGet();
          }
        }
      };
      Concurrently.run(Collections.nCopies(4, takes).toArray(Executable[]::new));
      assertThat(taken).hasValue(500);
      assertThat(bucket.size()).isEqualTo(100);
      assertThat(bucket.overflowed()).isZero();
    }
  }

  @Test
  void readingFromBefore_doesNotBringBackWhatWasForgotten() {
    KeyedTokenBucket<String> bucket = bucket(1, RateLimit.perSecond(10));
    bucket.tryAcquire("a", 10);
    clock.advance(SECOND);
    bucket.tryAcquire("b", 1); // a is forgotten
    clock.advance(SECOND);
    bucket.tryAcquire("c", 1); // b is
    assertThat(bucket.tryAcquire("a", 10, 0)).isTrue(); // from a spare one, which begins no earlier

    assertThat(bucket.tryAcquire("a", 1)).isFalse();
  }

  @Test
  void badInput_isRefused() {
    KeyedTokenBucket.Builder<String> builder = KeyedTokenBucket.builder();
    assertThatThrownBy(() -> builder.maximumKeys(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maximumKeys: 0 (expected: 1 or more)");
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("limit: none (expected: one or more)");
    assertThatThrownBy(() -> builder.limit(RateLimit.perSecond(1).startingEmpty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("limit: 1 per PT1S, starting empty"
            + " (expected: one that starts full, and without warm-up)");
    assertThatThrownBy(() -> builder.limit(RateLimit.perSecond(1).warmUp(SECOND)))
        .isInstanceOf(IllegalArgumentException.class);
    KeyedTokenBucket<String> bucket = bucket(1, RateLimit.perSecond(1));
    for (String key : new String[] {"known", "unknown", "known"}) {
      assertThatThrownBy(() -> bucket.tryAcquire(key, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("permits: 2 (expected: 1 to 1, the capacity of 1 per PT1S)");
      assertThatThrownBy(() -> bucket.refund(key, 0)).isInstanceOf(IllegalArgumentException.class);
      bucket.tryAcquire("known");
    }
    assertThat(bucket.size()).isEqualTo(1);
  }

  @Test
  void builder_isARecipe() {
    KeyedTokenBucket.Builder<String> builder =
        KeyedTokenBucket.<String>builder().limit(RateLimit.perSecond(1)).time(clock);
    KeyedTokenBucket<String> one = builder.build();
    one.tryAcquire("a");

    assertThat(builder.build().tryAcquire("a")).isTrue();
    assertThat(builder.copy().limit(RateLimit.perMinute(1)).build().limits()).hasSize(2);
    assertThat(one.limits()).containsExactly(RateLimit.perSecond(1));
  }
}
