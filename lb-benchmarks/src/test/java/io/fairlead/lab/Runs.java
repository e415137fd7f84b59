package io.fairlead.lab;

import io.fairlead.strategy.Strategy;
import java.time.Duration;

/** Runs, and what is often run. */
final class Runs {

  static final long SEED = 7;

  private Runs() {}

  static Result run(Scenario.Builder scenario) {
    return run(scenario, Strategy.roundRobin());
  }

  static Result run(Scenario.Builder scenario, Strategy strategy) {
    return Simulation.run(scenario.build(), strategy, SEED);
  }

  /** Ten servers at half of what they can do. */
  static Scenario.Builder ten(ServerSpec.Builder first) {
    return Scenario.builder("ten")
        .server(first)
        .servers(9)
        .utilisation(0.5)
        .duration(Duration.ofSeconds(30))
        .measured(Span.ALWAYS);
  }

  static ServerSpec.Builder bad() {
    return ServerSpec.builder("bad").bad();
  }
}
