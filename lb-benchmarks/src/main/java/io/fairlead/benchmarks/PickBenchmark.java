package io.fairlead.benchmarks;

import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.util.concurrent.TimeUnit;
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

/**
 * What the choice of a server costs, alone: each strategy beside the least that works in its manner and beside the peers.
 * The servers are idle and all available. With {@code -t 2} two threads share one picker.
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
public class PickBenchmark {

  /** How many servers there are. */
  @Param({"10", "100", "1000", "10000"})
  public int members;

  /** Who picks. */
  @Param
  public PickImpl impl;

  private Pick pick;

  @Setup
  public void setUp() {
    pick = impl.of(members);
  }

  @TearDown
  public void tearDown() {
    pick.close();
  }

  @Benchmark
  public @Nullable Object pick(Request request) {
    request.next();
    return pick.pick(request);
  }
}
