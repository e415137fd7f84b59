package io.fairlead.lab;

import java.time.Duration;

/** The scenarios in which something is wrong with one server for a time. */
final class Troubles {

  /** When it is wrong, with time before it to learn and after it to recover. */
  static final Span TROUBLE = Span.seconds(20, 80);

  private static final Span AFTERWARDS = Span.seconds(80, 110);

  private Troubles() {}

  static Scenario oneSlow() {
    return slow("one-slow", 9)
        .description(
            "One of 10 servers takes ten times as long, from 20 s to 80 s, which is the time that is measured; 60 % "
                + "utilisation if nothing were wrong.")
        .measured(TROUBLE)
        .build();
  }

  static Scenario oneSlowAfterwards() {
    return slow("one-slow-afterwards", 9)
        .description("The 30 s after that, when all are well again. The even share would be 10 %.")
        .measured(AFTERWARDS)
        .build();
  }

  static Scenario oneSlowOfThree() {
    return slow("one-slow-of-three", 2)
        .description(
            "One of 3 servers takes ten times as long; 60 % utilisation if nothing were wrong.")
        .measured(TROUBLE)
        .build();
  }

  private static Scenario.Builder slow(String name, int others) {
    return troubled(name, others, Fault.slow(10, TROUBLE)).utilisation(0.6);
  }

  static Scenario oneFailingFast() {
    return failing("one-failing-fast")
        .description(
            "One of 10 servers answers each request with an error within 0.2 ms; 50 % utilisation.")
        .build();
  }

  static Scenario oneFailingFastRetried() {
    return failing("one-failing-fast-retried")
        .description("The same, where what failed is sent to another server, once.")
        .retries(1)
        .build();
  }

  static Scenario.Builder failing(String name) {
    return troubled(name, 9, Fault.failing(1, TROUBLE)).utilisation(0.5).measured(TROUBLE);
  }

  static Scenario oneSilent() {
    return troubled("one-silent", 9, Fault.silent(TROUBLE))
        .description(
            "One of 10 servers takes requests and never answers; clients give up after 2 s; 50 % utilisation.")
        .utilisation(0.5)
        .measured(TROUBLE)
        .build();
  }

  static Scenario.Builder troubled(String name, int others, Fault fault) {
    return Scenario.builder(name)
        .server(ServerSpec.builder("bad").fault(fault).bad())
        .servers(others)
        .duration(Duration.ofSeconds(110));
  }

  static Scenario manyClientsOneSlow() {
    return slow("many-clients-one-slow", 9)
        .description(
            "Twenty clients, and one of 10 servers takes ten times as long; 60 % utilisation if nothing were wrong.")
        .clients(20)
        .measured(TROUBLE)
        .build();
  }
}
