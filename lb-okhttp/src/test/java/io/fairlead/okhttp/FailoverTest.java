package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.ConnectionSpec;
import okhttp3.Dns;
import okhttp3.Protocol;
import okhttp3.RequestBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What was never sent goes to another backend, whatever it is. */
class FailoverTest {

  static Stream<Arguments> requests() {
    return Stream.of(
        Arguments.of("GET", null),
        Arguments.of("POST", RequestBody.create("posted", Harness.TEXT)),
        Arguments.of("PUT", Harness.oneShot()),
        Arguments.of("POST", Harness.oneShot()),
        Arguments.of("PATCH", RequestBody.create("patched", Harness.TEXT)),
        Arguments.of("DELETE", null));
  }

  private static void assertMovesOn(Harness orders, String method, RequestBody body, RawServer to)
      throws Exception {
    assertThat(Harness.read(orders.send(method, body))).isEqualTo("hello");
    assertThat(to.requests()).hasSize(1);
    assertThat(to.requests().get(0).method()).isEqualTo(method);
    assertThat(orders.outcomes(0)).isEqualTo("CONNECT 1");
    assertThat(orders.outcomes(1)).isEqualTo("SUCCESS 1");
    assertThat(orders.events.retried).isEqualTo(1);
    orders.assertNothingInFlightNow();
  }

  @ParameterizedTest
  @MethodSource("requests")
  void refused_movesOn(String method, RequestBody body) throws Exception {
    try (RawServer alive = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(Harness.refusing(), alive.backend())) {
      assertMovesOn(orders, method, body, alive);
    }
  }

  @ParameterizedTest
  @MethodSource("requests")
  void unknownHost_movesOn(String method, RequestBody body) throws Exception {
    Dns knowsNobody = name -> {
      throw new UnknownHostException(name);
    };
    try (RawServer alive = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.dns(knowsNobody), Backend.of("nobody.test:80"), alive.backend())) {
      assertMovesOn(orders, method, body, alive);
    }
  }

  @ParameterizedTest
  @MethodSource("requests")
  void connectTimeOut_movesOn(String method, RequestBody body) throws Exception {
    Backend blackHole = Backend.of("127.0.0.1:9");
    try (RawServer alive = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.socketFactory(new BlackHole(blackHole.port())),
            blackHole,
            alive.backend())) {
      assertMovesOn(orders, method, body, alive);
    }
  }

  /** Sockets that wait in vain for one port, as they do where packets are dropped. */
  private static final class BlackHole extends SocketFactory {
    private final int port;

    BlackHole(int port) {
      this.port = port;
    }

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void connect(SocketAddress address, int timeout) throws IOException {
          if (((InetSocketAddress) address).getPort() == port) {
            throw new SocketTimeoutException("Connect timed out");
          }
          super.connect(address, timeout);
        }
      };
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_1", "TLS_HTTP_2"})
  void certificateOfSomebodyElse_movesOn(Wire wire) throws Exception {
    try (MockWebServer foreign = new MockWebServer();
        MockWebServer alive = wire.start()) {
      foreign.useHttps(Harness.FOREIGN_SERVER.sslSocketFactory());
      foreign.start();
      try (Harness orders = wire.harness(Harness.backend(foreign), Harness.backend(alive))) {
        for (int i = 0; i < 2; i++) {
          alive.enqueue(new MockResponse.Builder().body("hello").build());
        }
        assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
        assertThat(Harness.read(orders.send("PUT", Harness.oneShot()))).isEqualTo("hello");
        assertThat(foreign.getRequestCount()).isZero();
        assertThat(orders.outcomes(0)).isEqualTo("CONNECT 2");
        orders.assertNothingInFlightNow();
      }
    }
  }

  @Test
  void tlsNotSpoken_movesOn() throws Exception {
    Wire wire = Wire.TLS_HTTP_1;
    try (MockWebServer plain = Wire.HTTP_1.start();
        MockWebServer alive = wire.start();
        Harness orders = wire.harness(
            builder -> builder.readTimeout(Duration.ofSeconds(1)),
            Harness.backend(plain),
            Harness.backend(alive))) {
      alive.enqueue(new MockResponse.Builder().body("hello").build());
      assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      assertThat(orders.outcomes(0)).isEqualTo("CONNECT 1");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void tlsHandshakeThatIsNeverAnswered_movesOn() throws Exception {
    Wire wire = Wire.TLS_HTTP_1;
    try (RawServer mute = RawServer.start(RawServer.silence());
        MockWebServer alive = wire.start();
        Harness orders = wire.harness(
            builder -> builder.readTimeout(Duration.ofSeconds(1)),
            mute.backend(),
            Harness.backend(alive))) {
      alive.enqueue(new MockResponse.Builder().body("hello").build());
      assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      assertThat(orders.outcomes(0)).isEqualTo("CONNECT 1");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void manyDead_eachIsTriedOnce() throws Exception {
    try (RawServer alive = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(
            Harness.refusing(), Harness.refusing(), Harness.refusing(), alive.backend())) {
      Call call = orders.post("/");
      assertThat(Harness.read(call)).isEqualTo("hello");
      assertThat(call.tag(Attempts.class).all())
          .extracting(Attempts.Attempt::outcome)
          .containsExactly(
              Outcome.connectFailure(),
              Outcome.connectFailure(),
              Outcome.connectFailure(),
              Outcome.success());
      assertThat(alive.requests()).hasSize(1);
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void severalAddresses_oneDead_needsNoFailover() throws Exception {
    try (RawServer alive = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.dns(name -> List.of(
                InetAddress.getByAddress(new byte[] {127, 0, 0, 9}),
                InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))),
            Backend.of("both.test", alive.port()))) {
      assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1");
    }
  }

  @Test
  void protocolThatTheClientForbids_isNotTheBackendsFault() throws Exception {
    try (RawServer one = RawServer.start(RawServer.ok("hello"));
        RawServer two = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.connectionSpecs(List.of(ConnectionSpec.MODERN_TLS)),
            one.backend(),
            two.backend())) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(java.net.UnknownServiceException.class);
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("IGNORED 1");
      assertThat(orders.outcomes(1)).isEmpty();
    }
  }

  @Test
  void connectFailure_overPriorKnowledge_movesOn() throws Exception {
    Wire wire = Wire.PRIOR_KNOWLEDGE;
    try (MockWebServer alive = wire.start();
        Harness orders = wire.harness(Harness.refusing(), Harness.backend(alive))) {
      alive.enqueue(new MockResponse.Builder().body("hello").build());
      assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      assertThat(alive.takeRequest().getVersion()).isEqualTo("HTTP/2");
      assertThat(orders.client.protocols()).containsExactly(Protocol.H2_PRIOR_KNOWLEDGE);
    }
  }

  @Test
  void allDead_tellsOfEachOne() throws Exception {
    Backend one = Harness.refusing();
    Backend two = Backend.of("nobody.test:80");
    try (Harness orders = Harness.with(
        builder -> builder.dns(name -> {
          throw new UnknownHostException(name + " is unknown");
        }),
        one,
        two)) {
      Call call = orders.post("/");
      assertThatThrownBy(call::execute)
          .isInstanceOfSatisfying(AttemptsFailedException.class, e -> {
            assertThat(e.balancer()).isEqualTo("orders");
            assertThat(e.attempts()).hasSize(4);
            assertThat(e.attempts().get(0).backend()).isEqualTo(one);
            assertThat(e.attempts().get(1).backend()).isEqualTo(two);
            assertThat(e)
                .hasMessageStartingWith("orders: all 4 attempts failed: ")
                .hasMessageContaining(one + ": connect (")
                .hasMessageContaining(two + ": connect (")
                .hasMessageContaining("nobody.test is unknown")
                .hasMessageContaining("2 backends: 0 available, 2 vetoed");
          })
          .hasCauseInstanceOf(UnknownHostException.class)
          .satisfies(e -> assertThat(e.getSuppressed())
              .hasAtLeastOneElementOfType(java.net.ConnectException.class));
      orders.assertNothingInFlightNow();
      assertThat(call.tag(Attempts.class).all()).hasSize(4);
    }
  }

  @Test
  void connectFailure_namesTheBackendsAddress() throws Exception {
    Backend dead = Harness.refusing();
    try (Harness orders = Harness.of(dead)) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("127.0.0.1:" + dead.port() + ": connect (");
    }
  }
}
