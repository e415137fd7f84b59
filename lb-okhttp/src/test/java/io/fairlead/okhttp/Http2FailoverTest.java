package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A stream that fails leaves its connection to the call, and still the next attempt reaches another backend. */
class Http2FailoverTest {

  private static final int PROTOCOL_ERROR = 1;
  private static final int INTERNAL_ERROR = 2;
  private static final int REFUSED_STREAM = 7;

  private static MockResponse hello() {
    return new MockResponse.Builder().body("hello").build();
  }

  private static MockResponse reset(int code) {
    return new MockResponse.Builder()
        .onResponseStart(new SocketEffect.CloseStream(code))
        .build();
  }

  private static MockResponse stalling() {
    return new MockResponse.Builder()
        .onResponseStart(SocketEffect.Stall.INSTANCE)
        .build();
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void refusedStream_post_movesOn(Wire wire) throws Exception {
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(Harness.backend(one), Harness.backend(two))) {
      // On a fresh connection, and on one that was used before: that one is asked twice.
      for (int i = 0; i < 3; i++) {
        one.enqueue(reset(REFUSED_STREAM));
        if (i > 0) {
          one.enqueue(reset(REFUSED_STREAM));
        }
        two.enqueue(hello());
        Call call = orders.post("/");
        Response response = call.execute();
        orders.assertInFlight(1, 0);
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(Attempts.of(response).last().backend()).isEqualTo(Harness.backend(two));
        orders.assertNothingInFlightNow();
      }
      assertThat(one.getRequestCount()).isBetween(3, 5);
      assertThat(orders.member(0).count(Outcome.Kind.PROTOCOL)).isEqualTo(3);
      assertThat(two.getRequestCount()).isEqualTo(3);
      assertThat(two.takeRequest().getBody().utf8()).isEqualTo("posted");
      assertThat(two.takeRequest().getConnectionIndex()).isZero();
      assertThat(two.takeRequest().getConnectionIndex()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void otherReset_get_movesOn_postDoesNot(Wire wire) throws Exception {
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(Harness.backend(one), Harness.backend(two))) {
      one.enqueue(reset(INTERNAL_ERROR));
      two.enqueue(hello());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      one.enqueue(reset(PROTOCOL_ERROR));
      assertThatThrownBy(() -> orders.post("/").execute())
          .isInstanceOf(AttemptsFailedException.class);
      assertThat(one.getRequestCount()).isEqualTo(2);
      assertThat(two.getRequestCount()).isEqualTo(1);
      assertThat(orders.outcomes(0)).isEqualTo("PROTOCOL 2");
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void readTimeOut_get_movesOn_postDoesNot(Wire wire) throws Exception {
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(
            builder -> builder.readTimeout(Duration.ofMillis(900)),
            Harness.backend(one),
            Harness.backend(two))) {
      one.enqueue(stalling());
      two.enqueue(hello());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      one.enqueue(stalling());
      assertThatThrownBy(() -> orders.post("/").execute())
          .isInstanceOf(AttemptsFailedException.class);
      assertThat(one.getRequestCount()).isEqualTo(2);
      assertThat(two.getRequestCount()).isEqualTo(1);
      assertThat(orders.outcomes(0)).isEqualTo("TIMEOUT 2");
      orders.assertNothingInFlightNow();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void derivedClientsReadTimeout_holdsForFurtherAttempts(Wire wire) throws Exception {
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(Harness.backend(one), Harness.backend(two))) {
      one.enqueue(stalling());
      two.enqueue(stalling());
      Call call = orders
          .client
          .newBuilder()
          .readTimeout(Duration.ofMillis(900))
          .build()
          .newCall(orders.request("/").build());
      assertThatThrownBy(call::execute)
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining("all 2 attempts failed");
      assertThat(call.tag(Attempts.class).all())
          .extracting(Attempts.Attempt::outcome)
          .containsExactly(Outcome.timeout(), Outcome.timeout());
      assertThat(orders.events.outcomes).containsExactly(Outcome.timeout(), Outcome.timeout());
    }
  }

  @Test
  void connectionThatSaidGoaway_isNotUsedAgain() throws Exception {
    Wire wire = Wire.TLS_HTTP_2;
    try (MockWebServer one = wire.start();
        Harness orders = wire.harness(Harness.backend(one))) {
      for (int i = 0; i < 5; i++) {
        one.enqueue(new MockResponse.Builder()
            .body("hello")
            .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
            .build());
      }
      for (int i = 0; i < 5; i++) {
        // The words of farewell may come after the next request is under way: GET then goes again.
        assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      }
      orders.assertNothingInFlightNow();
      assertThat(orders.member(0).count(Outcome.Kind.PROTOCOL)).isZero();
    }
  }

  @Test
  void connectionCut_withTheRequestUnderWay_movesOn() throws Exception {
    Wire wire = Wire.TLS_HTTP_2;
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(Harness.backend(one), Harness.backend(two))) {
      one.enqueue(new MockResponse.Builder()
          .onResponseStart(new SocketEffect.CloseSocket())
          .build());
      two.enqueue(hello());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(two.getRequestCount()).isEqualTo(1);
      assertThat(orders.outcomes(0)).isEqualTo("PROTOCOL 1");
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void threeBackends_twoResets_theThirdAnswers() throws Exception {
    Wire wire = Wire.TLS_HTTP_2;
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        MockWebServer three = wire.start();
        Harness orders = wire.harness(
            Harness.backend(one),
            Harness.refusing(),
            Harness.backend(two),
            Harness.backend(three))) {
      one.enqueue(reset(INTERNAL_ERROR));
      two.enqueue(reset(INTERNAL_ERROR));
      three.enqueue(hello());
      Call call = orders.get("/");
      assertThat(Harness.read(call)).isEqualTo("hello");
      assertThat(call.tag(Attempts.class).all())
          .extracting(Attempts.Attempt::outcome)
          .containsExactly(
              Outcome.protocolError(),
              Outcome.connectFailure(),
              Outcome.protocolError(),
              Outcome.success());
      assertThat(orders.events.outcomes)
          .containsExactly(
              Outcome.protocolError(),
              Outcome.connectFailure(),
              Outcome.protocolError(),
              Outcome.success());
      orders.assertNothingInFlightNow();
      assertThat(orders.client.connectionPool().connectionCount())
          .isEqualTo(orders.client.connectionPool().idleConnectionCount());
    }
  }

  @Test
  void justAdded_failsWhereInstalledMovesOn() throws Exception {
    Wire wire = Wire.PRIOR_KNOWLEDGE;
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start()) {
      io.fairlead.LoadBalancer balancer = io.fairlead.LoadBalancer.builder("orders")
          .strategy(Strategy.roundRobin())
          .chance(() -> 0)
          .strategy(Harness.IN_ORDER)
          .backends(Harness.backend(one), Harness.backend(two))
          .build();
      okhttp3.OkHttpClient client = new okhttp3.OkHttpClient.Builder()
          .protocols(wire.protocols())
          .addInterceptor(LoadBalancingInterceptor.of(balancer))
          .build();
      one.enqueue(reset(INTERNAL_ERROR));
      two.enqueue(hello());
      Call call =
          client.newCall(new okhttp3.Request.Builder().url("http://orders/").build());
      assertThatThrownBy(call::execute).isInstanceOf(AttemptsFailedException.class);
      assertThat(two.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"TLS_HTTP_2", "PRIOR_KNOWLEDGE"})
  void eventsOfFurtherAttempts_areTheCallsOwn(Wire wire) throws Exception {
    java.util.List<String> events =
        java.util.Collections.synchronizedList(new java.util.ArrayList<>());
    okhttp3.EventListener listener = new okhttp3.EventListener() {
      @Override
      public void callStart(Call call) {
        events.add("callStart");
      }

      @Override
      public void requestHeadersStart(Call call) {
        events.add("request");
      }

      @Override
      public void responseHeadersEnd(Call call, Response response) {
        events.add("response");
      }

      @Override
      public void callEnd(Call call) {
        events.add("callEnd");
      }

      @Override
      public void callFailed(Call call, java.io.IOException failure) {
        events.add("callFailed");
      }
    };
    try (MockWebServer one = wire.start();
        MockWebServer two = wire.start();
        Harness orders = wire.harness(
            builder -> builder.eventListener(listener),
            Harness.backend(one),
            Harness.backend(two))) {
      one.enqueue(reset(INTERNAL_ERROR));
      two.enqueue(hello());
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(events).containsExactly("callStart", "request", "request", "response", "callEnd");
    }
  }
}
