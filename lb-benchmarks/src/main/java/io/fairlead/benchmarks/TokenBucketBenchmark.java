package io.fairlead.benchmarks;

import com.google.common.util.concurrent.RateLimiter;
import dev.failsafe.RateLimiterBuilder;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.local.SynchronizationStrategy;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
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
 * What it costs to ask a rate limiter for a permit: one that has plenty, and one that has none. The reference is the least that
 * does something like it: a reading of the clock and one CAS, or one read.
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
public class TokenBucketBenchmark {

  private static final long PLENTY = 1_000_000_000;
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration DAY = Duration.ofDays(1);

  /** Who is asked. */
  @Param({
    "fairlead",
    "fairleadRounded",
    "fairleadTwoLimits",
    "referenceNanoTimeAndCas",
    "failsafeBursty",
    "failsafeSmooth",
    "resilience4j",
    "guava",
    "bucket4j"
  })
  public String impl;

  private BooleanSupplier plenty;
  private BooleanSupplier none;

  @Setup
  public void setUp() {
    switch (impl) {
      case "fairlead" -> {
        plenty = TokenBucket.of(RateLimit.of(PLENTY, SECOND))::tryAcquire;
        none = TokenBucket.of(RateLimit.of(1, DAY))::tryAcquire;
      }
      case "fairleadRounded" -> {
        plenty = TokenBucket.of(RateLimit.of(999_999_937, SECOND))::tryAcquire;
        none =
            TokenBucket.of(RateLimit.of(9_999_991, DAY.multipliedBy(300)).burst(1_000))::tryAcquire;
      }
      case "fairleadTwoLimits" -> {
        RateLimit more = RateLimit.of(PLENTY, SECOND).burst(2 * PLENTY);
        plenty = TokenBucket.of(RateLimit.of(PLENTY, SECOND), more)::tryAcquire;
        none = TokenBucket.of(more, RateLimit.of(1, DAY))::tryAcquire;
      }
      case "referenceNanoTimeAndCas" -> {
        plenty = new Reference()::granted;
        none = new Reference()::rejected;
      }
      case "failsafeBursty" -> {
        plenty = failsafe(dev.failsafe.RateLimiter.burstyBuilder(PLENTY, SECOND));
        none = failsafe(dev.failsafe.RateLimiter.burstyBuilder(1, DAY));
      }
      case "failsafeSmooth" -> {
        plenty = failsafe(dev.failsafe.RateLimiter.smoothBuilder(Duration.ofNanos(1)));
        none = failsafe(dev.failsafe.RateLimiter.smoothBuilder(DAY));
      }
      case "resilience4j" -> {
        plenty = resilience4j(Integer.MAX_VALUE, SECOND);
        none = resilience4j(1, DAY);
      }
      case "guava" -> {
        plenty = RateLimiter.create(PLENTY)::tryAcquire;
        none = RateLimiter.create(1e-5)::tryAcquire;
      }
      case "bucket4j" -> {
        plenty = bucket4j(PLENTY, SECOND);
        none = bucket4j(1, DAY);
      }
      default -> throw new IllegalArgumentException("impl: " + impl);
    }
    while (none.getAsBoolean()) {} // what there is at the start
  }

  @Benchmark
  public boolean granted() {
    return plenty.getAsBoolean();
  }

  @Benchmark
  public boolean rejected() {
    return none.getAsBoolean();
  }

  private static BooleanSupplier failsafe(RateLimiterBuilder<?> builder) {
    return builder.build()::tryAcquirePermit;
  }

  private static BooleanSupplier resilience4j(int permits, Duration period) {
    RateLimiterConfig config = RateLimiterConfig.custom()
        .limitForPeriod(permits)
        .limitRefreshPeriod(period)
        .timeoutDuration(Duration.ZERO)
        .build();
    return io.github.resilience4j.ratelimiter.RateLimiter.of("benchmark", config)
        ::acquirePermission;
  }

  private static BooleanSupplier bucket4j(long permits, Duration period) {
    Bucket bucket = Bucket.builder()
        .addLimit(limit -> limit.capacity(permits).refillGreedy(permits, period))
        .withNanosecondPrecision()
        .withSynchronizationStrategy(SynchronizationStrategy.LOCK_FREE)
        .build();
    return () -> bucket.tryConsume(1);
  }

  private static final class Reference {
    private final AtomicLong word = new AtomicLong(System.nanoTime());

    boolean granted() {
      long now = System.nanoTime();
      while (true) {
        long before = word.get();
        if (word.compareAndSet(before, Math.max(before + 1, now - PLENTY))) {
          return true;
        }
      }
    }

    boolean rejected() {
      return System.nanoTime() - word.get() < 0;
    }
  }
}
