package io.fairlead.benchmarks;

import io.fairlead.circuitbreaker.CircuitBreaker;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The program that tells how many bytes a circuit breaker retains, by how much less of the heap is free after a collection with
 * 10,000 of them that were built alike. To be run with {@code -XX:+UseSerialGC}.
 */
public final class CircuitBreakerFootprint {

  private static final int BREAKERS = 10_000;

  private CircuitBreakerFootprint() {}

  /** Runs it, without arguments. */
  public static void main(String[] args) {
    System.out.println("| | fresh | one success | and one failure | open |");
    System.out.println("|---|--:|--:|--:|--:|");
    row("5 failures in a row", () -> CircuitBreaker.builder().consecutiveFailures(5));
    row("count window of 100", () -> CircuitBreaker.builder().failureRate(50).countWindow(100));
    row(
        "time window of 10 s",
        () -> CircuitBreaker.builder().failureRate(50).timeWindow(Duration.ofSeconds(10)));
  }

  private static void row(String what, Supplier<CircuitBreaker.Builder> builder) {
    StringBuilder row = new StringBuilder("| ").append(what);
    int opens = what.startsWith("5") ? 5 : 19;
    for (int failures : new int[] {-1, 0, 1, opens}) {
      long bytes = bytes(builder.get(), breaker -> {
        if (failures >= 0) {
          breaker.succeeded(breaker.tryAcquire(), 1);
        }
        for (int i = 0; i < failures; i++) {
          breaker.failed(breaker.tryAcquire(), 1);
        }
      });
      row.append(" | ").append(bytes);
    }
    System.out.println(row.append(" |"));
  }

  /** How many bytes one retains, of many built with one builder and used so. */
  static long bytes(CircuitBreaker.Builder builder, Consumer<CircuitBreaker> use) {
    long all = RingFootprint.retained(() -> {
      CircuitBreaker[] breakers = new CircuitBreaker[BREAKERS];
      Arrays.setAll(breakers, i -> builder.build());
      Arrays.asList(breakers).forEach(use);
      return breakers;
    });
    long references = 4L * BREAKERS;
    return Math.round((double) (all - references) / BREAKERS);
  }
}
