package io.fairlead.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class QuickstartTest {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) throws InterruptedException {
    return Quickstart.run(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static JsonNode backend(JsonNode result, String id) {
    return StreamSupport.stream(result.get("backends").spliterator(), false)
        .filter(backend -> backend.get("backend").textValue().equals(id))
        .findAny()
        .orElseThrow();
  }

  @Test
  void demonstration_losesNoCall_thoughAServerStops() throws Exception {
    int status = run("--requests", "300", "--concurrency", "6", "--json");
    assertThat(status).as(err()).isZero();
    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(result.get("requests").intValue()).isEqualTo(300);
    assertThat(result.get("failed").intValue()).isZero();
    assertThat(backend(result, "fast-2").get("failures").intValue()).isPositive();
    assertThat(backend(result, "fast-1").get("failures").intValue()).isZero();
    assertThat(backend(result, "slow").get("requests").intValue())
        .isLessThan(backend(result, "fast-1").get("requests").intValue());
    assertThat(err()).contains("fast-2 stops", "fast-2 is back");
  }

  @Test
  void demonstration_forSomeSeconds_losesNoCall_andTellsEachSecond() throws Exception {
    int status = run("--seconds", "7", "--concurrency", "4", "--json");
    assertThat(status).as(err()).isZero();
    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(result.get("requests").intValue()).isPositive();
    assertThat(result.get("failed").intValue()).isZero();
    assertThat(err())
        .contains("  1 s: 0 failed | fast-1 ", " | slow ", "fast-2 stops", "fast-2 is back")
        .contains(" (out, ");
  }

  @Test
  void demonstration_withoutJson_printsATable() throws InterruptedException {
    assertThat(run("--requests", "30", "--concurrency", "3")).isZero();
    assertThat(out())
        .contains("backend", "share", "connections", "fast-1 (127.0.0.1:", "30 calls in ")
        .endsWith(": 0 failed" + System.lineSeparator());
    assertThat(err()).isEmpty();
  }

  @Test
  void backends_areCalledInTurn_andCounted() throws Exception {
    try (DemoServer one = DemoServer.start(Duration.ofMillis(1));
        DemoServer two = DemoServer.start(Duration.ofMillis(1))) {
      String backends = "127.0.0.1:" + one.port() + ",127.0.0.1:" + two.port();
      int status = run("--backends", backends, "--requests", "40", "--concurrency", "1", "--json");
      assertThat(status).isZero();
      assertThat(out().lines()).hasSize(1);
      JsonNode result = new ObjectMapper().readTree(out());
      assertThat(result.get("requests").intValue()).isEqualTo(40);
      assertThat(result.get("failed").intValue()).isZero();
      assertThat(result.get("millis").longValue()).isPositive();
      for (DemoServer server : List.of(one, two)) {
        JsonNode backend = backend(result, "127.0.0.1:" + server.port());
        assertThat(backend.get("requests").intValue()).isEqualTo(20);
        assertThat(backend.get("failures").intValue()).isZero();
        assertThat(backend.get("connections").intValue()).isEqualTo(1);
        assertThat(backend.get("p50Micros").longValue()).isPositive();
        assertThat(backend.get("p99Micros").longValue())
            .isGreaterThanOrEqualTo(backend.get("p50Micros").longValue());
      }
    }
  }

  @Test
  void backends_allStopped_isExitStatus1() throws Exception {
    String backends;
    try (DemoServer one = DemoServer.start(Duration.ZERO);
        DemoServer two = DemoServer.start(Duration.ZERO)) {
      backends = "127.0.0.1:" + one.port() + ",127.0.0.1:" + two.port();
    }
    assertThat(run("--backends", backends, "--requests", "5", "--json")).isEqualTo(1);
    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(result.get("failed").intValue()).isEqualTo(5);
    for (JsonNode backend : result.get("backends")) {
      assertThat(backend.get("requests").intValue()).isPositive();
      assertThat(backend.get("failures")).isEqualTo(backend.get("requests"));
      assertThat(backend.get("connections").intValue()).isZero();
      assertThat(backend.get("p99Micros").longValue()).isZero();
    }
    assertThat(err()).contains("the first failure: ");
  }

  @Test
  void status500_isAFailure_and404AnAnswer() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/broken", exchange -> answer(exchange, 500));
    server.createContext("/missing", exchange -> answer(exchange, 404));
    server.start();
    try {
      String backend = "127.0.0.1:" + server.getAddress().getPort();
      assertThat(run("--backends", backend, "--url", "http://x/broken", "--requests", "4"))
          .isEqualTo(1);
      assertThat(out()).contains(": 4 failed", "answered with status 500: 4");
      out.reset();
      assertThat(run("--backends", backend, "--url", "http://x/missing", "--requests", "4"))
          .isZero();
      assertThat(out()).contains(": 0 failed", "answered with status 404: 4");
    } finally {
      server.stop(0);
    }
  }

  private static void answer(com.sun.net.httpserver.HttpExchange exchange, int status)
      throws IOException {
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  @Test
  void wrongArgument_printsWhatWasWrongAndUsage_isExitStatus2() throws InterruptedException {
    assertThat(run("--requests", "many")).isEqualTo(2);
    assertThat(err())
        .startsWith("quickstart: --requests: many (expected: 1 or more)")
        .contains("usage: ");
    assertThat(out()).isEmpty();
  }

  @Test
  void help_printsUsage() throws InterruptedException {
    assertThat(run("--help")).isZero();
    assertThat(out()).isEqualTo(Options.USAGE);
    assertThat(err()).isEmpty();
  }
}
