package io.fairlead.okhttp;

import static io.fairlead.okhttp.Scripted.SILENCE;
import static io.fairlead.okhttp.Scripted.ok;
import static io.fairlead.okhttp.Scripted.serve;
import static io.fairlead.okhttp.Scripted.silent;
import static io.fairlead.okhttp.Scripted.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.okhttp.Scripted.Signal;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.Hedging;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Cache;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Cookie;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.Buffer;
import okio.BufferedSink;
import okio.GzipSink;
import okio.Okio;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A call that is sent to two servers brings the answer of one, and leaves nothing of the other. */
class HedgingTest {

  private static LoadBalancer.Builder hedging(LoadBalancer.Builder balancer) {
    return balancer.hedging(Hedging.after(Duration.ofMillis(50)).budget(1));
  }

  private static Harness hedged(Wire wire, MockWebServer... servers) {
    return wire.harness(HedgingTest::hedging, client -> {}, backends(servers));
  }

  private static Backend[] backends(MockWebServer... servers) {
    return Arrays.stream(servers).map(Harness::backend).toArray(Backend[]::new);
  }

  private static void awaitAnswered(Harness orders, int attempts) throws InterruptedException {
    orders.events.await(attempts + " to be answered", () -> orders.events.answered >= attempts);
  }

  private static void assertConnectionsIdle(Harness orders, int expected) {
    ConnectionPool pool = orders.client.connectionPool();
    assertThat(pool.idleConnectionCount()).isEqualTo(pool.connectionCount()).isEqualTo(expected);
  }

  /** No connection is in use, as soon as the thread of a hedge that has lost is done with its own. */
  private static void awaitConnectionsIdle(Harness orders) {
    ConnectionPool pool = orders.client.connectionPool();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (pool.idleConnectionCount() != pool.connectionCount() && System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
    assertThat(pool.idleConnectionCount()).isEqualTo(pool.connectionCount());
  }

  /** Without a hedge, however slow the machine is. */
  private static String readUnhedged(Harness orders, String path) throws IOException {
    CallOptions options = CallOptions.of(RequestContext.empty().hedging(false));
    return Harness.read(orders.client.newCall(
        orders.request(path).tag(CallOptions.class, options).build()));
  }

  private static List<Outcome.Kind> kinds(Attempts attempts) {
    return attempts.all().stream().map(attempt -> attempt.outcome().kind()).toList();
  }

  private static boolean multiplexes(Wire wire) {
    return wire == Wire.TLS_HTTP_2 || wire == Wire.PRIOR_KNOWLEDGE;
  }

  // ---- who wins ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void firstIsSilent_theHedgesAnswerComes_andNothingIsLeftOfTheFirst(Wire wire) throws Exception {
    Signal held = new Signal();
    Signal release = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      serve(first, request -> switch (Scripted.path(request)) {
        case "/silent" -> SILENCE;
        case "/held" -> {
          held.raise();
          release.await();
          yield ok("held");
        }
        default -> ok("one");
      });
      serve(second, request -> {
        if (Scripted.path(request).equals("/held")) {
          return SILENCE;
        }
        return ok("two");
      });
      assertThat(readUnhedged(orders, "/")).isEqualTo("one");
      CompletableFuture<String> beside = null;
      if (multiplexes(wire)) {
        beside = Http2Test.enqueue(orders.get("/held"));
        held.await();
        awaitLeased(orders, 3); // its hedge
      }
      Call call = orders.get("/silent");
      try (Response response = call.execute()) {
        assertThat(response.body().string()).isEqualTo("two");
        if (beside == null) {
          orders.assertNothingInFlight();
          assertConnectionsIdle(orders, 1); // that to the first is closed
        }
        Attempts attempts = Attempts.of(response);
        assertThat(kinds(attempts)).containsExactly(Outcome.Kind.ABANDONED, Outcome.Kind.SUCCESS);
        assertThat(attempts.all().get(0).backend()).isEqualTo(Harness.backend(first));
        assertThat(attempts.last().backend()).isEqualTo(Harness.backend(second));
        assertThat(attempts.last().failure()).isNull();
      }
      if (beside != null) {
        release.raise();
        assertThat(beside.get(10, TimeUnit.SECONDS)).isEqualTo("held");
        orders.assertNothingInFlight();
        awaitConnectionsIdle(orders);
      }
      assertThat(readUnhedged(orders, "/")).isEqualTo("one");
      assertThat(readUnhedged(orders, "/")).isEqualTo("one");
      int connections = 0;
      for (int i = first.getRequestCount(); i > 0; i--) {
        connections = Math.max(connections, first.takeRequest().getConnectionIndex());
      }
      // Over HTTP/2 a stream is reset and no connection lost.
      assertThat(connections).isEqualTo(multiplexes(wire) ? 0 : 1);
      orders.assertNothingInFlight();
    }
  }

  private static void awaitLeased(Harness orders, int attempts) throws InterruptedException {
    orders.events.await(attempts + " to be leased", () -> orders.events.leased >= attempts);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void firstAnswersAfterTheHedgeBegan_theHedgeIsCancelled(Wire wire) throws Exception {
    Signal hedge = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      serve(first, request -> {
        hedge.await();
        return ok("one");
      });
      silent(second, hedge);
      Call call = orders.get("/");
      assertThat(Harness.read(call)).isEqualTo("one");
      orders.assertNothingInFlight();
      Attempts attempts = Attempts.of(call);
      assertThat(kinds(attempts)).containsExactly(Outcome.Kind.SUCCESS, Outcome.Kind.ABANDONED);
      assertThat(attempts.last().backend()).isEqualTo(Harness.backend(first));
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1");
      assertThat(orders.outcomes(1)).isEqualTo("ABANDONED 1");
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bothAnswerAtOnce_oneIsDelivered_andTheOtherClosed(Wire wire) throws Exception {
    int rounds = 30; // few enough to end before what the budget counts is forgotten
    CyclicBarrier both = new CyclicBarrier(2);
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = wire.harness(
            balancer -> balancer
                .hedging(Hedging.after(Duration.ofMillis(1)).budget(1))
                .retries(
                    RetryPolicy.builder().budget(RetryBudget.builder().share(1)).build()),
            client -> {},
            backends(first, second))) {
      serve(first, request -> {
        both.await(10, TimeUnit.SECONDS);
        return ok("one");
      });
      serve(second, request -> {
        both.await(10, TimeUnit.SECONDS);
        return ok("two");
      });
      for (int i = 0; i < rounds; i++) {
        Call call = orders.get("/");
        try (Response response = call.execute()) {
          assertThat(response.body().string())
              .as("round %s, %s", i, Attempts.of(call))
              .isEqualTo(
                  Attempts.of(call).last().backend().equals(Harness.backend(first))
                      ? "one"
                      : "two");
        }
      }
      orders.assertNothingInFlight();
      assertThat(orders.events.leased).isEqualTo(2 * rounds);
      if (!multiplexes(wire)) {
        awaitConnectionsIdle(orders);
      }
    }
  }

  // ---- failures ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void firstFailsWhileTheHedgeIsUnderWay_theHedgesAnswerComes(Wire wire) throws Exception {
    for (MockResponse failure : failures(wire)) {
      Signal hedge = new Signal();
      try (MockWebServer first = wire.start();
          MockWebServer second = wire.start();
          Harness orders = hedged(wire, first, second)) {
        serve(first, request -> {
          hedge.await();
          return failure;
        });
        serve(second, request -> {
          hedge.raise();
          awaitAnswered(orders, 1);
          return ok("two");
        });
        Call call = orders.get("/");
        assertThat(Harness.read(call)).isEqualTo("two");
        orders.assertNothingInFlight();
        assertThat(Attempts.of(call).all()).hasSize(2);
        assertThat(Attempts.of(call).all().get(0).outcome().failed()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void hedgeFails_theFirstsAnswerComes(Wire wire) throws Exception {
    for (MockResponse failure : failures(wire)) {
      Signal hedge = new Signal();
      try (MockWebServer first = wire.start();
          MockWebServer second = wire.start();
          Harness orders = hedged(wire, first, second)) {
        serve(first, request -> {
          hedge.await();
          awaitAnswered(orders, 1);
          return ok("one");
        });
        serve(second, request -> {
          hedge.raise();
          return failure;
        });
        Call call = orders.get("/");
        assertThat(Harness.read(call)).isEqualTo("one");
        orders.assertNothingInFlight();
        assertThat(Attempts.of(call).last().backend()).isEqualTo(Harness.backend(first));
        assertThat(Attempts.of(call).all().get(1).outcome().failed()).isTrue();
      }
    }
  }

  private static List<MockResponse> failures(Wire wire) {
    return List.of(status(503), Scripted.broken(multiplexes(wire)));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bothFail_theCallGoesOnToAThird_asOftenAsThePolicyAllows(Wire wire) throws Exception {
    for (int maxAttempts : new int[] {2, 3}) {
      Signal hedge = new Signal();
      try (MockWebServer first = wire.start();
          MockWebServer second = wire.start();
          MockWebServer third = wire.start();
          Harness orders = wire.harness(
              b -> hedging(b)
                  .retries(RetryPolicy.builder().maxAttempts(maxAttempts).build()),
              client -> {},
              backends(first, second, third))) {
        serve(first, request -> {
          hedge.await();
          return status(503);
        });
        serve(second, request -> {
          hedge.raise();
          awaitAnswered(orders, 1);
          return status(502);
        });
        serve(third, request -> ok("three"));
        try (Response response = orders.get("/").execute()) {
          // Of two bad answers the one that the call is told of last, which need not have come
          // last.
          assertThat(response.body().string())
              .isIn(maxAttempts == 3 ? List.of("three") : List.of("status 502", "status 503"));
        }
        orders.assertNothingInFlight();
        assertThat(third.getRequestCount()).isEqualTo(maxAttempts - 2);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bothBreak_andNoMoreMayBeSent_theCallFails(Wire wire) throws Exception {
    Signal hedge = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = wire.harness(
            b -> hedging(b).retries(RetryPolicy.builder().maxAttempts(2).build()),
            client -> {},
            backends(first, second))) {
      serve(first, request -> {
        hedge.await();
        return Scripted.broken(multiplexes(wire));
      });
      serve(second, request -> {
        hedge.raise();
        awaitAnswered(orders, 1);
        return Scripted.broken(multiplexes(wire));
      });
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOfSatisfying(
              AttemptsFailedException.class, e -> assertThat(e.attempts()).hasSize(2));
      orders.assertNothingInFlight();
    }
  }

  // ---- who gives up ----

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void cancelledWhileBothAreUnderWay_bothServersSeeTheEnd(boolean tls) throws Exception {
    try (RawServer first = raw(tls, RawServer.silence());
        RawServer second = raw(tls, RawServer.silence());
        Harness orders = hedged(tls, client -> {}, first, second)) {
      Call call = orders.get("/");
      CompletableFuture<String> body = Http2Test.enqueue(call);
      first.awaitRequest();
      second.awaitRequest();
      assertThat(orders.client.dispatcher().runningCallsCount()).isEqualTo(1);
      assertThat(orders.client.dispatcher().queuedCallsCount()).isZero();
      call.cancel();
      assertFails(body, IOException.class);
      first.awaitClosing();
      second.awaitClosing();
      orders.assertNothingInFlight();
      assertThat(orders.outcomes(0)).isEqualTo("ABANDONED 1");
      assertThat(orders.outcomes(1)).isEqualTo("ABANDONED 1");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void cancelledWhileBothAreUnderWay_keepsConnectionsOfManyStreams(Wire wire) throws Exception {
    Signal arrived = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      serve(first, request -> {
        if (Scripted.path(request).equals("/ok")) {
          return ok("one");
        }
        arrived.raise();
        return SILENCE;
      });
      silent(second, arrived);
      Call call = orders.get("/");
      CompletableFuture<String> body = Http2Test.enqueue(call);
      arrived.await();
      arrived.await();
      call.cancel();
      assertFails(body, IOException.class);
      orders.assertNothingInFlight();
      assertThat(readUnhedged(orders, "/ok")).isEqualTo("one");
      assertThat(first.takeRequest().getConnectionIndex()).isZero();
      assertThat(first.takeRequest().getConnectionIndex()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void cancelledWhileTheWinnersBodyIsRead_bothServersSeeTheEnd(boolean tls) throws Exception {
    try (RawServer first = raw(tls, RawServer.silence());
        RawServer second = raw(tls, exchange -> {
          exchange.write(RawServer.lines("HTTP/1.1 200 OK", "Content-Length: 10", "") + "half");
          RawServer.silence().to(exchange);
        });
        Harness orders = hedged(tls, client -> {}, first, second)) {
      Call call = orders.get("/");
      Response response = call.execute();
      assertThat(response.body().source().readUtf8(4)).isEqualTo("half");
      first.awaitClosing();
      orders.assertInFlight(1, 0);
      call.cancel();
      orders.assertNothingInFlight();
      assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
      second.awaitClosing();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callTimeout_spansBoth(boolean tls) throws Exception {
    try (RawServer first = raw(tls, RawServer.silence());
        RawServer second = raw(tls, RawServer.silence());
        Harness orders =
            hedged(tls, client -> client.callTimeout(Duration.ofMillis(700)), first, second)) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
      first.awaitClosing();
      second.awaitClosing();
      orders.assertNothingInFlight();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callTimeout_holdsForTheBodyOfAHedge(boolean tls) throws Exception {
    try (RawServer first = raw(tls, RawServer.silence());
        RawServer second = raw(tls, exchange -> {
          exchange.write(RawServer.lines("HTTP/1.1 200 OK", "Content-Length: 10", "") + "half");
          RawServer.silence().to(exchange);
        });
        Harness orders =
            hedged(tls, client -> client.callTimeout(Duration.ofMillis(900)), first, second)) {
      try (Response response = orders.get("/").execute()) {
        assertThatThrownBy(() -> response.body().string())
            .isInstanceOf(InterruptedIOException.class);
      }
      second.awaitClosing();
      orders.assertNothingInFlight();
    }
  }

  @Test
  void interruptedWhileBothAreUnderWay_bothServersSeeTheEnd() throws Exception {
    try (RawServer first = raw(false, RawServer.silence());
        RawServer second = raw(false, RawServer.silence());
        Harness orders = hedged(false, client -> {}, first, second)) {
      CompletableFuture<String> body = new CompletableFuture<>();
      Thread caller = new Thread(() -> {
        try {
          body.complete(Harness.read(orders.get("/")));
        } catch (Throwable e) {
          body.completeExceptionally(e);
        }
      });
      caller.start();
      first.awaitRequest();
      second.awaitRequest();
      orders.events.await("both", () -> orders.events.leased == 2);
      caller.interrupt();
      // A socket that is being read takes no notice of it: as with OkHttp alone.
      orders.client.dispatcher().cancelAll();
      assertFails(body, IOException.class);
      caller.join();
      first.awaitClosing();
      second.awaitClosing();
      orders.assertNothingInFlight();
    }
  }

  private static RawServer raw(boolean tls, RawServer.Answer... script) throws IOException {
    return tls
        ? RawServer.startTls(Harness.SERVER.sslSocketFactory(), script)
        : RawServer.start(script);
  }

  private static Harness hedged(
      boolean tls, Consumer<OkHttpClient.Builder> settings, RawServer... servers) {
    Wire wire = tls ? Wire.TLS_HTTP_1 : Wire.HTTP_1;
    return wire.harness(
        HedgingTest::hedging,
        settings,
        Arrays.stream(servers).map(RawServer::backend).toArray(Backend[]::new));
  }

  private static void assertFails(CompletableFuture<String> body, Class<?> how) {
    assertThatThrownBy(() -> body.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(how);
  }

  // ---- the balancer changes meanwhile ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void balancerClosedWhileBothAreUnderWay_theCallFinishes(Wire wire) throws Exception {
    Signal arrived = new Signal();
    Signal closed = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      silent(first, arrived);
      serve(second, request -> {
        arrived.raise();
        closed.await();
        return ok("two");
      });
      CompletableFuture<String> body = Http2Test.enqueue(orders.get("/"));
      arrived.await();
      arrived.await();
      orders.balancer.close();
      closed.raise();
      assertThat(body.get(10, TimeUnit.SECONDS)).isEqualTo("two");
      orders.events.await("all", () -> orders.events.released == 2);
      assertThat(orders.balancer.snapshot().members()).allMatch(member -> member.inFlight() == 0);
    }
  }

  // ---- what belongs to the answer ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void cookiesOfTheDeliveredAnswerAreKept_notThoseOfALaterOne(Wire wire) throws Exception {
    CookiesTest.Jar jar = new CookiesTest.Jar();
    Signal hedge = new Signal();
    Signal delivered = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = wire.harness(
            HedgingTest::hedging, client -> client.cookieJar(jar), backends(first, second))) {
      serve(first, request -> {
        hedge.raise();
        delivered.await();
        return ok("one").newBuilder().addHeader("Set-Cookie", "who=one").build();
      });
      serve(second, request -> {
        hedge.await();
        return ok("two").newBuilder().addHeader("Set-Cookie", "who=two").build();
      });
      assertThat(Harness.read(orders.get("/"))).isEqualTo("two");
      delivered.raise();
      orders.assertNothingInFlight();
      assertThat(jar.cookies).extracting(Cookie::value).containsExactly("two");
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void deliveredAnswerIsCached_andAHitIsNotHedged(Wire wire, @TempDir File directory)
      throws Exception {
    Signal arrived = new Signal();
    try (Cache cache = new Cache(directory, 1_000_000);
        MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = wire.harness(
            balancer -> balancer.hedging(Hedging.after(Duration.ofMillis(500)).budget(1)),
            client -> client.cache(cache),
            backends(first, second))) {
      silent(first, arrived);
      serve(
          second,
          request ->
              ok("two").newBuilder().addHeader("Cache-Control", "max-age=1000").build());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("two");
      orders.assertNothingInFlight();
      try (Response response = orders.get("/").execute()) {
        assertThat(response.body().string()).isEqualTo("two");
        assertThat(response.networkResponse()).isNull();
      }
      orders.assertNothingInFlight();
      assertThat(orders.events.leased).isEqualTo(3);
      assertThat(first.getRequestCount()).isEqualTo(1);
      assertThat(second.getRequestCount()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void redirects_challenges_andCompression_workInAHedge(Wire wire) throws Exception {
    Signal arrived = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = wire.harness(
            HedgingTest::hedging,
            client -> client.authenticator((route, response) -> response
                .request()
                .newBuilder()
                .header("Authorization", "secret")
                .build()),
            backends(first, second))) {
      silent(first, arrived);
      serve(second, request -> {
        if (!Scripted.path(request).equals("/next")) {
          return status(302).newBuilder().addHeader("Location", "/next").build();
        } else if (request.getHeaders().get("Authorization") == null) {
          return status(401);
        }
        Buffer zipped = new Buffer();
        try (BufferedSink sink = Okio.buffer(new GzipSink(zipped))) {
          sink.writeUtf8("two");
        }
        return new MockResponse.Builder()
            .addHeader("Content-Encoding", "gzip")
            .body(zipped)
            .build();
      });
      assertThat(Harness.read(orders.get("/"))).isEqualTo("two");
      orders.assertNothingInFlight();
      assertThat(second.getRequestCount()).isEqualTo(3);
      assertThat(first.getRequestCount()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void memberThatLeaves_whileItsAttemptIsTheLoser_drains(Wire wire) throws Exception {
    Signal arrived = new Signal();
    Signal left = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      silent(first, arrived);
      serve(second, request -> {
        arrived.raise();
        left.await();
        return ok("two");
      });
      CompletableFuture<String> body = Http2Test.enqueue(orders.get("/"));
      arrived.await();
      arrived.await();
      orders.balancer.pool().update(List.of(Harness.backend(second)));
      assertThat(orders.balancer.snapshot().members()).hasSize(2);
      left.raise();
      assertThat(body.get(10, TimeUnit.SECONDS)).isEqualTo("two");
      orders.assertNothingInFlight();
      assertThat(orders.balancer.snapshot().members()).hasSize(1);
    }
  }

  // ---- what is not hedged ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void whatMayNotBeSentTwice_isNotHedged(Wire wire) throws Exception {
    Signal hedge = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = hedged(wire, first, second)) {
      serve(first, request -> ok(hedge.comes() ? "hedged" : "one"));
      silent(second, hedge);
      assertThat(Harness.read(orders.post("/"))).isEqualTo("one");
      assertThat(Harness.read(orders.send("PUT", Harness.oneShot()))).isEqualTo("one");
      orders.assertNothingInFlight();
      assertThat(second.getRequestCount()).isZero();
    }
  }

  @Test
  void withoutInstall_thereAreNoHedges() throws Exception {
    Signal hedge = new Signal();
    try (MockWebServer first = Wire.HTTP_1.start();
        MockWebServer second = Wire.HTTP_1.start();
        LoadBalancer orders = hedging(LoadBalancer.builder("orders")
                .strategy(Harness.IN_ORDER)
                .backends(backends(first, second)))
            .build()) {
      serve(first, request -> ok(hedge.comes() ? "hedged" : "one"));
      silent(second, hedge);
      OkHttpClient client = new OkHttpClient.Builder()
          .addInterceptor(LoadBalancingInterceptor.of(orders))
          .build();
      Request request = new Request.Builder().url("http://orders/").build();
      assertThat(Harness.read(client.newCall(request))).isEqualTo("one");
      assertThat(second.getRequestCount()).isZero();
    }
  }

  @Test
  void webSocket_isNotHedged() throws Exception {
    Signal hedge = new Signal();
    try (MockWebServer first = Wire.HTTP_1.start();
        MockWebServer second = Wire.HTTP_1.start();
        Harness orders = hedged(Wire.HTTP_1, first, second)) {
      serve(first, request -> {
        hedge.comes();
        return new MockResponse.Builder()
            .webSocketUpgrade(new WebSocketListener() {
              @Override
              public void onClosing(WebSocket socket, int code, String reason) {
                socket.close(code, reason);
              }
            })
            .build();
      });
      silent(second, hedge);
      CompletableFuture<Integer> opened = new CompletableFuture<>();
      WebSocket socket =
          orders.client.newWebSocket(orders.request("/").build(), new WebSocketListener() {
            @Override
            public void onOpen(WebSocket webSocket, Response response) {
              opened.complete(response.code());
            }

            @Override
            public void onFailure(WebSocket webSocket, Throwable failure, Response response) {
              opened.completeExceptionally(failure);
            }
          });
      assertThat(opened.get(10, TimeUnit.SECONDS)).isEqualTo(101);
      socket.close(1000, null);
      orders.assertNothingInFlight();
      assertThat(second.getRequestCount()).isZero();
    }
  }

  // ---- what a listener hears ----

  @ParameterizedTest
  @EnumSource(Wire.class)
  void userListener_hearsOneCall_andNothingOfAHedgeThatLost(Wire wire) throws Exception {
    for (boolean hedgeWins : new boolean[] {true, false}) {
      Signal arrived = new Signal();
      CallEvents events = new CallEvents();
      try (MockWebServer first = wire.start();
          MockWebServer second = wire.start();
          Harness orders = wire.harness(
              HedgingTest::hedging,
              client -> client.eventListener(events.listener()),
              backends(first, second))) {
        MockWebServer loser = hedgeWins ? first : second;
        silent(loser, arrived);
        serve(hedgeWins ? second : first, request -> {
          arrived.await();
          return ok("answer");
        });
        assertThat(Harness.read(orders.get("/"))).isEqualTo("answer");
        orders.assertNothingInFlight();
        events.assertInOrder();
        assertThat(events.names()).containsOnlyOnce("callStart", "callEnd", "responseHeadersEnd");
        assertThat(events.names()).doesNotContain("canceled", "callFailed");
        // That of the first, and of the hedge if it is the one that counts.
        assertThat(events.names().stream().filter("requestHeadersStart"::equals))
            .hasSize(hedgeWins ? 2 : 1);
      }
    }
  }

  // ---- quantiles ----

  @Test
  void quantile_hedgesTheSlowOnes_withinTheBudget() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    try (MockWebServer first = Wire.HTTP_1.start();
        MockWebServer second = Wire.HTTP_1.start();
        Harness orders = Wire.HTTP_1.harness(
            balancer -> balancer.hedging(Hedging.atQuantile(0.9)),
            client -> {},
            backends(first, second))) {
      serve(first, request -> {
        int call = calls.incrementAndGet();
        // Nobody knows what is slow until a hundred were seen; from then on every fifth is.
        if (call > 150 && call % 5 == 0) {
          return new MockResponse.Builder()
              .body("one")
              .headersDelay(400, TimeUnit.MILLISECONDS)
              .build();
        }
        return ok("one");
      });
      serve(second, request -> ok("two"));
      for (int i = 0; i < 250; i++) {
        Harness.read(orders.get("/"));
      }
      orders.assertNothingInFlight();
      assertThat(second.getRequestCount()).isBetween(5, 25);
    }
  }
}
