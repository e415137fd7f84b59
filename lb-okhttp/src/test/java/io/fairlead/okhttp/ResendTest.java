package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.okhttp.RawServer.Answer;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import okhttp3.Call;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a backend may have acted on goes to another only if it is idempotent, and nothing of an answer has come. */
class ResendTest {

  private static final String READ_TIME_OUT = "timeout";

  /** Servers that take a request and give nothing, and what that is called. */
  static Stream<Arguments> nothing() {
    return Stream.of(
        Arguments.of("close", RawServer.closing("")),
        Arguments.of("reset", RawServer.resetting()),
        Arguments.of(READ_TIME_OUT, RawServer.silence()));
  }

  /** Servers that begin an answer and do not end it. */
  static Stream<Arguments> fragments() {
    return Stream.of(
        Arguments.of("no HTTP at all", RawServer.closing("220 smtp.example.com ESMTP\r\n")),
        Arguments.of("bad status", RawServer.closing("HTTP/1.1 abc\r\n\r\n")),
        Arguments.of("part of the status line", RawServer.closing("HTTP/1.1 2")),
        Arguments.of("the status line alone", RawServer.closing("HTTP/1.1 200 OK\r\n")),
        Arguments.of(
            "headers up to the end of a line",
            RawServer.closing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")),
        Arguments.of(
            "headers up to the middle of a line",
            RawServer.closing("HTTP/1.1 200 OK\r\nContent-Le")),
        Arguments.of("headers, then a reset", (Answer) exchange -> {
          exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
          exchange.reset();
        }),
        Arguments.of("headers, then silence", (Answer) exchange -> {
          exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
          RawServer.silence().to(exchange);
        }),
        Arguments.of(
            "an early hint alone",
            RawServer.closing("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")));
  }

  private static Harness harness(RawServer... servers) {
    return Harness.with(
        builder -> builder.readTimeout(Duration.ofMillis(500)),
        Stream.of(servers).map(RawServer::backend).toArray(io.fairlead.backend.Backend[]::new));
  }

  private static Outcome expected(String what) {
    return what.equals(READ_TIME_OUT) ? Outcome.timeout() : Outcome.protocolError();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("nothing")
  void nothingCame_idempotent_movesOn(String what, Answer answer) throws Exception {
    try (RawServer bad = RawServer.start(answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThat(Harness.read(orders.get("/a"))).isEqualTo("hello");
      assertThat(Harness.read(orders.send("PUT", RequestBody.create("put", Harness.TEXT))))
          .isEqualTo("hello");
      assertThat(Harness.read(orders.send("DELETE", null))).isEqualTo("hello");
      assertThat(bad.requests()).hasSize(3);
      assertThat(good.requests()).hasSize(3);
      assertThat(good.requests().get(1).body()).isEqualTo("put");
      assertThat(orders.member(0).count(expected(what).kind())).isEqualTo(3);
      assertThat(orders.outcomes(1)).isEqualTo("SUCCESS 3");
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("nothing")
  void nothingCame_post_isSeenOnce(String what, Answer answer) throws Exception {
    try (RawServer bad = RawServer.start(answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      Call call = orders.post("/");
      assertThatThrownBy(call::execute)
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("the only attempt failed: " + bad.backend());
      assertThat(bad.requests()).hasSize(1);
      assertThat(good.connections()).isZero();
      assertThat(call.tag(Attempts.class).last().outcome()).isEqualTo(expected(what));
      assertThat(call.tag(Attempts.class).last().failure()).isNotNull();
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("nothing")
  void nothingCame_bodyThatCanBeWrittenOnce_isSeenOnce(String what, Answer answer)
      throws Exception {
    try (RawServer bad = RawServer.start(answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThatThrownBy(() -> orders.send("PUT", Harness.oneShot()).execute())
          .isInstanceOf(AttemptsFailedException.class);
      assertThat(bad.requests()).hasSize(1);
      assertThat(good.connections()).isZero();
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("fragments")
  void partOfAnAnswerCame_aGetGoesOn(String what, Answer answer) throws Exception {
    try (RawServer bad = RawServer.start(answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(bad.requests()).hasSize(1);
      assertThat(orders.events.outcomes.get(0)).matches(Outcome::failed);
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("fragments")
  void partOfAnAnswerCame_aPostIsSeenOnce(String what, Answer answer) throws Exception {
    try (RawServer bad = RawServer.start(answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThatThrownBy(() -> orders.post("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("the only attempt failed: ");
      assertThat(bad.requests()).hasSize(1);
      assertThat(good.connections()).isZero();
      assertThat(orders.events.outcomes).allMatch(Outcome::failed);
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("fragments")
  void partOfAnAnswerCame_onAReusedConnection_isTheBackendsFailure(String what, Answer answer)
      throws Exception {
    try (RawServer bad = RawServer.start(RawServer.ok("first"), answer);
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("first");
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(bad.requests()).hasSize(2);
      assertThat(bad.connections()).isEqualTo(1);
      assertThat(orders.events.outcomes.get(1)).matches(Outcome::failed);
    }
  }

  @Test
  void nothingCame_anywhere_endsAfterThree() throws Exception {
    try (RawServer one = RawServer.start(RawServer.closing(""));
        RawServer two = RawServer.start(RawServer.closing(""));
        RawServer three = RawServer.start(RawServer.closing(""));
        RawServer four = RawServer.start(RawServer.closing(""));
        Harness orders = harness(one, two, three, four)) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("all 3 attempts failed");
      assertThat(four.connections()).isZero();
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void poolOfOne_isAskedAgainAfterAWait() throws Exception {
    try (RawServer bad = RawServer.start(RawServer.closing(""));
        Harness orders = harness(bad)) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("all 3 attempts failed: ")
          .hasMessageContaining("1 backend: 1 available");
      assertThat(bad.requests()).hasSize(3);
    }
  }

  @Test
  void truncatedBody_isNotRepeated_andIsNoLoadBalancingException() throws Exception {
    try (RawServer bad =
            RawServer.start(RawServer.closing("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = harness(bad, good)) {
      assertThatThrownBy(() -> Harness.read(orders.get("/")))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(AttemptsFailedException.class);
      assertThat(good.connections()).isZero();
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void expectContinue_thatIsMet_isAnswered() throws Exception {
    try (RawServer server = RawServer.start(exchange ->
            exchange.write("HTTP/1.1 100 Continue\r\n\r\n" + RawServer.response("hello")));
        Harness orders = harness(server)) {
      Call call = orders.client.newCall(orders
          .request("/")
          .header("Expect", "100-continue")
          .put(RequestBody.create("", Harness.TEXT))
          .build());
      assertThat(Harness.read(call)).isEqualTo("hello");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void uploadThatIsRefusedHalfway_givesTheAnswerOfTheServer() throws Exception {
    // The server answers and closes without reading the body to its end.
    CountDownLatch answered = new CountDownLatch(1);
    try (MockRefusal server = new MockRefusal(answered);
        Harness orders = harness()) {
      orders.balancer.pool().update("127.0.0.1:" + server.port());
      RequestBody body = new RequestBody() {
        @Override
        public okhttp3.MediaType contentType() {
          return Harness.TEXT;
        }

        @Override
        public long contentLength() {
          return 50_000_000;
        }

        @Override
        public void writeTo(okio.BufferedSink sink) throws IOException {
          byte[] piece = new byte[100_000];
          for (int i = 0; i < 500; i++) {
            sink.write(piece);
          }
        }
      };
      try (Response response = orders.send("POST", body).execute()) {
        assertThat(response.code()).isEqualTo(413);
      } catch (AttemptsFailedException e) {
        // The reset overtook the answer: as in plain OkHttp, then it is lost.
        assertThat(e.attempts()).hasSize(1);
      }
      orders.assertNothingInFlightNow();
    }
  }

  /** Says 413 after the head of the request. */
  private static final class MockRefusal implements AutoCloseable {
    private final java.net.ServerSocket listening =
        new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress());

    MockRefusal(CountDownLatch answered) throws IOException {
      Thread thread = new Thread(() -> {
        try (java.net.Socket socket = listening.accept()) {
          java.io.InputStream in = socket.getInputStream();
          in.readNBytes(100);
          socket
              .getOutputStream()
              .write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
                  .getBytes(java.nio.charset.StandardCharsets.UTF_8));
          socket.shutdownOutput();
          answered.countDown();
        } catch (IOException e) {
          // the client has gone
        }
      });
      thread.setDaemon(true);
      thread.start();
    }

    int port() {
      return listening.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      listening.close();
    }
  }
}
