package io.fairlead.benchmarks;

import com.netflix.concurrency.limits.limit.Gradient2Limit;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.retry.RetryBudget;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * The program that tells how many bytes a concurrency limit and a retry budget retain, by how much less of the heap is free after
 * a collection with 10,000 of them. To be run with {@code -XX:+UseSerialGC}.
 */
public final class ConcurrencyLimitFootprint {

  private static final int COUNT = 10_000;

  private ConcurrencyLimitFootprint() {}

  /** Runs it, without arguments. */
  public static void main(String[] args) {
    System.out.println("| | bytes |");
    System.out.println("|---|--:|");
    ConcurrencyLimit.Builder fixed = ConcurrencyLimit.fixed(20);
    ConcurrencyLimit.Builder gradient = ConcurrencyLimit.gradient();
    row("`ConcurrencyLimit`, fixed", bytes(fixed::build));
    row("the same with a queue", bytes(fixed.copy().queue(100, Duration.ofSeconds(1))::build));
    row("`ConcurrencyLimit`, adaptive", bytes(gradient::build));
    row("`RetryBudget`", bytes(RetryBudget.builder()::build));
    row(
        "Netflix' `SimpleLimiter` with a `Gradient2Limit`",
        bytes(
            () -> SimpleLimiter.newBuilder().limit(Gradient2Limit.newDefault()).build()));
  }

  /** How many bytes one retains, of many. */
  static long bytes(Supplier<?> maker) {
    long all = RingFootprint.retained(() -> {
      Object[] made = new Object[COUNT];
      Arrays.setAll(made, i -> maker.get());
      return made;
    });
    long references = 4L * COUNT;
    return Math.round((double) (all - references) / COUNT);
  }

  private static void row(String what, long bytes) {
    System.out.println("| " + what + " | " + bytes + " |");
  }
}
