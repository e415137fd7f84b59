package io.fairlead.lab;

import java.time.Duration;
import java.util.List;

/**
 * The conditions under which strategies are compared. Unless one says otherwise, there are 10 servers of 2 workers, which serve
 * 100 requests a second each, and one client.
 */
final class Scenarios {

  private Scenarios() {}

  /** In the order of the tables. */
  static List<Scenario> all() {
    return List.of(
        equal50(),
        equal80(),
        three(),
        hundred(),
        halfCapacity(),
        unequalWeighted(),
        gcPauses(),
        Troubles.oneSlow(),
        Troubles.oneSlowAfterwards(),
        Troubles.oneSlowOfThree(),
        Troubles.oneFailingFast(),
        Troubles.oneFailingFastRetried(),
        Troubles.oneSilent(),
        Ejections.oneFailingFast(),
        Ejections.oneFailingFastOfThree(),
        Ejections.oneFailingHalf(),
        Ejections.oneFailingHalfEjection(),
        Ejections.oneSilent(),
        Ejections.allFailingSometimes(),
        Ejections.allFailingSometimesEjection(),
        coldStart(),
        coldJoiner(),
        coldJoinerSlowStart(),
        leavingAndReturning(),
        manyClients(),
        Troubles.manyClientsOneSlow());
  }

  static Scenario equal50() {
    return Scenario.builder("equal-50")
        .description("Equal servers at 50 % utilisation.")
        .servers(10)
        .utilisation(0.5)
        .build();
  }

  static Scenario equal80() {
    return Scenario.builder("equal-80")
        .description("Equal servers at 80 % utilisation.")
        .servers(10)
        .utilisation(0.8)
        .build();
  }

  static Scenario three() {
    return Scenario.builder("three")
        .description("Three equal servers at 70 % utilisation.")
        .servers(3)
        .utilisation(0.7)
        .build();
  }

  static Scenario hundred() {
    return Scenario.builder("hundred")
        .description("A hundred equal servers at 70 % utilisation.")
        .servers(100)
        .utilisation(0.7)
        .duration(Duration.ofSeconds(40))
        .measured(Span.since(10))
        .build();
  }

  static Scenario halfCapacity() {
    return Scenario.builder("half-capacity")
        .description(
            "One of 10 servers has half the workers and nobody was told; 70 % utilisation. The even share of it would "
                + "be 10 %, the just one 5.3 %.")
        .servers(9)
        .server(ServerSpec.builder("half").workers(1).bad())
        .utilisation(0.7)
        .build();
  }

  static Scenario unequalWeighted() {
    Scenario.Builder scenario = Scenario.builder("unequal-weighted")
        .description(
            "Servers of 1, 2 and 4 workers, three of each, whose weights say so; 70 % utilisation. Load is what a "
                + "server gets in proportion to what it can do.");
    for (int i = 0; i < 9; i++) {
      int size = 1 << (i / 3);
      scenario.server(ServerSpec.builder("x" + size + "-" + i % 3).workers(size).weight(size));
    }
    return scenario.utilisation(0.7).build();
  }

  static Scenario gcPauses() {
    Scenario.Builder scenario = Scenario.builder("gc-pauses")
        .description(
            "Each server stops altogether for 200 ms on average, every 10 s on average; 60 % utilisation.");
    for (int i = 0; i < 10; i++) {
      scenario.server(
          ServerSpec.builder("s" + i).pauses(Duration.ofSeconds(10), Duration.ofMillis(200)));
    }
    return scenario.utilisation(0.6).build();
  }

  static Scenario coldStart() {
    Scenario.Builder scenario = Scenario.builder("cold-start")
        .description(
            "The first 20 s of servers and client alike: each server takes three times as long at first, and is warm "
                + "after 20 s; 25 % utilisation when they are.");
    for (int i = 0; i < 10; i++) {
      scenario.server(ServerSpec.builder("s" + i).fault(Fault.cold(3, Span.until(20))));
    }
    return scenario
        .utilisation(0.25)
        .duration(Duration.ofSeconds(20))
        .measured(Span.until(20))
        .build();
  }

  static Scenario coldJoiner() {
    return joining("cold-joiner")
        .description(
            "A server joins 10 warm ones after 20 s, takes ten times as long at first, and is warm after another 20 s, "
                + "which are the ones measured; 60 % utilisation with it. The even share of it would be 9.1 %.")
        .build();
  }

  static Scenario coldJoinerSlowStart() {
    return joining("cold-joiner-slow-start")
        .description("The same, and the balancer gives new servers their share over 20 s.")
        .balancers(balancer -> balancer.slowStart(Duration.ofSeconds(20)))
        .build();
  }

  private static Scenario.Builder joining(String name) {
    Span warmingUp = Span.seconds(20, 40);
    return Scenario.builder(name)
        .servers(10)
        .server(ServerSpec.builder("joiner")
            .absent(Span.until(20))
            .fault(Fault.cold(10, warmingUp))
            .bad())
        .utilisation(0.6)
        .duration(Duration.ofSeconds(40))
        .measured(warmingUp);
  }

  static Scenario leavingAndReturning() {
    ServerSpec.Builder nomad = ServerSpec.builder("nomad").bad();
    for (int second = 10; second < 130; second += 10) {
      nomad.absent(Span.seconds(second, second + 5));
    }
    return Scenario.builder("leaving-and-returning")
        .description(
            "One of 10 servers leaves the pool every 10 s, and returns after 5 s; 60 % utilisation with it. The even share of it "
                + "would be 5 %.")
        .servers(9)
        .server(nomad)
        .utilisation(0.6)
        .build();
  }

  static Scenario manyClients() {
    return Scenario.builder("many-clients")
        .description(
            "Twenty clients, each with a twentieth of the requests and a balancer that knows of no other; 10 equal "
                + "servers at 70 % utilisation.")
        .servers(10)
        .clients(20)
        .utilisation(0.7)
        .build();
  }
}
