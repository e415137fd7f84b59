package io.fairlead.examples.quickstart;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** What the command line asks for. Immutable once parsed. */
final class Options {

  static final String USAGE = """
      usage: java -jar quickstart.jar [options]

      Without --backends: starts three HTTP servers of its own, one of them slow, sends requests
      through the balancer, stops one server mid-way and starts it again.

        --backends HOST:PORT,...  balances GET requests over these servers instead
        --url URL                 what to get, http or https; its host is only the name that the
                                  servers are called by; needs --backends (http://service/)
        --requests N              how many calls, 1 or more (3000)
        --seconds N               calls for so long instead, 1 to 86400, and tells each second what
                                  every server got; without --backends one server is stopped and
                                  started again every few seconds
        --concurrency C           how many at a time, 1 to 10000 (12)
        --strategy NAME           round-robin, random, least-connections, power-of-two-choices or
                                  least-response-time (round-robin; without --backends
                                  least-connections)
        --json                    prints the result as one line of JSON to standard output, and
                                  all else to standard error
        --help                    prints this

      A call has failed if no answer came, or not all of it, or one with a status of 500 or more;
      any other status is an answer. Redirects are not followed.

      The JSON object has: requests (calls made), failed (calls that failed), millis (how long all
      of it took) and backends, a list of objects with: backend, requests (attempts that it
      answered or failed: a call may take several), failures (those that it failed), p50Micros and
      p99Micros (from the start of an attempt to the headers of its answer; 0 without any answer)
      and connections (how many were opened).

      Exit status: 0 if no call failed, 1 if any did, 2 if the arguments are wrong.
      """;

  private static final int MAX_CONCURRENCY = 10_000;
  private static final long MAX_SECONDS = Duration.ofDays(1).toSeconds();

  private List<Backend> backends = List.of();
  private HttpUrl url = HttpUrl.get("http://service/");
  private long requests = 3000;
  private @Nullable Duration time;
  private int concurrency = 12;
  private @Nullable Strategy strategy;
  private boolean json;
  private boolean help;

  private Options() {}

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException if it cannot be carried out; the message is for whoever wrote it
   */
  static Options parse(String... args) {
    Options options = new Options();
    Set<String> given = new HashSet<>();
    Iterator<String> rest = List.of(args).iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      options.take(option, rest);
      if (!given.add(option)) {
        throw new IllegalArgumentException(option + ": given twice");
      }
    }
    if (given.contains("--url") && options.backends.isEmpty()) {
      throw new IllegalArgumentException("--url: needs --backends");
    }
    if (given.contains("--seconds") && given.contains("--requests")) {
      throw new IllegalArgumentException("--seconds: not together with --requests");
    }
    options.check();
    return options;
  }

  private void take(String option, Iterator<String> rest) {
    switch (option) {
      case "--backends" -> backends = parseBackends(value(option, rest));
      case "--url" -> url = parseUrl(value(option, rest));
      case "--requests" -> requests = number(option, value(option, rest), Long.MAX_VALUE);
      case "--seconds" ->
        time = Duration.ofSeconds(number(option, value(option, rest), MAX_SECONDS));
      case "--concurrency" ->
        concurrency = (int) number(option, value(option, rest), MAX_CONCURRENCY);
      case "--strategy" -> strategy = parseStrategy(value(option, rest));
      case "--json" -> json = true;
      case "--help" -> help = true;
      default -> throw new IllegalArgumentException(option + ": unknown option");
    }
  }

  private static String value(String option, Iterator<String> rest) {
    String value = rest.hasNext() ? rest.next() : "";
    if (value.isEmpty() || value.startsWith("--")) {
      throw new IllegalArgumentException(option + ": its value is missing");
    }
    return value;
  }

  private static List<Backend> parseBackends(String value) {
    List<Backend> backends = new ArrayList<>();
    for (String hostAndPort : value.split(",", -1)) {
      backends.add(Backend.of(hostAndPort.trim()));
    }
    return List.copyOf(backends);
  }

  private static HttpUrl parseUrl(String value) {
    HttpUrl url = HttpUrl.parse(value);
    if (url == null) {
      throw new IllegalArgumentException(
          "--url: " + value + " (expected: as in http://service/path or https://service/path)");
    }
    return url;
  }

  private static long number(String option, String value, long max) {
    try {
      long number = Long.parseLong(value);
      if (number >= 1 && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, as for a number that is out of range.
    }
    String range = max == Long.MAX_VALUE ? "1 or more" : "1 to " + max;
    throw new IllegalArgumentException(option + ": " + value + " (expected: " + range + ")");
  }

  private static Strategy parseStrategy(String name) {
    return switch (name) {
      case "round-robin" -> Strategy.roundRobin();
      case "random" -> Strategy.random();
      case "least-connections" -> Strategy.leastConnections();
      case "power-of-two-choices" -> Strategy.powerOfTwoChoices();
      case "least-response-time" -> Strategy.leastResponseTime();
      default ->
        throw new IllegalArgumentException(
            "--strategy: " + name + " (expected: round-robin, random, least-connections,"
                + " power-of-two-choices or least-response-time)");
    };
  }

  /** What else the library would refuse, two equal backends say, before anything is begun. */
  private void check() {
    try (LoadBalancer balancer =
        LoadBalancer.builder(url.host()).backends(backends).build()) {
      LoadBalancingInterceptor.of(balancer);
    }
  }

  /** The servers to send to; empty for those of the demonstration. */
  List<Backend> backends() {
    return backends;
  }

  HttpUrl url() {
    return url;
  }

  /** How many calls; without end if it is for a {@link #time}. */
  long requests() {
    return time == null ? requests : Long.MAX_VALUE;
  }

  /** For how long to call; null if it is not for a time. */
  @Nullable
  Duration time() {
    return time;
  }

  int concurrency() {
    return concurrency;
  }

  Strategy strategy() {
    if (strategy != null) {
      return strategy;
    }
    // The demonstration's slow server shows what the fewest requests in flight are good for.
    return backends.isEmpty() ? Strategy.leastConnections() : Strategy.roundRobin();
  }

  boolean json() {
    return json;
  }

  boolean help() {
    return help;
  }
}
