package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.okhttp.Harness.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A body that nobody closed gives its place back when it has become garbage. */
class LeakTest {

  private static final String LONG = "0123456789".repeat(20_000);

  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final PrintStream err = System.err;

  @BeforeEach
  void listenToTheLog() {
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void restoreTheLog() {
    System.setErr(err);
  }

  /** Of leaks at this server: those of other tests may be noticed in this one. */
  private long warnings(MockWebServer server) {
    return log.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains("neither read to its end nor closed")
            && line.contains(Harness.backend(server).toString()))
        .count();
  }

  private static void collect(Harness orders, BooleanSupplier until) throws InterruptedException {
    for (int i = 0; i < 100 && !until.getAsBoolean(); i++) {
      System.gc();
      orders.events.await(Duration.ofMillis(100), until);
    }
    assertThat(until.getAsBoolean()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void leakedBodies_areRecovered_withOneWarning(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      for (int i = 0; i < 3; i++) {
        server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
        leak(orders.get("/"));
      }
      orders.assertInFlight(3, 0);
      collect(orders, () -> orders.events.leaked == 3 && warnings(server) > 0);
      orders.assertNothingInFlight();
      assertThat(warnings(server)).isEqualTo(1);
    }
  }

  private static void leak(Call call) throws IOException {
    Response response = call.execute();
    response.body().source().readByte();
  }

  @Test
  void bodyOfWhichACopyIsUsed_isNotRecovered() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      ResponseBody kept = wrapped(orders.get("/"));
      leak(orders.get("/"));
      collect(orders, () -> orders.events.leaked == 1);
      orders.assertInFlight(1, 0);
      assertThat(kept.string()).isEqualTo(LONG);
      orders.assertNothingInFlight();
    }
  }

  private static ResponseBody wrapped(Call call) throws IOException {
    Response response = call.execute();
    return ResponseBody.create(response.body().source(), Harness.TEXT, -1);
  }

  @Test
  void callThatIsKept_whileItsBodyIsNot_isRecovered() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      Call call = orders.get("/");
      leak(call);
      collect(orders, () -> orders.events.leaked == 1);
      assertThat(call.isExecuted()).isTrue();
      assertThat(call.tag(Attempts.class).last().outcome()).isNotNull();
      orders.assertNothingInFlight();
    }
  }

  @Test
  void bodiesThatEndedWithoutAClose_areNoLeaks() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server));
        MockWebServer other = Wire.HTTP_1.start();
        Harness witness = Harness.of(Harness.backend(other))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      server.enqueue(new MockResponse.Builder().body("hello").build());
      exactly(orders.get("/"), 5);
      cancelled(orders.get("/"));
      orders.assertNothingInFlight();
      // Of two that leak one after the other, the second is noticed after all that was garbage with
      // the first.
      for (int leaks = 1; leaks <= 2; leaks++) {
        other.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
        leak(witness.get("/"));
        int expected = leaks;
        collect(witness, () -> witness.events.leaked == expected && warnings(other) == 1);
      }
      assertThat(warnings(server)).isZero();
      assertThat(orders.events.leaked).isZero();
    }
  }

  private static void exactly(Call call, int bytes) throws IOException {
    Response response = call.execute();
    response.body().source().readUtf8(bytes);
  }

  private static void cancelled(Call call) throws IOException {
    Response response = call.execute();
    assertThat(response.isSuccessful()).isTrue();
    call.cancel();
  }
}
