package io.fairlead.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The program that compares all strategies in all scenarios, and writes what came out as Markdown and CSV. */
public final class StrategyComparison {

  private StrategyComparison() {}

  /** Runs it; {@code --help} tells the arguments. */
  public static void main(String[] args) {
    int status = run(System.out, System.err, Scenarios.all(), args);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** As {@link #main}, with scenarios to choose; returns the status to exit with. */
  static int run(PrintStream out, PrintStream err, List<Scenario> scenarios, String... args) {
    return Program.STRATEGY_COMPARISON.run(
        out,
        err,
        options -> write(
            Comparison.run(
                options.header(), scenarios, Contenders.all(), options.seed(), out::println),
            options.out()),
        args);
  }

  private static void write(Comparison comparison, Path directory) throws IOException {
    Files.writeString(directory.resolve("strategies-comparison.md"), MarkdownReport.of(comparison));
    Files.writeString(
        directory.resolve("strategies-comparison.csv"), CsvReport.figures(comparison));
    Files.writeString(
        directory.resolve("strategies-one-slow.csv"),
        CsvReport.timeline(comparison, Troubles.oneSlow().name()));
  }
}
