package io.fairlead.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to ask for a permit of one of many keys, which are asked for as often as Zipf's law has it. At so many keys the
 * time is that of the memory: the reference is a map with a number for each key, a reading of the clock, and one CAS or read.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m", "-XX:+AlwaysPreTouch"})
@SuppressWarnings("NullAway.Init") // JMH fills a state's fields before it measures
public class KeyedTokenBucketBenchmark {

  private static final int DRAWS = 1 << 20;
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration DAY = Duration.ofDays(1);

  /** How many keys there are. */
  @Param({"100000"})
  public int keys;

  /** Whether permits are granted. */
  @Param({"true", "false"})
  public boolean granted;

  /** Who is asked. */
  @Param({
    "fairlead",
    "fairleadBucketInCaffeine",
    "referenceMapNanoTimeAndCas",
    "referenceCaffeineGet",
    "caffeineBucket4j"
  })
  public String impl;

  private Predicate<String> limiter;
  private String[] names;
  private int[] draws;

  /** Where in the sequence of keys a thread is. */
  @State(Scope.Thread)
  public static class Place {
    private int next = (int) System.nanoTime() & (DRAWS - 1);
  }

  @Setup
  public void setUp() {
    names = new String[keys];
    Arrays.setAll(names, i -> "client-" + i);
    draws = zipf(keys);
    long permits = granted ? 1_000_000 : 1;
    Duration period = granted ? SECOND : DAY;
    RateLimit limit = RateLimit.of(permits, period);
    limiter = switch (impl) {
      case "fairlead" -> {
        KeyedTokenBucket<String> buckets = KeyedTokenBucket.<String>builder()
            .limit(limit)
            .maximumKeys(2 * keys)
            .build();
        yield buckets::tryAcquire;
      }
      case "fairleadBucketInCaffeine" -> {
        Cache<String, TokenBucket> cache =
            Caffeine.newBuilder().maximumSize(2L * keys).build();
        yield key -> cache.get(key, k -> TokenBucket.of(limit)).tryAcquire();
      }
      case "referenceMapNanoTimeAndCas" -> reference();
      case "referenceCaffeineGet" -> {
        Cache<String, String> cache =
            Caffeine.newBuilder().maximumSize(2L * keys).build();
        yield key -> cache.get(key, k -> k) != null;
      }
      case "caffeineBucket4j" -> {
        Cache<String, Bucket> cache =
            Caffeine.newBuilder().maximumSize(2L * keys).build();
        yield key -> cache.get(key, k -> bucket4j(permits, period)).tryConsume(1);
      }
      default -> throw new IllegalArgumentException("impl: " + impl);
    };
    int known = 0;
    for (String name : names) {
      known += limiter.test(name) ? 1 : 0;
    }
    if (known != keys) {
      throw new IllegalStateException("granted: " + known + " (expected: " + keys + ")");
    }
  }

  @Benchmark
  public boolean tryAcquire(Place place) {
    int next = place.next;
    place.next = (next + 1) & (DRAWS - 1);
    return limiter.test(names[draws[next]]);
  }

  private Predicate<String> reference() {
    ConcurrentMap<String, AtomicLong> map = new ConcurrentHashMap<>();
    for (String name : names) {
      map.put(name, new AtomicLong());
    }
    boolean writes = granted;
    return key -> {
      AtomicLong word = Objects.requireNonNull(map.get(key));
      long now = System.nanoTime();
      return writes ? word.compareAndSet(word.get(), now) : now - word.get() != 0;
    };
  }

  private static Bucket bucket4j(long permits, Duration period) {
    return Bucket.builder()
        .addLimit(limit -> limit.capacity(permits).refillGreedy(permits, period))
        .withNanosecondPrecision()
        .withSynchronizationStrategy(SynchronizationStrategy.LOCK_FREE)
        .build();
  }

  /** Keys in an order at random, the first of which is as frequent as its rank says: 1, 1/2, 1/3… */
  private static int[] zipf(int keys) {
    SplittableRandom random = new SplittableRandom(1);
    double[] below = new double[keys];
    double sum = 0;
    for (int i = 0; i < keys; i++) {
      sum += 1.0 / (i + 1);
      below[i] = sum;
    }
    int[] ranks = new int[keys];
    Arrays.setAll(ranks, i -> i);
    for (int i = keys - 1; i > 0; i--) { // so that frequent ones are not neighbours in memory
      int j = random.nextInt(i + 1);
      int rank = ranks[i];
      ranks[i] = ranks[j];
      ranks[j] = rank;
    }
    int[] draws = new int[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      int found = Arrays.binarySearch(below, random.nextDouble(sum));
      draws[i] = ranks[Math.min(keys - 1, found < 0 ? -found - 1 : found)];
    }
    return draws;
  }
}
