package io.fairlead.benchmarks;

import com.linecorp.armeria.client.circuitbreaker.CircuitState;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
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
 * What a circuit breaker costs a call: a permit and the report of its success, or a rejection. Each is used as its own
 * documentation has it, and reads the clock itself if it needs to; ours with {@code CallersClock} are given a reading that the
 * caller has anyway, which is the same each time. How long a call took is known beforehand, for all. The reference is what judging
 * by time takes at least: one reading of the clock, and one CAS.
 *
 * <p>Windows are of 100 calls or 10 seconds, and what opens is half of the calls failing; {@code fairleadConsecutive} is opened by
 * 5 failures in a row alone.
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
public class CircuitBreakerBenchmark {

  private static final long ELAPSED_NANOS = 1_000_000;

  /** Whose breaker. */
  @Param({
    "fairleadCountWindow",
    "fairleadCountWindowCallersClock",
    "fairleadTimeWindow",
    "fairleadTimeWindowCallersClock",
    "fairleadConsecutive",
    "fairleadConsecutiveCallersClock",
    "reference",
    "resilience4jCountWindow",
    "resilience4jCountWindowLockFree",
    "resilience4jTimeWindow",
    "resilience4jTimeWindowLockFree",
    "failsafeCountWindow",
    "failsafeTimeWindow",
    "armeriaTimeWindow"
  })
  public String impl;

  private Breaker closed;
  private Breaker open;

  /** One breaker. */
  private interface Breaker {
    /** A permit, and that it succeeded; or false. */
    boolean permitAndSuccess();

    void open();
  }

  @Setup
  public void setUp() {
    closed = breaker();
    open = breaker();
    open.open();
  }

  @Benchmark
  public boolean permitAndSuccess() {
    return closed.permitAndSuccess();
  }

  @Benchmark
  public boolean rejected() {
    return open.permitAndSuccess();
  }

  private Breaker breaker() {
    UnaryOperator<CircuitBreaker.Builder> count = b -> b.failureRate(50).countWindow(100);
    UnaryOperator<CircuitBreaker.Builder> time =
        b -> b.failureRate(50).timeWindow(Duration.ofSeconds(10));
    UnaryOperator<CircuitBreaker.Builder> consecutive = b -> b.consecutiveFailures(5);
    return switch (impl) {
      case "fairleadCountWindow" -> new Fairlead(count);
      case "fairleadCountWindowCallersClock" -> new FairleadCallersClock(count);
      case "fairleadTimeWindow" -> new Fairlead(time);
      case "fairleadTimeWindowCallersClock" -> new FairleadCallersClock(time);
      case "fairleadConsecutive" -> new Fairlead(consecutive);
      case "fairleadConsecutiveCallersClock" -> new FairleadCallersClock(consecutive);
      case "reference" -> new Reference();
      case "resilience4jCountWindow" -> new Resilience4j(SlidingWindowType.COUNT_BASED, false);
      case "resilience4jCountWindowLockFree" ->
        new Resilience4j(SlidingWindowType.COUNT_BASED, true);
      case "resilience4jTimeWindow" -> new Resilience4j(SlidingWindowType.TIME_BASED, false);
      case "resilience4jTimeWindowLockFree" -> new Resilience4j(SlidingWindowType.TIME_BASED, true);
      case "failsafeCountWindow" -> new Failsafe(false);
      case "failsafeTimeWindow" -> new Failsafe(true);
      case "armeriaTimeWindow" -> new Armeria();
      default -> throw new IllegalArgumentException("impl: " + impl);
    };
  }

  private static CircuitBreaker fairlead(UnaryOperator<CircuitBreaker.Builder> settings) {
    return settings.apply(CircuitBreaker.builder().openTime(Duration.ofDays(1))).build();
  }

  private static final class Fairlead implements Breaker {
    private final CircuitBreaker breaker;

    Fairlead(UnaryOperator<CircuitBreaker.Builder> settings) {
      breaker = fairlead(settings);
    }

    @Override
    public boolean permitAndSuccess() {
      long permit = breaker.tryAcquire();
      if (permit == CircuitBreaker.REJECTED) {
        return false;
      }
      breaker.succeeded(permit, ELAPSED_NANOS);
      return true;
    }

    @Override
    public void open() {
      long permit = breaker.tryAcquire();
      for (int i = 0; i < 100; i++) {
        breaker.failed(permit, ELAPSED_NANOS);
      }
    }
  }

  private static final class FairleadCallersClock implements Breaker {
    private final CircuitBreaker breaker;
    private final long now = System.nanoTime();

    FairleadCallersClock(UnaryOperator<CircuitBreaker.Builder> settings) {
      breaker = fairlead(settings);
    }

    @Override
    public boolean permitAndSuccess() {
      long permit = breaker.tryAcquire(now);
      if (permit == CircuitBreaker.REJECTED) {
        return false;
      }
      breaker.succeeded(permit, ELAPSED_NANOS, now);
      return true;
    }

    @Override
    public void open() {
      long permit = breaker.tryAcquire();
      for (int i = 0; i < 100; i++) {
        breaker.failed(permit, ELAPSED_NANOS);
      }
    }
  }

  /** One reading of the clock, and one CAS; or one reading. */
  private static final class Reference implements Breaker {
    private final AtomicLong calls = new AtomicLong();
    private boolean open;
    private long until;

    @Override
    public boolean permitAndSuccess() {
      long now = System.nanoTime();
      if (open && now - until < 0) {
        return false;
      }
      long before;
      do {
        before = calls.get();
      } while (!calls.compareAndSet(before, before + 1));
      return now != 0;
    }

    @Override
    public void open() {
      until = System.nanoTime() + TimeUnit.DAYS.toNanos(1);
      open = true;
    }
  }

  private static final class Resilience4j implements Breaker {
    private final io.github.resilience4j.circuitbreaker.CircuitBreaker breaker;

    Resilience4j(SlidingWindowType window, boolean lockFree) {
      boolean count = window == SlidingWindowType.COUNT_BASED;
      CircuitBreakerConfig config = CircuitBreakerConfig.custom()
          .failureRateThreshold(50)
          .slidingWindow(
              count ? 100 : 10,
              20,
              window,
              lockFree
                  ? SlidingWindowSynchronizationStrategy.LOCK_FREE
                  : SlidingWindowSynchronizationStrategy.SYNCHRONIZED)
          .waitDurationInOpenState(Duration.ofDays(1))
          .build();
      breaker = io.github.resilience4j.circuitbreaker.CircuitBreaker.of("benchmark", config);
    }

    @Override
    public boolean permitAndSuccess() {
      if (!breaker.tryAcquirePermission()) {
        return false;
      }
      breaker.onSuccess(ELAPSED_NANOS, TimeUnit.NANOSECONDS);
      return true;
    }

    @Override
    public void open() {
      breaker.transitionToOpenState();
    }
  }

  private static final class Failsafe implements Breaker {
    private final dev.failsafe.CircuitBreaker<Object> breaker;

    Failsafe(boolean time) {
      dev.failsafe.CircuitBreakerBuilder<Object> builder =
          dev.failsafe.CircuitBreaker.builder().withDelay(Duration.ofDays(1));
      breaker = (time
              ? builder.withFailureRateThreshold(50, 20, Duration.ofSeconds(10))
              : builder.withFailureThreshold(50, 100))
          .build();
    }

    @Override
    public boolean permitAndSuccess() {
      if (!breaker.tryAcquirePermit()) {
        return false;
      }
      breaker.recordSuccess();
      return true;
    }

    @Override
    public void open() {
      breaker.open();
    }
  }

  private static final class Armeria implements Breaker {
    private final com.linecorp.armeria.client.circuitbreaker.CircuitBreaker breaker =
        com.linecorp.armeria.client.circuitbreaker.CircuitBreaker.builder("benchmark")
            .failureRateThreshold(0.5)
            .minimumRequestThreshold(20)
            .counterSlidingWindow(Duration.ofSeconds(10))
            .circuitOpenWindow(Duration.ofDays(1))
            .build();

    @Override
    public boolean permitAndSuccess() {
      if (!breaker.tryRequest()) {
        return false;
      }
      breaker.onSuccess();
      return true;
    }

    @Override
    public void open() {
      breaker.enterState(CircuitState.OPEN);
    }
  }
}
