package io.fairlead.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
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
    LabOptions options;
    try {
      options = LabOptions.parse(args);
    } catch (IllegalArgumentException e) {
      err.println(e.getMessage());
      err.print(LabOptions.USAGE);
      return 2;
    }
    if (options.help()) {
      out.print(LabOptions.USAGE);
      return 0;
    }
    // Before a minute's work, not after it.
    if (!Files.isDirectory(options.out())) {
      err.println("--out: " + options.out() + " (expected: an existing directory)");
      return 2;
    }
    Comparison comparison =
        Comparison.run(header(options), scenarios, Contenders.all(), options.seed(), out::println);
    try {
      write(comparison, options.out());
    } catch (IOException e) {
      err.println("cannot write: " + e);
      return 1;
    }
    return 0;
  }

  private static List<String> header(LabOptions options) {
    return List.of(
        "Command: `" + options.command() + "`",
        "JDK: " + System.getProperty("java.vm.name") + " " + Runtime.version(),
        "Seed: " + options.seed(),
        "Date: " + LocalDate.now(ZoneOffset.UTC));
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
