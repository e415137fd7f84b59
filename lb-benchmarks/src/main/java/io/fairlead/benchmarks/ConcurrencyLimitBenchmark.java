package io.fairlead.benchmarks;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.Limiter;
import com.netflix.concurrency.limits.limit.AIMDLimit;
import com.netflix.concurrency.limits.limit.FixedLimit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import io.fairlead.concurrency.ConcurrencyLimit;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
 * What a limit costs: a place taken, the outcome told and the place given back, and a refusal. The clock is read twice in each, as
 * Netflix' limiter does by itself; not in those with {@code CallersClock}, which are given readings that the caller has anyway, as
 * the balancer does. The reference is one addition to a shared counter and one subtraction, and the two readings.
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
public class ConcurrencyLimitBenchmark {

  /** Who does it. */
  @Param({
    "fairleadFixed",
    "fairleadAimd",
    "fairleadGradient",
    "fairleadVegas",
    "fairleadFixedCallersClock",
    "fairleadAimdCallersClock",
    "fairleadGradientCallersClock",
    "fairleadVegasCallersClock",
    "reference",
    "netflixFixed",
    "netflixAimd",
    "netflixGradient2",
    "netflixVegas"
  })
  public String impl;

  private Attempt free;
  private Attempt full;

  private interface Attempt {
    boolean once(CallersClock caller);
  }

  /** Readings of a caller's own. */
  @State(Scope.Thread)
  public static class CallersClock {
    private static final long ATTEMPT_NANOS = 100;

    private long nanos = System.nanoTime();

    private long next() {
      nanos += ATTEMPT_NANOS;
      return nanos;
    }
  }

  @Setup
  public void setUp() {
    free = attempt();
    full = attempt();
    if (full instanceof Fairlead fairlead) {
      fairlead.fill();
    } else if (full instanceof Netflix netflix) {
      netflix.fill();
    }
  }

  private Attempt attempt() {
    return switch (impl) {
      case "fairleadFixed" -> new Fairlead(ConcurrencyLimit.fixed(20), true);
      case "fairleadFixedCallersClock" -> new Fairlead(ConcurrencyLimit.fixed(20), false);
      case "fairleadAimd" -> new Fairlead(ConcurrencyLimit.aimd(), true);
      case "fairleadAimdCallersClock" -> new Fairlead(ConcurrencyLimit.aimd(), false);
      case "fairleadGradient" -> new Fairlead(ConcurrencyLimit.gradient(), true);
      case "fairleadGradientCallersClock" -> new Fairlead(ConcurrencyLimit.gradient(), false);
      case "fairleadVegas" -> new Fairlead(ConcurrencyLimit.vegas(), true);
      case "fairleadVegasCallersClock" -> new Fairlead(ConcurrencyLimit.vegas(), false);
      case "reference" -> new Reference();
      case "netflixFixed" -> new Netflix(FixedLimit.of(20));
      case "netflixAimd" -> new Netflix(AIMDLimit.newBuilder().build());
      case "netflixGradient2" -> new Netflix(Gradient2Limit.newDefault());
      case "netflixVegas" -> new Netflix(VegasLimit.newDefault());
      default -> throw new IllegalArgumentException("impl: " + impl);
    };
  }

  @Benchmark
  public boolean granted(CallersClock caller) {
    return free.once(caller);
  }

  @Benchmark
  public boolean rejected(CallersClock caller) {
    return full.once(caller);
  }

  private static final class Fairlead implements Attempt {
    private final ConcurrencyLimit limit;
    private final boolean reads;

    Fairlead(ConcurrencyLimit.Builder builder, boolean reads) {
      this.limit = builder.build();
      this.reads = reads;
    }

    void fill() {
      while (limit.tryAcquire()) {
        // until there is no place left
      }
    }

    @Override
    public boolean once(CallersClock caller) {
      if (!limit.tryAcquire()) {
        return false;
      }
      long start = reads ? System.nanoTime() : caller.next();
      long now = reads ? System.nanoTime() : caller.next();
      limit.observe(now - start, false, now);
      limit.release();
      return true;
    }
  }

  private static final class Netflix implements Attempt {
    private final Limiter<Void> limiter;

    Netflix(Limit limit) {
      limiter = SimpleLimiter.newBuilder().limit(limit).build();
    }

    void fill() {
      while (acquire().isPresent()) {
        // until there is no place left
      }
    }

    @SuppressWarnings("NullAway") // the context is of no use to it
    private Optional<Limiter.Listener> acquire() {
      return limiter.acquire(null);
    }

    @Override
    public boolean once(CallersClock caller) {
      Optional<Limiter.Listener> listener = acquire();
      listener.ifPresent(Limiter.Listener::onSuccess);
      return listener.isPresent();
    }
  }

  private static final class Reference implements Attempt {
    private final AtomicInteger inFlight = new AtomicInteger();

    @Override
    public boolean once(CallersClock caller) {
      inFlight.getAndIncrement();
      long start = System.nanoTime();
      boolean later = System.nanoTime() - start >= 0;
      inFlight.getAndDecrement();
      return later;
    }
  }
}
