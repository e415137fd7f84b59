package io.fairlead.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What the command line asks for. Immutable once parsed. */
final class LabOptions {

  private static final int MOST_KEYS = 100_000_000;
  private static final int MOST_RUNS = 1_000;

  private final Program program;
  private long seed;
  private int keys = 1_000_000;
  private int runs = 20;
  private Path results = Path.of("docs", "results");
  private Path out;
  private boolean help;

  private LabOptions(Program program) {
    this.program = program;
    this.seed = program.defaultSeed();
    this.out = program.defaultOut();
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException if it cannot be carried out; the message is for whoever wrote it
   */
  static LabOptions parse(Program program, String... args) {
    LabOptions options = new LabOptions(program);
    Set<String> given = new HashSet<>();
    Iterator<String> rest = List.of(args).iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      if (option.equals("--help")) {
        options.help = true;
      } else if (option.equals("--out") || program.takes(option)) {
        options.set(option, value(option, rest));
      } else {
        throw new IllegalArgumentException(option + ": unknown option");
      }
      if (!given.add(option)) {
        throw new IllegalArgumentException(option + ": given twice");
      }
    }
    return options;
  }

  private void set(String option, String value) {
    switch (option) {
      case "--seed" -> seed = parseSeed(value);
      case "--keys" -> keys = parseCount(option, value, MOST_KEYS);
      case "--runs" -> runs = parseCount(option, value, MOST_RUNS);
      case "--results" -> results = parsePath(option, value);
      case "--out" -> out = parsePath(option, value);
      default -> throw new AssertionError(option);
    }
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

  private static int parseCount(String option, String value, int most) {
    try {
      int count = Integer.parseInt(value);
      if (count >= 1 && count <= most) {
        return count;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(option + ": " + value + " (expected: 1 to " + most + ")");
  }

  private static Path parsePath(String option, String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(option + ": " + value + " (expected: a directory)", e);
    }
  }

  long seed() {
    return seed;
  }

  int keys() {
    return keys;
  }

  int runs() {
    return runs;
  }

  Path results() {
    return results;
  }

  Path out() {
    return out;
  }

  boolean help() {
    return help;
  }

  /** The command that does the same again, from the root of the project. */
  String command() {
    return "java -cp lb-benchmarks/target/benchmarks.jar "
        + program.main()
        + (program.takes("--keys") ? " --keys " + keys : "")
        + (program.takes("--runs") ? " --runs " + runs : "")
        + (program.takes("--seed") ? " --seed " + seed : "");
  }

  /** What is to be known of a run, to repeat it: a line each. */
  List<String> header() {
    return List.of(
        "Command: `" + command() + "`",
        "JDK: " + System.getProperty("java.vm.name") + " " + Runtime.version(),
        "CPU: " + cpu(),
        "Seed: " + seed,
        "Date: " + LocalDate.now(ZoneOffset.UTC));
  }

  /** As in {@code AMD EPYC, 2 processors}; of the architecture only where nothing better is told. */
  private static String cpu() {
    String model = System.getProperty("os.arch");
    Path file = Path.of("/proc/cpuinfo");
    if (Files.isReadable(file)) {
      try (Stream<String> lines = Files.lines(file)) {
        model = lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(model);
      } catch (IOException | UncheckedIOException e) {
        // the architecture then
      }
    }
    return model + ", " + Runtime.getRuntime().availableProcessors() + " processors";
  }
}
