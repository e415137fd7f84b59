package io.fairlead.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The programs of the laboratory: what each is called, and what it takes. */
enum Program {
  STRATEGY_COMPARISON("StrategyComparison", Path.of("docs", "results"), """
      usage: java -cp benchmarks.jar io.fairlead.lab.StrategyComparison [options]

      Simulates every scenario with every strategy, in virtual time, and writes
      strategies-comparison.md, strategies-comparison.csv and strategies-one-slow.csv.

        --seed N   what all random numbers follow from, any whole number (42)
        --out DIR  an existing directory to write to (docs/results)
        --help     prints this

      Exit status: 0 if all was written, 1 if it could not be, 2 if the arguments are wrong.
      """),

  HASHING_COMPARISON("HashingComparison", Path.of("docs", "results"), """
      usage: java -cp benchmarks.jar io.fairlead.lab.HashingComparison [options]

      Looks up many keys with every strategy that goes by keys, as members leave, return and
      are unavailable, and writes hashing.md and hashing.csv. Takes some minutes.

        --keys N   how many keys, 1 to 100000000 (1000000)
        --seed N   what all random numbers follow from, any whole number (42)
        --out DIR  an existing directory to write to (docs/results)
        --help     prints this

      Exit status: 0 if all was written, 1 if it could not be, 2 if the arguments are wrong.
      """),

  LIMIT_COMPARISON("LimitComparison", Path.of("docs", "results"), """
      usage: java -cp benchmarks.jar io.fairlead.lab.LimitComparison [options]

      Lets every kind of adaptive concurrency limit find the knee of simulated servers, in
      virtual time, and writes concurrency-limits.md and concurrency-limits.csv. Takes some
      minutes.

        --runs N   how many runs of each kind with each shape, 1 to 1000 (20)
        --seed N   what all random numbers of the first run follow from, any whole number;
                   the next run has the next one (101)
        --out DIR  an existing directory to write to (docs/results)
        --help     prints this

      Exit status: 0 if all was written, 1 if it could not be, 2 if the arguments are wrong.
      """),

  PLOTS("Plots", Path.of("docs", "guide", "images"), """
      usage: java -cp benchmarks.jar io.fairlead.lab.Plots [options]

      Draws the pictures of the docs from what StrategyComparison and HashingComparison wrote.

        --results DIR  where their files are (docs/results)
        --out DIR      an existing directory to write to (docs/guide/images)
        --help         prints this

      Exit status: 0 if all was written, 1 if it could not be, 2 if the arguments are wrong.
      """);

  private final String main;
  private final Path out;
  private final String usage;

  Program(String main, Path out, String usage) {
    this.main = main;
    this.out = out;
    this.usage = usage;
  }

  /** What a program does once its command line is understood. */
  interface Body {
    void run(LabOptions options) throws IOException;
  }

  /** Runs it; returns the status to exit with. */
  int run(PrintStream stdout, PrintStream stderr, Body body, String... args) {
    LabOptions options;
    try {
      options = LabOptions.parse(this, args);
    } catch (IllegalArgumentException e) {
      stderr.println(e.getMessage());
      stderr.print(usage);
      return 2;
    }
    if (options.help()) {
      stdout.print(usage);
      return 0;
    }
    // Before a minute's work, not after it.
    if (!Files.isDirectory(options.out())) {
      stderr.println("--out: " + options.out() + " (expected: an existing directory)");
      return 2;
    }
    try {
      body.run(options);
    } catch (IOException e) {
      stderr.println("cannot read or write: " + e);
      return 1;
    }
    return 0;
  }

  /** The class to name on the command line. */
  String main() {
    return "io.fairlead.lab." + main;
  }

  /** Where it writes to if nothing else is said. */
  Path defaultOut() {
    return out;
  }

  /** What random numbers follow from if nothing else is said. */
  long defaultSeed() {
    return this == LIMIT_COMPARISON ? 101 : 42;
  }

  /** Whether it has this option, beside those that all have. */
  boolean takes(String option) {
    return switch (option) {
      case "--seed" -> this != PLOTS;
      case "--keys" -> this == HASHING_COMPARISON;
      case "--runs" -> this == LIMIT_COMPARISON;
      case "--results" -> this == PLOTS;
      default -> false;
    };
  }

  String usage() {
    return usage;
  }
}
