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

  private final Program program;
  private long seed = 42;
  private int keys = 1_000_000;
  private Path results = Path.of("docs", "results");
  private Path out;
  private boolean help;

  private LabOptions(Program program) {
    this.program = program;
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
      case "--keys" -> keys = parseKeys(value);
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

  private static int parseKeys(String value) {
    try {
      int keys = Integer.parseInt(value);
      if (keys >= 1 && keys <= MOST_KEYS) {
        return keys;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("--keys: " + value + " (expected: 1 to " + MOST_KEYS + ")");
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
