package io.fairlead.benchmarks;

import com.twitter.finagle.service.RetryBudgets;
import io.fairlead.retry.RetryBudget;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
 * What a retry budget costs: a request, a retry that is in the budget with the ten requests that it takes, and one that is not.
 * Each reads its clock by itself. The reference is a reading of the clock and one addition to a shared counter, or one read.
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
public class RetryBudgetBenchmark {

  private static final int REQUESTS = 10;

  /** Whose it is. */
  @Param({"fairlead", "reference", "finagle"})
  public String impl;

  private Budget budget;
  private Budget empty;

  private interface Budget {
    void deposit();

    boolean tryWithdraw();
  }

  @Setup
  public void setUp() {
    switch (impl) {
      case "fairlead" -> {
        budget = new Fairlead(RetryBudget.builder().build());
        empty = new Fairlead(RetryBudget.builder().floor(0).build());
      }
      case "reference" -> {
        budget = new Reference();
        empty = new Reference();
      }
      case "finagle" -> {
        budget = new Finagle(RetryBudgets.newRetryBudget());
        empty = new Finagle(
            RetryBudgets.newRetryBudget(com.twitter.util.Duration.fromSeconds(10), 0, 0.2));
      }
      default -> throw new IllegalArgumentException("impl: " + impl);
    }
  }

  @Benchmark
  public void request() {
    budget.deposit();
  }

  @Benchmark
  public boolean tenRequestsAndARetry() {
    for (int i = 0; i < REQUESTS; i++) {
      budget.deposit();
    }
    return budget.tryWithdraw();
  }

  @Benchmark
  public boolean rejected() {
    return empty.tryWithdraw();
  }

  private static final class Fairlead implements Budget {
    private final RetryBudget budget;

    Fairlead(RetryBudget budget) {
      this.budget = budget;
    }

    @Override
    public void deposit() {
      budget.deposit();
    }

    @Override
    public boolean tryWithdraw() {
      return budget.tryWithdraw();
    }
  }

  private static final class Finagle implements Budget {
    private final com.twitter.finagle.service.RetryBudget budget;

    Finagle(com.twitter.finagle.service.RetryBudget budget) {
      this.budget = budget;
    }

    @Override
    public void deposit() {
      budget.deposit();
    }

    @Override
    public boolean tryWithdraw() {
      return budget.tryWithdraw();
    }
  }

  private static final class Reference implements Budget {
    private final AtomicLong tokens = new AtomicLong();

    @Override
    public void deposit() {
      if (System.nanoTime() != 0) {
        tokens.getAndIncrement();
      }
    }

    @Override
    public boolean tryWithdraw() {
      return System.nanoTime() != 0 && tokens.get() > 0 && tokens.getAndDecrement() > 0;
    }
  }
}
