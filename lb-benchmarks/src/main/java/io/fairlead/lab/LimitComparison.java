package io.fairlead.lab;

import io.fairlead.concurrency.ConcurrencyLimit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The program that shows how near adaptive concurrency limits come to the knee of a server, and what they cost: in virtual time,
 * many runs of every kind with every shape. It writes what came out as Markdown and CSV.
 */
public final class LimitComparison {

  /** Beyond so many answers per second, a quarter of the runs must do: they take long, and differ least. */
  private static final int MANY_PER_SECOND = 50_000;

  private LimitComparison() {}

  /** Runs it; {@code --help} tells the arguments. */
  public static void main(String[] args) {
    int status = run(System.out, System.err, LimitShape.all(), args);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** Those that tables call by these names, in their order. */
  static Map<String, Supplier<ConcurrencyLimit.Builder>> contenders() {
    Map<String, Supplier<ConcurrencyLimit.Builder>> all = new LinkedHashMap<>();
    all.put("aimd", ConcurrencyLimit::aimd);
    all.put("gradient", ConcurrencyLimit::gradient);
    all.put("vegas", ConcurrencyLimit::vegas);
    return all;
  }

  /** As {@link #main}, with shapes to choose; returns the status to exit with. */
  static int run(PrintStream out, PrintStream err, List<LimitShape> shapes, String... args) {
    return Program.LIMIT_COMPARISON.run(
        out, err, options -> write(options, results(shapes, options, out)), args);
  }

  private static List<LimitResult> results(
      List<LimitShape> shapes, LabOptions options, PrintStream out) {
    List<LimitResult> results = new ArrayList<>();
    for (LimitShape shape : shapes) {
      out.println(shape);
      // Each run is by itself, so the order in which they are made changes nothing.
      results.addAll(contenders().entrySet().stream()
          .flatMap(kind -> seeds(shape, options).boxed().map(seed -> Map.entry(kind, seed)))
          .toList()
          .parallelStream()
          .map(run ->
              LimitTrial.run(shape, run.getKey().getKey(), run.getKey().getValue(), run.getValue()))
          .toList());
    }
    return results;
  }

  private static LongStream seeds(LimitShape shape, LabOptions options) {
    boolean many = shape.perSecondIn(false) > MANY_PER_SECOND;
    int runs = many ? (options.runs() + 3) / 4 : options.runs();
    return LongStream.range(options.seed(), options.seed() + runs);
  }

  private static void write(LabOptions options, List<LimitResult> results) throws IOException {
    List<String> header = Stream.concat(
            options.header().stream().filter(line -> !line.startsWith("Seed: ")),
            Stream.of("Seeds: " + options.seed() + " to " + (options.seed() + options.runs() - 1)))
        .toList();
    Path directory = options.out();
    LimitReport report = new LimitReport(header, results);
    Files.writeString(directory.resolve("concurrency-limits.md"), report.markdown());
    Files.writeString(directory.resolve("concurrency-limits.csv"), report.csv());
  }
}
