package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A request is in flight until its answer has ended, whichever way, and outstanding until there is an answer. */
class InFlightTest {

  private static final String LONG = "0123456789".repeat(20_000);

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bodyReadToItsEnd_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body(LONG).build());
      Response response = orders.get("/").execute();
      orders.assertInFlight(1, 0);
      assertThat(response.body().string()).isEqualTo(LONG);
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.success());
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bodyClosedEarly_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      Response response = orders.get("/").execute();
      response.body().source().readUtf8(10);
      orders.assertInFlight(1, 0);
      response.close();
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bodyNeverTouched_closed_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body(LONG).build());
      Response response = orders.get("/").execute();
      orders.assertInFlight(1, 0);
      response.close();
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void exactlyContentLengthBytesRead_neverClosed_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      Response response = orders.get("/").execute();
      orders.assertInFlight(1, 0);
      assertThat(response.body().source().readUtf8(5)).isEqualTo("hello");
      orders.assertNothingInFlight();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void head_neverClosed_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(
          new MockResponse.Builder().setHeader("Content-Length", "500").build());
      Response response =
          orders.client.newCall(orders.request("/").head().build()).execute();
      assertThat(response.header("Content-Length")).isEqualTo("500");
      orders.assertNothingInFlight();
      response.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304, 200})
  void nothingInTheBody_neverClosed_releases(int code) throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().code(code).build());
      Response response = orders.get("/").execute();
      assertThat(response.code()).isEqualTo(code);
      orders.assertNothingInFlightNow();
      response.close();
    }
  }

  @Test
  void bodyTruncatedByTheServer_releases() throws Exception {
    try (RawServer server = RawServer.start(
            RawServer.closing("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"));
        Harness orders = Harness.of(server.backend())) {
      Response response = orders.get("/").execute();
      orders.assertInFlight(1, 0);
      assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
      orders.assertNothingInFlightNow();
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void streamResetInTheBody_releases() throws Exception {
    try (MockWebServer server = Wire.TLS_HTTP_2.start();
        Harness orders = Wire.TLS_HTTP_2.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder()
          .body(LONG)
          .onResponseBody(new SocketEffect.CloseStream(2))
          .build());
      Response response = orders.get("/").execute();
      assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void readTimeOutInTheBody_releases() throws Exception {
    try (RawServer server = RawServer.start(exchange -> {
          exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
          RawServer.silence().to(exchange);
        });
        Harness orders = Harness.with(
            builder -> builder.readTimeout(Duration.ofMillis(100)), server.backend())) {
      Response response = orders.get("/").execute();
      assertThatThrownBy(() -> response.body().string())
          .isInstanceOf(java.net.SocketTimeoutException.class);
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void chunkedBody_readPieceByPiece_isInFlightUntilTheEnd() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    try (RawServer server = RawServer.start(exchange -> {
          exchange.write(RawServer.lines(
              "HTTP/1.1 200 OK",
              "Content-Type: text/event-stream",
              "Transfer-Encoding: chunked",
              "",
              "9",
              "data: 1\n\n"));
          RawServer.after(second, RawServer.bytes(RawServer.lines("9", "data: 2\n\n", "0", "")))
              .to(exchange);
        });
        Harness orders = Harness.of(server.backend())) {
      Response response = orders.get("/events").execute();
      BufferedSource events = response.body().source();
      assertThat(events.readUtf8LineStrict()).isEqualTo("data: 1");
      orders.assertInFlight(1, 0);
      second.countDown();
      assertThat(events.readUtf8LineStrict()).isEmpty();
      assertThat(events.readUtf8LineStrict()).isEqualTo("data: 2");
      orders.assertInFlight(1, 0);
      assertThat(events.readUtf8LineStrict()).isEmpty();
      assertThat(events.exhausted()).isTrue();
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void whileTheServerThinks_isOutstanding() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    try (RawServer server = RawServer.start(RawServer.after(answer, RawServer.ok("hello")));
        Harness orders = Harness.of(server.backend())) {
      CountDownLatch done = new CountDownLatch(1);
      orders.get("/").enqueue(new Reading(done));
      server.awaitRequest();
      orders.assertInFlight(1, 1);
      answer.countDown();
      done.await();
      orders.assertNothingInFlight();
    }
  }

  @Test
  void asyncCall_isInFlightUntilItsBodyHasEnded() throws Exception {
    CountDownLatch came = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(server.backend())) {
      orders.get("/").enqueue(new Callback() {
        @Override
        public void onFailure(Call call, IOException e) {}

        @Override
        public void onResponse(Call call, Response response) throws IOException {
          came.countDown();
          try {
            read.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          assertThat(response.body().string()).isEqualTo("hello");
          done.countDown();
        }
      });
      came.await();
      orders.assertInFlight(1, 0);
      read.countDown();
      done.await();
      orders.assertNothingInFlight();
    }
  }

  @Test
  void cacheHit_teachesNothing_andIsOverAtOnce(@TempDir Path folder) throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.cache(new Cache(folder.toFile(), 1_000_000)),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder()
          .setHeader("Cache-Control", "max-age=600")
          .body(LONG)
          .build());
      assertThat(Harness.read(orders.get("/"))).isEqualTo(LONG);
      Response response = orders.get("/").execute();
      orders.assertNothingInFlightNow();
      assertThat(response.networkResponse()).isNull();
      assertThat(Attempts.of(response).last().outcome())
          .isEqualTo(Outcome.ignored().unsent());
      assertThat(response.body().string()).isEqualTo(LONG);
      assertThat(server.getRequestCount()).isEqualTo(1);
      assertThat(orders.events.outcomes)
          .containsExactly(Outcome.success(), Outcome.ignored().unsent());
    }
  }

  @Test
  void revalidated_isASuccess_andReleases(@TempDir Path folder) throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.cache(new Cache(folder.toFile(), 1_000_000)),
            Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder()
          .setHeader("Cache-Control", "no-cache")
          .setHeader("ETag", "\"1\"")
          .body(LONG)
          .build());
      server.enqueue(new MockResponse.Builder().code(304).build());
      assertThat(Harness.read(orders.get("/"))).isEqualTo(LONG);
      Response response = orders.get("/").execute();
      assertThat(response.code()).isEqualTo(200);
      assertThat(response.networkResponse().code()).isEqualTo(304);
      // The backend is done; what is yet to be read is on this side.
      orders.assertNothingInFlight();
      assertThat(response.body().string()).isEqualTo(LONG);
      assertThat(orders.events.outcomes).containsExactly(Outcome.success(), Outcome.success());
    }
  }

  @Test
  void onlyIfCached_withoutAnEntry_teachesNothing(@TempDir Path folder) throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.cache(new Cache(folder.toFile(), 1_000_000)),
            Harness.backend(server))) {
      Response response = orders
          .client
          .newCall(orders.request("/").cacheControl(CacheControl.FORCE_CACHE).build())
          .execute();
      assertThat(response.code()).isEqualTo(504);
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.ignored().unsent());
      response.close();
    }
  }

  @Test
  void longUpload_isOutstandingUntilTheAnswer() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body("thanks").build());
      okhttp3.RequestBody body = new okhttp3.RequestBody() {
        @Override
        public okhttp3.MediaType contentType() {
          return Harness.TEXT;
        }

        @Override
        public void writeTo(okio.BufferedSink sink) throws IOException {
          sink.writeUtf8(LONG);
          sink.flush();
          orders.assertInFlight(1, 1);
        }
      };
      assertThat(Harness.read(orders.send("POST", body))).isEqualTo("thanks");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void bodyHandedOnAsABuffer_releases() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().chunkedBody(LONG, 1000).build());
      Response response = orders.get("/").execute();
      Buffer all = new Buffer();
      response.body().source().readAll(all);
      assertThat(all.size()).isEqualTo(LONG.length());
      orders.assertNothingInFlightNow();
    }
  }

  private record Reading(CountDownLatch done) implements Callback {
    @Override
    public void onFailure(Call call, IOException e) {
      done.countDown();
    }

    @Override
    public void onResponse(Call call, Response response) throws IOException {
      response.body().string();
      done.countDown();
    }
  }
}
