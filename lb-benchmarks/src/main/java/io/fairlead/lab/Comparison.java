package io.fairlead.lab;

import io.fairlead.strategy.Strategy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The results of scenarios, each with every strategy.
 *
 * @param header what is to be known of the run, a line each
 * @param entries by scenario in their order, then by strategy in theirs
 */
record Comparison(List<String> header, List<Entry> entries) {

  /** What a scenario came to with each strategy, by the strategy's name. */
  record Entry(Scenario scenario, Map<String, Result> results) {}

  /**
   * Runs them all.
   *
   * @param progress is told of each scenario before it is run
   */
  static Comparison run(
      List<String> header,
      List<Scenario> scenarios,
      Map<String, Strategy> strategies,
      long seed,
      Consumer<String> progress) {
    List<Entry> entries = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      progress.accept(scenario.name());
      Map<String, Result> results = new LinkedHashMap<>();
      strategies.forEach(
          (name, strategy) -> results.put(name, Simulation.run(scenario, strategy, seed)));
      entries.add(new Entry(scenario, results));
    }
    return new Comparison(header, entries);
  }

  /** The results of the scenario of this name. */
  Entry entry(String scenario) {
    return entries.stream()
        .filter(entry -> entry.scenario().name().equals(scenario))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(scenario + ": no such scenario"));
  }
}
