package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.ByteString;
import okio.GzipSink;
import okio.Okio;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests and responses with bodies of all kinds pass unharmed. */
class BodiesTest {

  private static final int MEGABYTE = 1 << 20;

  private static ByteString noise(int length) {
    byte[] bytes = new byte[length];
    new Random(1).nextBytes(bytes);
    return ByteString.of(bytes);
  }

  /** Written while the response is read. */
  private static final class Duplex extends RequestBody {
    private final CompletableFuture<BufferedSink> sink = new CompletableFuture<>();

    @Override
    public @Nullable MediaType contentType() {
      return null;
    }

    @Override
    public boolean isDuplex() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) {
      this.sink.complete(sink);
    }

    BufferedSink sink() {
      return sink.join();
    }
  }

  @ParameterizedTest
  @EnumSource
  void large_bothWays_afterAFailureToo(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      ByteString up = noise(MEGABYTE);
      ByteString down = noise(2 * MEGABYTE);
      fleet.fail(0);
      fleet.answer(1, new MockResponse.Builder().body(new Buffer().write(down)).build());
      Request request =
          fleet.get("/").newBuilder().put(RequestBody.create(up, null)).build();
      try (Response response = fleet.client().newCall(request).execute()) {
        assertThat(response.body().contentLength()).isEqualTo(2 * MEGABYTE);
        assertThat(response.body().byteString()).isEqualTo(down);
      }
      assertThat(fleet.taken(1).getBody()).isEqualTo(up);
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP", "HTTPS_1"}) // MockWebServer writes the chunks' lengths to HTTP/2 too
  void chunked(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      fleet.answer(
          0, new MockResponse.Builder().chunkedBody("hello".repeat(1000), 100).build());
      assertThat(fleet.read(fleet.client(), "/")).isEqualTo("hello".repeat(1000));
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void gzip_isUnpacked(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      Buffer packed = new Buffer();
      try (BufferedSink gzip = Okio.buffer(new GzipSink(packed))) {
        gzip.writeUtf8("hello");
      }
      fleet.fail(0);
      fleet.answer(
          1,
          new MockResponse.Builder()
              .addHeader("Content-Encoding", "gzip")
              .body(packed)
              .build());
      assertThat(fleet.read(fleet.client(), "/")).isEqualTo("hello");
      assertThat(fleet.taken(1).getHeaders().get("Accept-Encoding")).isEqualTo("gzip");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void head_isNotInFlightAfterwards_thoughNeverClosed(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      fleet.answer(
          0, new MockResponse.Builder().setHeader("Content-Length", "1000").build());
      Response response =
          fleet.client().newCall(fleet.get("/").newBuilder().head().build()).execute();
      assertThat(response.header("Content-Length")).isEqualTo("1000");
      fleet.assertIdle();
      response.close();
    }
  }

  @Test
  void connectionClose_isObeyed() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client = fleet.client();
      for (int i = 0; i < 3; i++) {
        fleet.answer(0, "hello");
        Request request =
            fleet.get("/").newBuilder().header("Connection", "close").build();
        assertThat(Fleet.read(client, request)).isEqualTo("hello");
        assertThat(fleet.taken(0).getConnectionIndex()).isEqualTo(i);
      }
      assertThat(client.connectionPool().connectionCount()).isZero();
      fleet.assertIdle();
    }
  }

  @Test
  void expectContinue_works() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 2)) {
      fleet.answer(
          0, Fleet.failure(Wire.HTTP).newBuilder().doNotReadRequestBody().build());
      fleet.answer(1, new MockResponse.Builder().add100Continue().body("hello").build());
      Request request = fleet
          .get("/")
          .newBuilder()
          .put(RequestBody.create("order", null))
          .header("Expect", "100-continue")
          .build();
      assertThat(Fleet.read(fleet.client(), request)).isEqualTo("hello");
      fleet.assertIdle();
    }
  }

  @Test
  void duplex_isWrittenWhileTheResponseIsRead() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      fleet.answer(
          0,
          new MockResponse.Builder()
              .clearHeaders() // a Content-Length of 0
              .socketHandler(stream -> {
                try (BufferedSource in = Okio.buffer(stream.getSource());
                    BufferedSink out = Okio.buffer(stream.getSink())) {
                  while (!in.exhausted()) {
                    out.writeUtf8("echo " + in.readUtf8LineStrict() + "\n").flush();
                  }
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              })
              .build());
      Duplex body = new Duplex();
      Request request = fleet.get("/").newBuilder().post(body).build();
      try (Response response = fleet.client().newCall(request).execute()) {
        BufferedSource answer = response.body().source();
        for (String word : new String[] {"one", "two"}) {
          body.sink().writeUtf8(word + "\n").flush();
          assertThat(answer.readUtf8LineStrict()).isEqualTo("echo " + word);
          assertThat(fleet.balancer().pool().members()).anyMatch(m -> m.inFlight() == 1);
        }
        body.sink().close();
        assertThat(answer.exhausted()).isTrue();
      }
      fleet.assertIdle();
    }
  }

  @Test
  void duplex_isNotRepeatedOnceItIsBegun() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      fleet.answer(
          0,
          new MockResponse.Builder()
              .doNotReadRequestBody()
              .onResponseStart(new SocketEffect.CloseStream(7))
              .build());
      OkHttpClient client = fleet.client();
      Request request = fleet.get("/").newBuilder().put(new Duplex()).build();
      assertThatThrownBy(() -> client.newCall(request).execute())
          .isInstanceOf(AttemptsFailedException.class);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @Test
  void duplex_thatCouldNotBeSent_movesOn() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      fleet.server(0).close();
      fleet.answer(1, "hello");
      Duplex body = new Duplex();
      Request request = fleet.get("/").newBuilder().post(body).build();
      CompletableFuture<String> answer = Http2Test.enqueue(fleet.client().newCall(request));
      body.sink().writeUtf8("order").close();
      assertThat(answer.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo("hello");
      RecordedRequest got = fleet.taken(1);
      assertThat(got.getBody().utf8()).isEqualTo("order");
      fleet.assertIdle();
    }
  }
}
