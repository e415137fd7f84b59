package io.fairlead.lab;

import java.time.Duration;

/**
 * The scenarios in which the balancer ejects who fails, as it does by default. In all others it does not, so that what is seen
 * is the strategy.
 */
final class Ejections {

  private Ejections() {}

  private static Scenario.Builder ejecting(Scenario.Builder scenario) {
    return scenario.balancers(balancer -> balancer.maxEjected(0.5));
  }

  static Scenario oneFailingFast() {
    return ejecting(Troubles.failing("one-failing-fast-ejection"))
        .description("One of 10 servers answers each request with an error within 0.2 ms, and the"
            + " balancer ejects who fails; 50 % utilisation.")
        .build();
  }

  static Scenario oneFailingFastOfThree() {
    return ejecting(Troubles.troubled(
            "one-failing-fast-of-three-ejection", 2, Fault.failing(1, Troubles.TROUBLE)))
        .description("One of 3 servers answers each request with an error, and the balancer ejects"
            + " who fails; 50 % utilisation.")
        .utilisation(0.5)
        .measured(Troubles.TROUBLE)
        .build();
  }

  static Scenario oneFailingHalf() {
    return failingHalf("one-failing-half")
        .description(
            "One of 10 servers answers every other request with an error; 50 % utilisation.")
        .build();
  }

  static Scenario oneFailingHalfEjection() {
    return ejecting(failingHalf("one-failing-half-ejection"))
        .description("The same, and the balancer ejects who fails.")
        .build();
  }

  private static Scenario.Builder failingHalf(String name) {
    return Troubles.troubled(name, 9, Fault.failing(0.5, Troubles.TROUBLE))
        .utilisation(0.5)
        .measured(Troubles.TROUBLE);
  }

  static Scenario oneSilent() {
    return ejecting(Troubles.troubled("one-silent-ejection", 9, Fault.silent(Troubles.TROUBLE)))
        .description("One of 10 servers takes requests and never answers, and the balancer ejects"
            + " who fails; clients give up after 2 s; 50 % utilisation.")
        .utilisation(0.5)
        .measured(Troubles.TROUBLE)
        .build();
  }

  static Scenario allFailingSometimes() {
    return failingSometimes("all-failing-sometimes")
        .description(
            "Each of 10 servers answers a third of its requests with an error, as after a bad"
                + " deployment; 60 % utilisation.")
        .build();
  }

  static Scenario allFailingSometimesEjection() {
    return ejecting(failingSometimes("all-failing-sometimes-ejection"))
        .description("The same, and the balancer ejects who fails.")
        .build();
  }

  private static Scenario.Builder failingSometimes(String name) {
    Scenario.Builder scenario = Scenario.builder(name);
    for (int i = 0; i < 10; i++) {
      scenario.server(ServerSpec.builder("s" + i).fault(Fault.failing(1.0 / 3, Troubles.TROUBLE)));
    }
    return scenario.utilisation(0.6).duration(Duration.ofSeconds(110)).measured(Troubles.TROUBLE);
  }
}
