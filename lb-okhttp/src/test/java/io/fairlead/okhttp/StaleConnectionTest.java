package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers close idle connections all the time: no call fails of it, and no backend is blamed for it. */
class StaleConnectionTest {

  private static Call call(Harness orders, String method) {
    return method.equals("GET") ? orders.get("/") : orders.post("/");
  }

  private static Harness harness(int backends, List<RawServer> servers) {
    return Harness.of(
        servers.stream().limit(backends).map(RawServer::backend).toArray(Backend[]::new));
  }

  @ParameterizedTest
  @CsvSource({"GET, 1", "POST, 1", "GET, 3", "POST, 3"})
  void closedConnections_http_timeAndAgain(String method, int backends) throws Exception {
    List<RawServer> servers = new ArrayList<>();
    try {
      for (int i = 0; i < backends; i++) {
        servers.add(RawServer.start(RawServer.okThenClose("hello")));
      }
      try (Harness orders = harness(backends, servers)) {
        for (int i = 0; i < 30; i++) {
          assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
          servers.get(0).awaitClosing();
        }
        assertThat(servers.get(0).requests()).hasSize(30);
        assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 30, IGNORED 29");
        orders.assertNothingInFlightNow();
      }
    } finally {
      for (RawServer server : servers) {
        server.close();
      }
    }
  }

  /** Some servers say that they have waited for long enough before they close. It is no answer to what comes after. */
  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST"})
  void partingWords_areNotTakenForTheAnswer(String method) throws Exception {
    RawServer.Answer partsWith408 = exchange -> {
      exchange.write(RawServer.response("hello"));
      exchange.write(
          "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      exchange.close();
    };
    try (RawServer server = RawServer.start(partsWith408);
        Harness orders = Harness.of(server.backend())) {
      for (int i = 0; i < 10; i++) {
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
        server.awaitClosing();
      }
      assertThat(server.requests()).hasSize(10);
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST"})
  void closedConnections_https_timeAndAgain(String method) throws Exception {
    try (RawServer server =
            RawServer.startTls(Harness.SERVER.sslSocketFactory(), RawServer.okThenClose("hello"));
        Harness orders = Wire.TLS_HTTP_1.harness(server.backend())) {
      for (int i = 0; i < 5; i++) {
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
        server.awaitClosing();
        beIdleForLong();
      }
      assertThat(server.requests()).hasSize(5);
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 5, IGNORED 4");
      orders.assertNothingInFlightNow();
    }
  }

  /** For more than the tenth of a second after which a TLS connection is looked at. */
  private static void beIdleForLong() throws InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    assertThat(never.await(120, TimeUnit.MILLISECONDS)).isFalse();
  }

  @Test
  void tlsConnectionsThatAreOpen_arekept() throws Exception {
    try (RawServer server =
            RawServer.startTls(Harness.SERVER.sslSocketFactory(), RawServer.ok("hello"));
        Harness orders = Wire.TLS_HTTP_1.harness(server.backend())) {
      for (int i = 0; i < 4; i++) {
        assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
        beIdleForLong();
      }
      assertThat(server.connections()).isEqualTo(1);
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 4");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST"})
  void closedConnections_ofAClientsOwnSockets(String method) throws Exception {
    try (RawServer server = RawServer.start(RawServer.okThenClose("hello"));
        Harness orders = Harness.with(
            builder -> builder.socketFactory(new WatchedSockets()), server.backend())) {
      for (int i = 0; i < 5; i++) {
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
        server.awaitClosing();
        beIdleForLong();
      }
      assertThat(server.requests()).hasSize(5);
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 5, IGNORED 4");
    }
  }

  @ParameterizedTest
  @CsvSource({"GET, TLS_HTTP_2", "POST, TLS_HTTP_2", "GET, PRIOR_KNOWLEDGE", "POST, PRIOR_KNOWLEDGE"
  })
  void closedConnections_http2_timeAndAgain(String method, Wire wire) throws Exception {
    WatchedSockets sockets = new WatchedSockets();
    MockWebServer server = new MockWebServer();
    wire.prepare(server);
    int port = Harness.refusing().port(); // one that is named can be taken again at once
    server.start(port);
    try (Harness orders =
        wire.harness(builder -> builder.socketFactory(sockets), Harness.backend(server))) {
      for (int i = 0; i < 5; i++) {
        server.enqueue(new MockResponse.Builder().body("hello").build());
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
        assertThat(server.getRequestCount()).isEqualTo(1);
        server.close();
        sockets.awaitClosing();
        server = new MockWebServer();
        wire.prepare(server);
        server.start(port);
      }
      assertThat(orders.member(0).count(Outcome.Kind.SUCCESS)).isEqualTo(5);
      assertThat(orders.member(0).count(Outcome.Kind.PROTOCOL)).isZero();
      orders.assertNothingInFlightNow();
    } finally {
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST"})
  void restartedOnTheSamePort_isReached(String method) throws Exception {
    RawServer server = RawServer.start(RawServer.ok("hello"));
    int port = server.port();
    try (Harness orders = Harness.of(server.backend())) {
      for (int i = 0; i < 10; i++) {
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
        assertThat(server.requests()).hasSize(1);
        server.close();
        server = RawServer.startOn(port, RawServer.ok("hello"));
      }
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 10, IGNORED 9");
    } finally {
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST"})
  void stoppedForGood_theOthersTakeIt(String method) throws Exception {
    RawServer gone = RawServer.start(RawServer.ok("hello"));
    try (RawServer other = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(gone.backend(), other.backend())) {
      assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
      gone.close();
      for (int i = 0; i < 3; i++) {
        assertThat(Harness.read(call(orders, method))).isEqualTo("hello");
      }
      assertThat(other.requests()).hasSize(3);
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1, CONNECT 2, IGNORED 1");
    } finally {
      gone.close();
    }
  }

  /** The connection is lost with the request under way, as if the server had closed it at that moment. */
  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT"})
  void lostOnAReusedConnection_goesOnceMoreToTheSame(String method) throws Exception {
    try (RawServer server =
            RawServer.start(RawServer.ok("1"), RawServer.closing(""), RawServer.ok("2"));
        RawServer other = RawServer.start(RawServer.ok("other"));
        Harness orders = Harness.of(server.backend(), other.backend())) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("1");
      Call call = orders.send(
          method, method.equals("GET") ? null : okhttp3.RequestBody.create("put", Harness.TEXT));
      assertThat(Harness.read(call)).isEqualTo("2");
      assertThat(server.requests()).hasSize(3);
      assertThat(server.connections()).isEqualTo(2);
      assertThat(other.connections()).isZero();
      assertThat(call.tag(Attempts.class).all())
          .extracting(Attempts.Attempt::outcome)
          .containsExactly(Outcome.connectionLost(), Outcome.success());
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 2, IGNORED 1");
    }
  }

  @Test
  void lostOnAReusedConnection_andAgainOnAFreshOne_movesOn() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("1"), RawServer.closing(""));
        RawServer other = RawServer.start(RawServer.ok("other"));
        Harness orders = Harness.of(server.backend(), other.backend())) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("1");
      assertThat(Harness.read(orders.get("/"))).isEqualTo("other");
      assertThat(server.requests()).hasSize(3);
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1, PROTOCOL 1, IGNORED 1");
    }
  }

  @Test
  void lostOnAReusedConnection_post_isSeenOnce() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("1"), RawServer.closing(""));
        RawServer other = RawServer.start(RawServer.ok("other"));
        Harness orders = Harness.of(server.backend(), other.backend())) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("1");
      assertThatThrownBy(() -> orders.post("/").execute())
          .isInstanceOf(AttemptsFailedException.class);
      assertThat(server.requests()).hasSize(2);
      assertThat(other.connections()).isZero();
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1, IGNORED 1");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void otherIdleConnectionsOfTheBackend_areNotTriedOneByOne() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(server.backend())) {
      List<okhttp3.Response> open = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        open.add(orders.get("/").execute());
      }
      for (okhttp3.Response response : open) {
        response.body().string();
      }
      assertThat(server.connections()).isEqualTo(8);
      int port = server.port();
      server.stop();
      try (RawServer again = RawServer.startOn(port, RawServer.ok("again"))) {
        assertThat(Harness.read(orders.get("/"))).isEqualTo("again");
        assertThat(Harness.read(orders.post("/"))).isEqualTo("again");
        assertThat(again.connections()).isEqualTo(1);
      }
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 10, IGNORED 1");
    }
  }

  /** OkHttp would send these again by itself. */
  @ParameterizedTest
  @CsvSource({
    "GET, 408, ''",
    "POST, 408, ''",
    "GET, 503, 0",
    "POST, 503, 0",
    "GET, 408, 0",
    "POST, 408, 0"
  })
  void answersThatOkHttpRepeats_areNotRepeatedByIt(String method, int code, String retryAfter)
      throws Exception {
    String header = retryAfter.isEmpty() ? "X-None: 1" : "Retry-After: " + retryAfter;
    try (RawServer server = RawServer.start(RawServer.bytes(
            RawServer.lines("HTTP/1.1 " + code + " No", header, "Content-Length: 0", "")));
        Harness orders = Harness.of(server.backend())) {
      try (okhttp3.Response response = call(orders, method).execute()) {
        assertThat(response.code()).isEqualTo(code);
        assertThat(response.header("Retry-After"))
            .isEqualTo(retryAfter.isEmpty() ? null : retryAfter);
        assertThat(response.headers().names()).noneMatch(name -> name.startsWith("Fairlead"));
        assertThat(response.networkResponse().headers().names())
            .noneMatch(name -> name.startsWith("Fairlead"));
        assertThat(response.networkResponse().header("Retry-After"))
            .isEqualTo(response.header("Retry-After"));
      }
      boolean repeated = method.equals("GET") && code == 503; // as often as the balancer says
      assertThat(server.requests()).hasSize(repeated ? 3 : 1);
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void answersThatOkHttpRepeats_http2_areSeenOnce(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      for (int i = 0; i < 2; i++) {
        server.enqueue(
            new MockResponse.Builder().code(503).setHeader("Retry-After", "0").build());
      }
      try (okhttp3.Response response = orders.post("/").execute()) {
        assertThat(response.header("Retry-After")).isEqualTo("0");
      }
      assertThat(server.getRequestCount()).isEqualTo(1);
    }
  }

  @Test
  void requestsToOtherHosts_areRepeatedAsEver() throws Exception {
    try (RawServer foreign = RawServer.start(
            RawServer.bytes(
                RawServer.lines("HTTP/1.1 408 No", "Content-Length: 0", "Connection: close", "")),
            RawServer.ok("hello"));
        Harness orders = Harness.of()) {
      OkHttpClient client = orders.client;
      Call call = client.newCall(new okhttp3.Request.Builder()
          .url("http://127.0.0.1:" + foreign.port() + "/")
          .build());
      assertThat(Harness.read(call)).isEqualTo("hello");
      assertThat(foreign.requests()).hasSize(2);
    }
  }
}
