package io.fairlead.benchmarks;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.benchmarks.peers.FinagleBalancer;
import io.fairlead.benchmarks.peers.ServiceTalkBalancer;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What an attempt costs that takes no time itself: acquire, record, close. The reference is the least that does something
 * like it: a ticket, a count of what is in flight, and two readings of the clock. The peers are those whose choice is one with
 * the rest of an attempt; they compare to our strategies that go by load or response times.
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
public class AcquireBenchmark {

  /** How many servers there are. */
  @Param({"3", "10", "100", "10000"})
  public int members;

  /** Who does it. */
  @Param({
    "fairleadRoundRobin",
    "fairleadLeastConnections",
    "fairleadPowerOfTwoChoices",
    "fairleadLeastResponseTime",
    "reference",
    "finagleP2c",
    "finaglePeakEwma",
    "servicetalkP2c"
  })
  public String impl;

  private Attempts attempts;

  /** One attempt, from its choice to its end. */
  private interface Attempts extends AutoCloseable {
    @Nullable
    Object attempt(Blackhole blackhole) throws LoadBalancingException;

    @Override
    default void close() {}
  }

  @Setup
  public void setUp() {
    List<Backend> backends = IntStream.range(0, members)
        .mapToObj(i -> Backend.of("10.1." + i / 250 + "." + i % 250, 8080))
        .toList();
    attempts = switch (impl) {
      case "fairleadRoundRobin" -> new Balanced(backends, Strategy.roundRobin());
      case "fairleadLeastConnections" -> new Balanced(backends, Strategy.leastConnections());
      case "fairleadPowerOfTwoChoices" -> new Balanced(backends, Strategy.powerOfTwoChoices());
      case "fairleadLeastResponseTime" -> new Balanced(backends, Strategy.leastResponseTime());
      case "reference" -> new Reference(backends);
      case "finagleP2c" -> new Peer(FinagleBalancer.p2c(members));
      case "finaglePeakEwma" -> new Peer(FinagleBalancer.p2cPeakEwma(members));
      case "servicetalkP2c" -> new Peer(ServiceTalkBalancer.p2c(members));
      default -> throw new IllegalArgumentException("impl: " + impl);
    };
  }

  @TearDown
  public void tearDown() {
    attempts.close();
  }

  @Benchmark
  public @Nullable Object acquireRecordClose(Blackhole blackhole) throws LoadBalancingException {
    return attempts.attempt(blackhole);
  }

  private static final class Balanced implements Attempts {
    private final LoadBalancer balancer;

    Balanced(List<Backend> backends, Strategy strategy) {
      balancer = LoadBalancer.builder("benchmark")
          .backends(backends)
          .strategy(strategy)
          .build();
    }

    @Override
    public Backend attempt(Blackhole blackhole) throws LoadBalancingException {
      try (Lease lease = balancer.acquire()) {
        lease.record(Outcome.success());
        return lease.backend();
      }
    }

    @Override
    public void close() {
      balancer.close();
    }
  }

  private static final class Reference implements Attempts {
    private final AtomicLong tickets = new AtomicLong();
    private final Backend[] backends;
    private final AtomicInteger[] inFlight;

    Reference(List<Backend> backends) {
      this.backends = backends.toArray(Backend[]::new);
      this.inFlight = new AtomicInteger[backends.size()];
      Arrays.setAll(inFlight, i -> new AtomicInteger());
    }

    @Override
    public Backend attempt(Blackhole blackhole) {
      long start = System.nanoTime();
      int i = (int) ((tickets.getAndIncrement() & Long.MAX_VALUE) % backends.length);
      inFlight[i].incrementAndGet();
      blackhole.consume(System.nanoTime() - start);
      inFlight[i].decrementAndGet();
      return backends[i];
    }
  }

  /** A peer whose pick is a whole attempt, and the same for any request. */
  private static final class Peer implements Attempts {
    private final Request request = new Request();
    private final Pick pick;

    Peer(Pick pick) {
      this.pick = pick;
    }

    @Override
    public @Nullable Object attempt(Blackhole blackhole) {
      return pick.pick(request);
    }

    @Override
    public void close() {
      pick.close();
    }
  }
}
