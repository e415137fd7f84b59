package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.LoadBalancer;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other interceptors do does not upset the accounts. */
class InterceptorsAroundTest {

  private static final String LONG = "0123456789".repeat(20_000);

  private static void collect(Harness orders) throws InterruptedException {
    for (int i = 0; i < 100 && orders.events.leaked == 0; i++) {
      System.gc();
      orders.events.await(Duration.ofMillis(100), () -> orders.events.leaked > 0);
    }
    assertThat(orders.events.leaked).isEqualTo(1);
    orders.assertNothingInFlight();
  }

  private static final class OwnException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void outerOneThatThrowsAfterProceed_isRecovered() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addInterceptor(chain -> {
              chain.proceed(chain.request());
              throw new OwnException();
            }),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      assertThatThrownBy(() -> orders.get("/").execute()).isInstanceOf(OwnException.class);
      collect(orders);
    }
  }

  @Test
  void outerOneThatReplacesTheBody_isRecovered() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addInterceptor(chain -> chain
                .proceed(chain.request())
                .newBuilder()
                .body(ResponseBody.create("other", Harness.TEXT))
                .build()),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("other");
      collect(orders);
    }
  }

  @Test
  void outerOneThatProceedsTwice_hasTwoLeases() throws Exception {
    try (MockWebServer one = Wire.HTTP_1.start();
        MockWebServer two = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addInterceptor(chain -> {
              Response first = chain.proceed(chain.request());
              if (first.isSuccessful()) {
                return first;
              }
              first.close();
              return chain.proceed(chain.request());
            }),
            Harness.backend(one),
            Harness.backend(two))) {
      one.enqueue(new MockResponse.Builder().code(404).body("not yet").build());
      one.enqueue(new MockResponse.Builder().body("hello").build());
      Call call = orders.get("/");
      Response response = call.execute();
      orders.assertInFlight(1, 0);
      assertThat(response.body().string()).isEqualTo("hello");
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.success(), Outcome.success());
      assertThat(Attempts.of(response).all())
          .extracting(Attempts.Attempt::outcome)
          .containsExactly(Outcome.success(), Outcome.success());
    }
  }

  @Test
  void outerOneThatProceedsTwice_toDifferentServices_keepsThemApart() throws Exception {
    try (RawServer foreign = RawServer.start(RawServer.bytes(
            RawServer.lines("HTTP/1.1 503 No", "Retry-After: 7", "Content-Length: 0", "")));
        MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addInterceptor(chain -> {
              chain.proceed(chain.request()).close();
              return chain.proceed(new Request.Builder()
                  .url("http://127.0.0.1:" + foreign.port() + "/")
                  .build());
            }),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      try (Response response = orders.get("/").execute()) {
        assertThat(response.code()).isEqualTo(503);
        assertThat(response.header("Retry-After")).isEqualTo("7");
        assertThat(response.header(ConnectionGuard.HIDDEN_RETRY_AFTER)).isNull();
      }
      orders.assertNothingInFlight();
      assertThat(orders.events.outcomes).containsExactly(Outcome.success());
    }
  }

  @Test
  void outerOneThatProceedsTwice_classifiesEachAnswerOnce() throws Exception {
    try (MockWebServer one = Wire.HTTP_1.start()) {
      java.util.concurrent.atomic.AtomicInteger classified =
          new java.util.concurrent.atomic.AtomicInteger();
      LoadBalancer balancer = LoadBalancer.builder("orders")
          .strategy(Strategy.roundRobin())
          .chance(() -> 0)
          .backends(Harness.backend(one))
          .build();
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(balancer)
          .classifier(response -> {
            classified.incrementAndGet();
            return Outcome.success();
          })
          .build()
          .install(new OkHttpClient.Builder()
              .addInterceptor(chain -> {
                try {
                  chain.proceed(chain.request()).close();
                } catch (IOException e) {
                  // once more
                }
                return chain.proceed(chain.request());
              })
              .build());
      one.enqueue(new MockResponse.Builder()
          .onResponseStart(mockwebserver3.SocketEffect.ShutdownConnection.INSTANCE)
          .build());
      for (int i = 0; i < 2; i++) {
        one.enqueue(new MockResponse.Builder().body("hello").build());
      }
      Request post = new Request.Builder()
          .url("http://orders/")
          .post(okhttp3.RequestBody.create("x", Harness.TEXT))
          .build();
      assertThat(Harness.read(client.newCall(post))).isEqualTo("hello");
      assertThat(classified).hasValue(1);
    }
  }

  @Test
  void innerOneThatThrowsBeforeAnythingIsSent_isNotTheBackendsFault() throws Exception {
    Interceptor throwing = chain -> {
      throw new OwnException();
    };
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addNetworkInterceptor(throwing), Harness.backend(server))) {
      assertThatThrownBy(() -> orders.get("/").execute()).isInstanceOf(OwnException.class);
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.ignored());
    }
  }

  @Test
  void innerOneThatThrowsAfterTheAnswer_isNotTheBackendsFault() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addNetworkInterceptor(chain -> {
              chain.proceed(chain.request());
              throw new OwnException();
            }),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      Call call = orders.get("/");
      assertThatThrownBy(call::execute).isInstanceOf(OwnException.class);
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.success());
      assertThat(call.tag(Attempts.class).last().outcome()).isEqualTo(Outcome.success());
    }
  }

  @Test
  void runtimeException_becomesAnIOException_onTheDispatcherToo() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addNetworkInterceptor(chain -> {
              throw new IllegalArgumentException("a bug");
            }),
            Harness.backend(server))) {
      CountDownLatch failed = new CountDownLatch(1);
      orders.get("/").enqueue(new Callback() {
        @Override
        public void onFailure(Call call, IOException e) {
          assertThat(e).hasMessageContaining("orders").hasMessageContaining("a bug");
          assertThat(e).hasCauseInstanceOf(IllegalArgumentException.class);
          failed.countDown();
        }

        @Override
        public void onResponse(Call call, Response response) {}
      });
      failed.await();
      orders.assertNothingInFlight();
      assertThat(orders.events.outcomes).containsExactly(Outcome.ignored());
    }
  }

  @Test
  void error_isPassedOn_andReleases() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addNetworkInterceptor(chain -> {
              throw new AssertionError("a bug");
            }),
            Harness.backend(server))) {
      assertThatThrownBy(() -> orders.get("/").execute()).isInstanceOf(AssertionError.class);
      orders.assertNothingInFlightNow();
    }
  }

  private static RawServer unavailableForever() throws IOException {
    return RawServer.start(RawServer.bytes(
        RawServer.lines("HTTP/1.1 503 No", "Retry-After: 99999999999", "Content-Length: 0", "")));
  }

  @Test
  void retryAfterThatIsNoInt_installed_isTheAnswer() throws Exception {
    try (RawServer server = unavailableForever();
        Harness orders = Harness.of(server.backend())) {
      try (Response response = orders.get("/").execute()) {
        assertThat(response.code()).isEqualTo(503);
        assertThat(response.headers("Retry-After")).containsExactly("99999999999");
      }
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes.get(0).kind()).isEqualTo(Outcome.Kind.UNAVAILABLE);
    }
  }

  /** OkHttp throws an IllegalStateException for such a code. */
  @Test
  void codeBelowZero_isAnIOException_thatNamesTheBackend() throws Exception {
    try (RawServer server = RawServer.start(
            RawServer.bytes(RawServer.lines("HTTP/1.1 -12 What", "Content-Length: 0", "")));
        Harness orders = Harness.of(server.backend())) {
      Call call = orders.post("/");
      assertThatThrownBy(call::execute)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("orders at " + server.backend())
          .hasCauseInstanceOf(IllegalStateException.class);
      Attempts.Attempt attempt = Attempts.of(call).last();
      assertThat(attempt.outcome()).isEqualTo(Outcome.ignored());
      assertThat(attempt.failure()).hasMessageContaining("-12");
      assertThat(server.requests()).hasSize(1);
      orders.assertNothingInFlightNow();
    }
  }

  /** OkHttp reads any bytes in a header, and lets a client write ASCII only. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 503 No\r\nRetry-After: später",
        "HTTP/1.1 408 Too slow\r\nRetry-After: \u0001",
        "HTTP/1.1 503 No\r\nRetry-After: 0\r\nRetry-After: 1",
        "HTTP/1.1 200 OK\r\nFairlead-Retry-After: später"
      })
  void retryAfterThatNoClientMayWrite_isTheAnswer(String head) throws Exception {
    try (RawServer server =
            RawServer.start(RawServer.bytes(RawServer.lines(head, "Content-Length: 0", "")));
        Harness orders = Harness.of(server.backend())) {
      try (Response response = orders.post("/").execute()) {
        assertThat(response
                .headers()
                .newBuilder()
                .removeAll("Content-Length")
                .build()
                .toString())
            .isEqualTo(head.substring(head.indexOf("\r\n") + 2).replace("\r", "") + "\n");
      }
      assertThat(server.requests()).hasSize(1);
      orders.assertNothingInFlightNow();
      assertThat(orders.client.connectionPool().idleConnectionCount()).isEqualTo(1);
    }
  }

  @Test
  void retryAfterThatIsNoInt_justAdded_isAnIOException() throws Exception {
    try (RawServer server = unavailableForever()) {
      LoadBalancer balancer = LoadBalancer.builder("orders")
          .strategy(Strategy.roundRobin())
          .chance(() -> 0)
          .backends(server.backend())
          .build();
      OkHttpClient client = new OkHttpClient.Builder()
          .addInterceptor(LoadBalancingInterceptor.of(balancer))
          .build();
      Call call = client.newCall(new Request.Builder().url("http://orders/").build());
      assertThatThrownBy(call::execute)
          .isInstanceOf(IOException.class)
          .hasCauseInstanceOf(NumberFormatException.class);
      assertThat(balancer.snapshot().members())
          .allMatch(member -> member.inFlight() == 0 && member.outstanding() == 0);
    }
  }

  @Test
  void requestBodyThatCannotBeRead_isNotTheBackendsFault_andGoesNowhereElse() throws Exception {
    okhttp3.RequestBody unreadable = new okhttp3.RequestBody() {
      @Override
      public okhttp3.MediaType contentType() {
        return Harness.TEXT;
      }

      @Override
      public void writeTo(okio.BufferedSink sink) throws IOException {
        throw new OwnException();
      }
    };
    try (RawServer one = RawServer.start(RawServer.ok("one"));
        RawServer two = RawServer.start(RawServer.ok("two"));
        Harness orders = Harness.of(one.backend(), two.backend())) {
      for (int i = 0; i < 2; i++) { // on a fresh connection, and on one that was used before
        assertThatThrownBy(() -> orders.send("PUT", unreadable).execute())
            .isInstanceOf(OwnException.class);
        orders.assertNothingInFlightNow();
        assertThat(Harness.read(orders.get("/"))).isEqualTo("one");
      }
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 2, IGNORED 2");
      assertThat(two.connections()).isZero();
    }
  }

  @Test
  void requestBodyOfAnotherLengthThanItSays_isNotTheBackendsFault() throws Exception {
    okhttp3.RequestBody wrong = new okhttp3.RequestBody() {
      @Override
      public okhttp3.MediaType contentType() {
        return Harness.TEXT;
      }

      @Override
      public long contentLength() {
        return 10;
      }

      @Override
      public void writeTo(okio.BufferedSink sink) throws IOException {
        sink.writeUtf8("hello");
      }
    };
    try (RawServer one = RawServer.start(RawServer.ok("one"));
        RawServer two = RawServer.start(RawServer.ok("two"));
        Harness orders = Harness.of(one.backend(), two.backend())) {
      assertThatThrownBy(() -> orders.send("PUT", wrong).execute())
          .isInstanceOf(java.net.ProtocolException.class);
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("IGNORED 1");
      assertThat(two.connections()).isZero();
    }
  }
}
