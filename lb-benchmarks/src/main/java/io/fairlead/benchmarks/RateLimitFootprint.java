package io.fairlead.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import java.time.Duration;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The program that tells how many bytes rate limiters retain: a bucket, and each key of a limiter with a million of them.
 *
 * <p>To be run with {@code -XX:+UseSerialGC}: G1 gives large arrays whole regions, and counts these.
 */
public final class RateLimitFootprint {

  private static final int KEYS = 1_000_000;
  private static final int BUCKETS = 100_000;
  private static final RateLimit LIMIT = RateLimit.of(100, Duration.ofHours(1));
  private static final RateLimit SECOND_LIMIT = RateLimit.of(1_000, Duration.ofDays(1));

  private RateLimitFootprint() {}

  /** Runs it, without arguments. */
  public static void main(String[] args) {
    IntFunction<Object> longs = i -> 1_000_000L + i;
    IntFunction<Object> strings = i -> "client-" + (1_000_000 + i);
    System.out.println("| | bytes |");
    System.out.println("|---|--:|");
    row("`TokenBucket`", bucket(LIMIT));
    row("`TokenBucket` with two limits", bucket(LIMIT, SECOND_LIMIT));
    row("Bucket4j, lock-free", each(BUCKETS, i -> bucket4j()));
    row("a key that is a `Long`, by itself", each(KEYS, longs));
    row("a key that is a `String` of 14 letters, by itself", each(KEYS, strings));
    row("`KeyedTokenBucket`, a `Long` and all", keyed(KEYS, longs, LIMIT));
    row("`KeyedTokenBucket`, a `String` and all", keyed(KEYS, strings, LIMIT));
    row("`KeyedTokenBucket` with two limits, a `Long`", keyed(KEYS, longs, LIMIT, SECOND_LIMIT));
    row("Caffeine with Bucket4j, a `Long` and all", caffeine(KEYS, longs));
    row("Caffeine with Bucket4j, a `String` and all", caffeine(KEYS, strings));
  }

  static double bucket(RateLimit... limits) {
    return each(BUCKETS, i -> TokenBucket.of(limits));
  }

  /** How many bytes each of so many things takes, but for the array that holds them. */
  private static double each(int count, IntFunction<Object> maker) {
    long bytes =
        RingFootprint.retained(() -> IntStream.range(0, count).mapToObj(maker).toArray());
    long array = RingFootprint.retained(() -> new Object[count]);
    return (double) (bytes - array) / count;
  }

  /** How many bytes each key takes, in all. */
  static double keyed(int count, IntFunction<Object> key, RateLimit... limits) {
    long bytes = RingFootprint.retained(() -> {
      KeyedTokenBucket.Builder<Object> builder = KeyedTokenBucket.builder().maximumKeys(2 * count);
      for (RateLimit limit : limits) {
        builder.limit(limit);
      }
      KeyedTokenBucket<Object> buckets = builder.build();
      for (int i = 0; i < count; i++) {
        buckets.tryAcquire(key.apply(i));
      }
      return buckets;
    });
    return (double) bytes / count;
  }

  private static double caffeine(int count, IntFunction<Object> key) {
    long bytes = RingFootprint.retained(() -> {
      Cache<Object, Bucket> cache =
          Caffeine.newBuilder().maximumSize(2L * count).build();
      for (int i = 0; i < count; i++) {
        cache.get(key.apply(i), k -> bucket4j()).tryConsume(1);
      }
      cache.cleanUp();
      return cache;
    });
    return (double) bytes / count;
  }

  private static Bucket bucket4j() {
    return Bucket.builder()
        .addLimit(limit -> limit.capacity(100).refillGreedy(100, Duration.ofHours(1)))
        .withNanosecondPrecision()
        .withSynchronizationStrategy(SynchronizationStrategy.LOCK_FREE)
        .build();
  }

  private static void row(String what, double bytes) {
    System.out.printf(Locale.ROOT, "| %s | %.0f |%n", what, bytes);
  }
}
