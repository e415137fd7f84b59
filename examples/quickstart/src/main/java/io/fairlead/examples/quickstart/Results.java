package io.fairlead.examples.quickstart;

import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Attempts.Attempt;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What became of the calls, and which backend had which part in it. Thread-safe. */
final class Results {

  private static final int ERROR = 400;
  private static final int SERVER_ERROR = 500;

  /** One backend's part. */
  private static final class Tally {
    final Backend backend;
    final LongAdder answered = new LongAdder();
    final LongAdder failures = new LongAdder();
    final LongAdder connections = new LongAdder();
    final Latencies latencies = new Latencies();

    Tally(Backend backend) {
      this.backend = backend;
    }
  }

  private final Map<String, Tally> tallies = new LinkedHashMap<>(); // by id; never changed
  private final LongAdder calls = new LongAdder();
  private final LongAdder attempts = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Map<Integer, LongAdder> errors = new ConcurrentSkipListMap<>(); // by status
  private final AtomicReference<@Nullable IOException> firstFailure = new AtomicReference<>();
  private volatile long nanos;

  Results(List<Backend> backends) {
    backends.forEach(backend -> tallies.put(backend.id(), new Tally(backend)));
  }

  private Tally tally(Backend backend) {
    return Objects.requireNonNull(tallies.get(backend.id()), "tally");
  }

  /** A connection was opened. */
  void connected(Backend backend) {
    tally(backend).connections.increment();
  }

  /**
   * A call has ended.
   *
   * @param status of its answer; 0 if none came
   * @param failure what it ended with, maybe after the headers of an answer; null if it ended well
   */
  void call(int status, @Nullable IOException failure) {
    calls.increment();
    if (failure != null) {
      firstFailure.compareAndSet(null, failure);
    }
    if (failure != null || status >= SERVER_ERROR) {
      failed.increment();
    }
    if (status >= ERROR) {
      errors.computeIfAbsent(status, any -> new LongAdder()).increment();
    }
  }

  /**
   * All attempts of a call that has ended.
   *
   * @param all in their order
   * @param truncated whether the last one's answer broke off after its headers
   */
  void attempts(List<Attempt> all, boolean truncated) {
    attempts.add(all.size());
    for (int i = 0; i < all.size(); i++) {
      attempt(all.get(i), truncated && i == all.size() - 1);
    }
  }

  private void attempt(Attempt attempt, boolean truncated) {
    Outcome outcome = attempt.outcome();
    if (outcome == null || attempt.elapsed() == null) {
      return;
    }
    Tally tally = tally(attempt.backend());
    if (attempt.failure() == null) {
      tally.latencies.add(TimeUnit.NANOSECONDS.toMicros(attempt.elapsed().toNanos()));
    }
    switch (outcome.kind()) {
      case SUCCESS, THROTTLED -> (truncated ? tally.failures : tally.answered).increment();
      case CONNECT, TIMEOUT, PROTOCOL, SERVER_ERROR, UNAVAILABLE -> tally.failures.increment();
      // Not the backend's doing: it closed an idle connection, say, and the request went to it
      // again over a fresh one.
      case ABANDONED, IGNORED -> {}
    }
  }

  /** How long all of it took. */
  void took(long nanos) {
    this.nanos = nanos;
  }

  /** How many attempts a backend has answered. */
  long answered(Backend backend) {
    return tally(backend).answered.sum();
  }

  /** How many calls failed for the caller. */
  long failed() {
    return failed.sum();
  }

  /** How it stands, as in {@code 120 of 3000 calls, 0 failed | fast-1 50 | fast-2 52 | slow 18}. */
  String line(long requests) {
    return calls + " of " + requests + " calls, " + failed + " failed"
        + tallies.values().stream()
            .map(tally -> " | " + tally.backend.id() + " " + tally.answered)
            .collect(Collectors.joining());
  }

  /** How it ended, for people. */
  String table() {
    int width = tallies.values().stream()
        .mapToInt(tally -> tally.backend.toString().length())
        .max()
        .orElse(0);
    String row = "%-" + Math.max(width, "backend".length()) + "s %9s %6s %9s %9s %9s %12s%n";
    StringBuilder text = new StringBuilder(String.format(
        Locale.ROOT,
        row,
        "backend",
        "answered",
        "share",
        "failed",
        "p50 ms",
        "p99 ms",
        "connections"));
    long answered =
        tallies.values().stream().mapToLong(tally -> tally.answered.sum()).sum();
    for (Tally tally : tallies.values()) {
      text.append(String.format(
          Locale.ROOT,
          row,
          tally.backend,
          tally.answered,
          percent(tally.answered.sum(), answered),
          tally.failures,
          millis(tally.latencies.quantile(0.5)),
          millis(tally.latencies.quantile(0.99)),
          tally.connections));
    }
    text.append(String.format(
        Locale.ROOT,
        "%d calls in %.1f s, in %d attempts: %d failed%n",
        calls.sum(),
        nanos / 1e9,
        attempts.sum(),
        failed()));
    errors.forEach((status, count) -> text.append("answered with status ")
        .append(status)
        .append(": ")
        .append(count)
        .append(System.lineSeparator()));
    IOException failure = firstFailure.get();
    if (failure != null) {
      text.append("the first failure: ").append(failure).append(System.lineSeparator());
    }
    return text.toString().stripTrailing();
  }

  private static String percent(long part, long all) {
    return String.format(Locale.ROOT, "%.1f%%", all == 0 ? 0 : 100.0 * part / all);
  }

  private static String millis(long micros) {
    return String.format(Locale.ROOT, "%.1f", micros / 1e3);
  }

  /** How it ended, for programs: one line. */
  String json() {
    // Nothing in the id of a backend has to be escaped: it is a host and a port, or our own.
    String backends = tallies.values().stream()
        .map(tally -> String.format(
            Locale.ROOT,
            "{\"backend\":\"%s\",\"requests\":%d,\"failures\":%d,\"p50Micros\":%d,"
                + "\"p99Micros\":%d,\"connections\":%d}",
            tally.backend.id(),
            tally.answered.sum() + tally.failures.sum(),
            tally.failures.sum(),
            tally.latencies.quantile(0.5),
            tally.latencies.quantile(0.99),
            tally.connections.sum()))
        .collect(Collectors.joining(",", "[", "]"));
    return String.format(
        Locale.ROOT,
        "{\"requests\":%d,\"failed\":%d,\"millis\":%d,\"backends\":%s}",
        calls.sum(),
        failed(),
        TimeUnit.NANOSECONDS.toMillis(nanos),
        backends);
  }
}
