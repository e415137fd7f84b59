package io.fairlead.lab;

import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The program that compares how strategies share out keys: how evenly, and how many keys move when members leave, return and
 * are unavailable. It drives real balancers, and writes what came out as Markdown and CSV.
 */
public final class HashingComparison {

  private HashingComparison() {}

  /** Runs it; {@code --help} tells the arguments. */
  public static void main(String[] args) {
    int status = run(System.out, System.err, sets(), args);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** Those that tables call by these names, in their order. */
  static Map<String, Strategy> contenders() {
    Map<String, Strategy> all = new LinkedHashMap<>();
    for (int points : new int[] {40, 160, 640}) {
      all.put("ring " + points, ConsistentHash.builder().virtualNodes(points).build());
    }
    all.put("maglev", Strategy.maglev());
    all.put("rendezvous", Strategy.rendezvous());
    return all;
  }

  private static List<HashingSet> sets() {
    List<HashingSet> sets = new ArrayList<>();
    for (int heaviest : new int[] {1, 5}) {
      for (int members : new int[] {10, 100, 1_000}) {
        sets.add(new HashingSet(members, heaviest));
      }
    }
    return sets;
  }

  /** As {@link #main}, with sets to choose; returns the status to exit with. */
  static int run(PrintStream out, PrintStream err, List<HashingSet> sets, String... args) {
    return Program.HASHING_COMPARISON.run(
        out, err, options -> write(options, results(sets, options, out)), args);
  }

  private static List<HashingResult> results(
      List<HashingSet> sets, LabOptions options, PrintStream out) {
    List<HashingResult> results = new ArrayList<>();
    for (HashingSet set : sets) {
      out.println(set.members() + " members, weights " + set.weights());
      contenders()
          .forEach((name, strategy) ->
              results.add(HashingTrial.run(set, name, strategy, options.seed(), options.keys())));
    }
    return results;
  }

  private static void write(LabOptions options, List<HashingResult> results) throws IOException {
    Path directory = options.out();
    HashingReport report = new HashingReport(options.header(), results);
    Files.writeString(directory.resolve("hashing.md"), report.markdown());
    Files.writeString(directory.resolve("hashing.csv"), report.csv());
  }
}
