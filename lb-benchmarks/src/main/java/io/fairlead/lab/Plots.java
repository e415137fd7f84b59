package io.fairlead.lab;

import io.fairlead.lab.CsvTable.Row;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;

/** The program that draws the pictures of the docs from what was recorded. It needs no display. */
public final class Plots {

  private static final String EVEN = "exact share of those who leave";

  private Plots() {}

  /** Runs it; {@code --help} tells the arguments. */
  public static void main(String[] args) {
    int status = run(System.out, System.err, args);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** As {@link #main}; returns the status to exit with. */
  static int run(PrintStream out, PrintStream err, String... args) {
    System.setProperty("java.awt.headless", "true");
    return Program.PLOTS.run(out, err, options -> draw(options.results(), options.out()), args);
  }

  private static void draw(Path results, Path images) throws IOException {
    CsvTable timeline = CsvTable.read(results.resolve("strategies-one-slow.csv"));
    CsvTable strategies = CsvTable.read(results.resolve("strategies-comparison.csv"));
    CsvTable hashing = CsvTable.read(results.resolve("hashing.csv"));
    Pictures.save(oneSlow(timeline), images.resolve("one-slow.png"));
    Pictures.save(latencies(strategies), images.resolve("latencies.png"));
    Pictures.save(failures(strategies), images.resolve("failures.png"));
    Pictures.save(moved(hashing), images.resolve("keys-moved.png"));
    Pictures.save(load(hashing), images.resolve("key-load.png"));
  }

  /** Which part of all requests goes to the slow server, second by second. */
  private static XYChart oneSlow(CsvTable timeline) {
    XYChart chart = Pictures.lines(
        "One of ten servers becomes ten times slower",
        "seconds (slow from 20 s to 80 s)",
        "% of requests that go to it");
    Span slow = Troubles.oneSlow().measured();
    Pictures.from(chart, slow.from() / 1e9);
    Pictures.from(chart, slow.until() / 1e9);
    List<String> shown =
        List.of("roundRobin", "leastConnections", "powerOfTwoChoices", "leastResponseTime");
    for (String strategy : timeline.distinct("strategy")) {
      if (shown.contains(strategy)) {
        List<Row> rows =
            timeline.rows(row -> row.has("strategy", strategy) && row.has("server", "bad"));
        Pictures.add(
            chart,
            strategy,
            rows.stream().map(row -> row.number("second")).toList(),
            rows.stream().map(row -> 100 * row.number("share")).toList());
      }
    }
    return chart;
  }

  /** How long the slowest hundredth of all calls takes. */
  private static CategoryChart latencies(CsvTable strategies) {
    double timeout = Troubles.oneSlow().timeoutNanos() / 1e6;
    CategoryChart chart = Pictures.bars(
        "99 % of calls take no longer",
        "", String.format("ms, up to the time-out of %.0f", timeout));
    Map<String, String> scenarios = new LinkedHashMap<>();
    scenarios.put("equal-80", "equal servers, 80 % busy");
    scenarios.put("one-slow", "one of 10 is slow");
    scenarios.put("many-clients-one-slow", "one is slow, many clients");
    addScenarios(chart, strategies, scenarios, row -> {
      // The recorded percentile is that of successful calls. One that times out takes longer.
      boolean slow = row.number("timed_out") > 0.01 * row.number("calls");
      return slow ? timeout : row.number("p99_ms");
    });
    return chart;
  }

  /** How many calls fail. */
  private static CategoryChart failures(CsvTable strategies) {
    CategoryChart chart = Pictures.bars("Calls that fail, without retries", "", "% of calls");
    Map<String, String> scenarios = new LinkedHashMap<>();
    scenarios.put("one-failing-fast", "one of 10 refuses");
    scenarios.put("one-slow", "one of 10 is slow");
    scenarios.put("many-clients-one-slow", "one is slow, many clients");
    addScenarios(chart, strategies, scenarios, row -> 100 * row.number("failed_share"));
    return chart;
  }

  /** Bars for each scenario, grouped by strategy. */
  private static void addScenarios(
      CategoryChart chart,
      CsvTable strategies,
      Map<String, String> scenarios,
      ToDoubleFunction<Row> value) {
    scenarios.forEach((scenario, name) -> {
      List<Row> rows = strategies.rows(row -> row.has("scenario", scenario));
      Pictures.add(
          chart,
          name,
          rows.stream().map(row -> row.text("strategy")).toList(),
          rows.stream().map(row -> value.applyAsDouble(row)).toList());
    });
    Pictures.slantLabels(chart);
  }

  /** How many keys move when some members leave. */
  private static CategoryChart moved(CsvTable hashing) {
    CategoryChart chart =
        Pictures.bars("Keys that move when members leave", "members that leave", "% of all keys");
    chart.getStyler().setYAxisLogarithmic(true).setYAxisMin(0.01).setYAxisMax(20.0);
    Map<String, String> strategies = new LinkedHashMap<>();
    strategies.put("ring 160", "ring");
    strategies.put("maglev", "Maglev");
    strategies.put("rendezvous", "rendezvous");
    List<String> cases = new ArrayList<>();
    List<Double> least = new ArrayList<>();
    for (Row row :
        hashing.rows(row -> row.has("weights", "equal") && row.has("strategy", "maglev"))) {
      cases.add(name(row));
      least.add(100 * row.number("leavers") / row.number("members"));
    }
    strategies.forEach((strategy, name) -> {
      List<Row> rows =
          hashing.rows(row -> row.has("weights", "equal") && row.has("strategy", strategy));
      Pictures.add(
          chart,
          name,
          rows.stream().map(Plots::name).toList(),
          rows.stream()
              .map(row ->
                  100 * (row.number("must_move") + row.number("excess")) / row.number("keys"))
              .toList());
    });
    Pictures.add(chart, EVEN, cases, least);
    return chart;
  }

  private static String name(Row row) {
    return String.format("%s of %,d", row.text("leavers"), row.integer("members"));
  }

  /** How much the most and the least loaded members get. */
  private static CategoryChart load(CsvTable hashing) {
    CategoryChart chart = Pictures.bars(
        "Keys of the most and the least loaded of 100 members", "", "keys, compared with the mean");
    List<Row> rows = hashing.rows(
        row -> row.has("weights", "equal") && row.has("members", 100) && row.has("leavers", 1));
    List<String> names = rows.stream().map(row -> row.text("strategy")).toList();
    Pictures.add(
        chart,
        "most",
        names,
        rows.stream().map(row -> row.number("max_over_mean")).toList());
    Pictures.add(
        chart,
        "least",
        names,
        rows.stream().map(row -> row.number("min_over_mean")).toList());
    return chart;
  }
}
