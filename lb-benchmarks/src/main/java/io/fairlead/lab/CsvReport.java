package io.fairlead.lab;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/** A comparison to be computed with: comma-separated values under a header of lines that begin with {@code #}. */
final class CsvReport {

  private CsvReport() {}

  /** A line for each scenario and strategy, with all figures; empty where there is none. */
  static String figures(Comparison comparison) {
    StringBuilder text = header(comparison)
        .append("scenario,strategy,calls,succeeded,failed,timed_out,refused,mean_ms,p50_ms,p90_ms,"
            + "p99_ms,p999_ms,max_ms,failed_share,bad_share,max_over_mean\n");
    for (Comparison.Entry entry : comparison.entries()) {
      entry
          .results()
          .forEach((strategy, result) -> text.append(entry.scenario().name())
              .append(',')
              .append(strategy)
              .append(',')
              .append(figures(result))
              .append('\n'));
    }
    return text.toString();
  }

  /** One line, without names. */
  static String figures(Result result) {
    StringJoiner line = new StringJoiner(",").add(Long.toString(result.calls()));
    for (Ending ending : Ending.values()) {
      line.add(Long.toString(result.count(ending)));
    }
    line.add(decimal(result.meanMillis()));
    for (double share : new double[] {0.5, 0.9, 0.99, 0.999, 1}) {
      line.add(decimal(result.latencyMillis(share)));
    }
    return line.add(decimal(result.failedShare()))
        .add(decimal(result.badShare()))
        .add(decimal(result.maxOverMeanLoad()))
        .toString();
  }

  /** A line for each strategy, second and server: how many attempts it got, and which share that is. */
  static String timeline(Comparison comparison, String scenario) {
    Comparison.Entry entry = comparison.entry(scenario);
    StringBuilder text = header(comparison)
        .append("# scenario: ")
        .append(scenario)
        .append("\nstrategy,second,server,attempts,share\n");
    entry.results().forEach((strategy, result) -> appendTimeline(text, strategy, result));
    return text.toString();
  }

  private static void appendTimeline(StringBuilder text, String strategy, Result result) {
    List<ServerSpec> servers = result.scenario().servers();
    int[][] bySecond = result.sentBySecond();
    for (int second = 0; second < bySecond.length; second++) {
      int all = Arrays.stream(bySecond[second]).sum();
      for (int i = 0; all > 0 && i < servers.size(); i++) {
        int attempts = bySecond[second][i];
        text.append(strategy)
            .append(',')
            .append(second)
            .append(',')
            .append(servers.get(i).id())
            .append(',')
            .append(attempts)
            .append(',')
            .append(decimal((double) attempts / all))
            .append('\n');
      }
    }
  }

  private static StringBuilder header(Comparison comparison) {
    StringBuilder text = new StringBuilder();
    comparison.header().forEach(line -> text.append("# ").append(line).append('\n'));
    return text;
  }

  private static String decimal(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.5f", value);
  }
}
