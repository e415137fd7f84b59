package io.fairlead.lab;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/** What the command line asks for. Immutable once parsed. */
final class LabOptions {

  static final String USAGE = """
      usage: java -cp benchmarks.jar io.fairlead.lab.StrategyComparison [options]

      Simulates every scenario with every strategy, in virtual time, and writes
      strategies-comparison.md, strategies-comparison.csv and strategies-one-slow.csv.

        --seed N   what all random numbers follow from, any whole number (42)
        --out DIR  an existing directory to write to (docs/results)
        --help     prints this

      Exit status: 0 if all was written, 1 if it could not be, 2 if the arguments are wrong.
      """;

  private long seed = 42;
  private Path out = Path.of("docs", "results");
  private boolean help;

  private LabOptions() {}

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException if it cannot be carried out; the message is for whoever wrote it
   */
  static LabOptions parse(String... args) {
    LabOptions options = new LabOptions();
    Set<String> given = new HashSet<>();
    Iterator<String> rest = List.of(args).iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      switch (option) {
        case "--seed" -> options.seed = parseSeed(value(option, rest));
        case "--out" -> options.out = parsePath(value(option, rest));
        case "--help" -> options.help = true;
        default -> throw new IllegalArgumentException(option + ": unknown option");
      }
      if (!given.add(option)) {
        throw new IllegalArgumentException(option + ": given twice");
      }
    }
    return options;
  }

  private static String value(String option, Iterator<String> rest) {
    String value = rest.hasNext() ? rest.next() : "";
    if (value.isEmpty() || value.startsWith("--")) {
      throw new IllegalArgumentException(option + ": its value is missing");
    }
    return value;
  }

  private static long parseSeed(String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "--seed: " + value + " (expected: a whole number, as in 42)", e);
    }
  }

  private static Path parsePath(String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("--out: " + value + " (expected: a directory)", e);
    }
  }

  long seed() {
    return seed;
  }

  Path out() {
    return out;
  }

  boolean help() {
    return help;
  }

  /** The command that does the same again, from the root of the project. */
  String command() {
    return "java -cp lb-benchmarks/target/benchmarks.jar io.fairlead.lab.StrategyComparison --seed "
        + seed;
  }
}
