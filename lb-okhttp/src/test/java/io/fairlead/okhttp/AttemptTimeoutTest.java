package io.fairlead.okhttp;

import static io.fairlead.okhttp.Scripted.ok;
import static io.fairlead.okhttp.Scripted.serve;
import static io.fairlead.okhttp.Scripted.silent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.okhttp.Scripted.Signal;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.RetryPolicy;
import java.time.Duration;
import java.util.function.UnaryOperator;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An attempt that takes too long for its headers is cut, and the call goes on elsewhere if it may. */
class AttemptTimeoutTest {

  private static final Duration TIMEOUT = Duration.ofMillis(500);

  private static LoadBalancer.Builder cut(LoadBalancer.Builder balancer) {
    return balancer.retries(RetryPolicy.builder().attemptTimeout(TIMEOUT).build());
  }

  private static Harness harness(
      Wire wire, UnaryOperator<LoadBalancer.Builder> balancing, MockWebServer... servers) {
    Backend[] backends = new Backend[servers.length];
    for (int i = 0; i < servers.length; i++) {
      backends[i] = Harness.backend(servers[i]);
    }
    return wire.harness(balancing, client -> {}, backends);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void silentServer_isCut_andTheCallGoesOnElsewhere(Wire wire) throws Exception {
    Signal arrived = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = harness(wire, AttemptTimeoutTest::cut, first, second)) {
      silent(first, arrived);
      serve(second, request -> ok("two"));
      Call call = orders.get("/");
      assertThat(Harness.read(call)).isEqualTo("two");
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("TIMEOUT 1");
      assertThat(orders.outcomes(1)).isEqualTo("SUCCESS 1");
      assertThat(Attempts.of(call).all()).hasSize(2);
      assertThat(Attempts.of(call).all().get(0).outcome()).isEqualTo(Outcome.timeout());
      // Those of HTTP/1.1 that were cut are closed.
      assertThat(orders.client.connectionPool().idleConnectionCount())
          .isEqualTo(orders.client.connectionPool().connectionCount());
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void ofOneRequestAlone(Wire wire) throws Exception {
    Signal arrived = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = harness(wire, balancer -> balancer, first, second)) {
      silent(first, arrived);
      serve(second, request -> ok("two"));
      RequestContext context = RequestContext.empty().attemptTimeout(TIMEOUT);
      Request request =
          orders.request("/").tag(CallOptions.class, CallOptions.of(context)).build();
      assertThat(Harness.read(orders.client.newCall(request))).isEqualTo("two");
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("TIMEOUT 1");
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void post_isCut_andSaysSo(Wire wire) throws Exception {
    Signal arrived = new Signal();
    try (MockWebServer first = wire.start();
        MockWebServer second = wire.start();
        Harness orders = harness(wire, AttemptTimeoutTest::cut, first, second)) {
      silent(first, arrived);
      assertThatThrownBy(() -> orders.post("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("no answer within 500 ms");
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("TIMEOUT 1");
      assertThat(second.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bodyThatComesAfterThat_isNotCut(boolean tls) throws Exception {
    Signal later = new Signal();
    RawServer.Answer slow = exchange -> {
      exchange.write(RawServer.lines("HTTP/1.1 200 OK", "Content-Length: 8", "") + "half");
      later.comes();
      later.comes();
      exchange.write("half");
    };
    try (RawServer server = tls
            ? RawServer.startTls(Harness.SERVER.sslSocketFactory(), slow)
            : RawServer.start(slow);
        Harness orders = (tls ? Wire.TLS_HTTP_1 : Wire.HTTP_1)
            .harness(AttemptTimeoutTest::cut, client -> {}, server.backend())) {
      try (Response response = orders.get("/").execute()) {
        assertThat(response.body().string()).isEqualTo("halfhalf");
      }
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1");
    }
  }

  @Test
  void headersThatTrickle_areCut() throws Exception {
    Signal never = new Signal();
    try (RawServer trickles = RawServer.start(exchange -> {
          exchange.write("HTTP/1.1 200 OK\r\n");
          for (int i = 0; i < 100; i++) {
            exchange.write("X-" + i + ": x\r\n");
            never.comes();
          }
        });
        RawServer second = RawServer.start(RawServer.ok("two"));
        Harness orders = Wire.HTTP_1.harness(
            AttemptTimeoutTest::cut, client -> {}, trickles.backend(), second.backend())) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("two");
      trickles.awaitClosing();
      orders.assertNothingInFlightNow();
      assertThat(orders.outcomes(0)).isEqualTo("TIMEOUT 1");
    }
  }
}
