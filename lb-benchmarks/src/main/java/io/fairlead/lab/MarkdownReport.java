package io.fairlead.lab;

import java.util.Locale;

/** A comparison to be read: a table for each scenario. */
final class MarkdownReport {

  private static final String INTRODUCTION = """
      # Strategies compared, in virtual time

      Each strategy at work in a real balancer, against servers that are simulated; all strategies get the very same requests.
      Servers have 2 workers of 20 ms mean service time (lognormal, sigma 1) and a queue of 100 unless a scenario says
      otherwise; requests arrive as a Poisson process; time-out 2 s; no retries unless said. Nobody is ejected unless a scenario
      says so: what is seen is the strategy.

      Latency is that of successful calls, in milliseconds, so it is to be read beside what failed: a strategy whose slow calls
      time out looks quick. *Failed* is the share of calls that did not succeed: an error, no answer in time, or no server.
      *To the bad one* is the share of attempts that went to the server that the scenario is about. *Max/mean* is how much more
      the busiest of the other servers got than they got on average, over the whole time measured. Raw data:
      [strategies-comparison.csv](strategies-comparison.csv), and for who got what in each second of `one-slow`:
      [strategies-one-slow.csv](strategies-one-slow.csv).
      """;

  private MarkdownReport() {}

  static String of(Comparison comparison) {
    StringBuilder text = new StringBuilder(INTRODUCTION).append('\n');
    comparison.header().forEach(line -> text.append("- ").append(line).append('\n'));
    comparison.entries().forEach(entry -> appendTable(text, entry));
    return text.toString();
  }

  private static void appendTable(StringBuilder text, Comparison.Entry entry) {
    Scenario scenario = entry.scenario();
    text.append("\n## ")
        .append(scenario.name())
        .append("\n\n")
        .append(scenario.description())
        .append("\n\n")
        .append("| strategy | mean | p50 | p99 | p99.9 | failed | to the bad one | max/mean |\n")
        .append("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    entry.results().forEach((name, result) -> appendRow(text, name, result));
  }

  private static void appendRow(StringBuilder text, String name, Result result) {
    text.append("| ").append(name);
    cell(text, "%.1f", result.meanMillis());
    cell(text, "%.1f", result.latencyMillis(0.5));
    cell(text, "%.0f", result.latencyMillis(0.99));
    cell(text, "%.0f", result.latencyMillis(0.999));
    cell(text, "%.2f %%", 100 * result.failedShare());
    cell(text, "%.2f %%", 100 * result.badShare());
    cell(text, "%.3f", result.maxOverMeanLoad());
    text.append(" |\n");
  }

  private static void cell(StringBuilder text, String format, double value) {
    text.append(" | ")
        .append(Double.isNaN(value) ? "–" : String.format(Locale.ROOT, format, value));
  }
}
