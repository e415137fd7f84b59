package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Redirects stay with the balancer on its own host, and leave it for others. */
class RedirectTest {

  private static final String FOREIGN = "elsewhere.example";

  private static MockResponse to(String location) {
    return new MockResponse.Builder().code(302).addHeader("Location", location).build();
  }

  private static String authority(RecordedRequest request) {
    String authority = request.getHeaders().get(":authority");
    return authority == null ? String.valueOf(request.getHeaders().get("Host")) : authority;
  }

  @ParameterizedTest
  @EnumSource
  void relative_staysAtTheBackend(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 2)) {
      fleet.answer(0, to("/there"));
      fleet.answer(0, "there");
      try (Response response = fleet.client().newCall(fleet.get("/here")).execute()) {
        assertThat(response.body().string()).isEqualTo("there");
        assertThat(response.request().url()).isEqualTo(fleet.url("/there"));
        assertThat(response.priorResponse()).isNotNull();
        assertThat(Attempts.of(response).all()).hasSize(1);
      }
      fleet.taken(0);
      assertThat(fleet.taken(0).getTarget()).isEqualTo("/there");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void absoluteToTheLogicalHost_whateverThePort_staysAtTheBackend(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 2)) {
      HttpUrl other = fleet.url("/there").newBuilder().port(4711).build();
      fleet.answer(0, to(other.toString()));
      fleet.answer(0, "there");
      try (Response response = fleet.client().newCall(fleet.get("/here")).execute()) {
        assertThat(response.body().string()).isEqualTo("there");
        assertThat(response.request().url()).isEqualTo(other);
      }
      fleet.taken(0);
      assertThat(authority(fleet.taken(0))).isEqualTo(Fleet.HOST + ":4711");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void afterAFailure_theRedirectIsFollowedAtTheSecondBackend(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.fail(0);
      fleet.answer(1, to(fleet.url("/there").newBuilder().port(4711).build().toString()));
      fleet.answer(1, "there");
      assertThat(fleet.read(fleet.client(), "/here")).isEqualTo("there");
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(1);
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, false", "HTTPS_1, false", "HTTPS_2, false", "HTTP, true", "HTTPS_2, true"})
  void toAForeignHost_leavesTheBalancer(Wire wire, boolean failsFirst) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2);
        MockWebServer foreign = wire.server(FOREIGN)) {
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().dns(Fleet.dns(FOREIGN)).build());
      HttpUrl there =
          wire.url(FOREIGN, "/there").newBuilder().port(foreign.getPort()).build();
      if (failsFirst) {
        fleet.fail(0);
      }
      fleet.answer(failsFirst ? 1 : 0, to(there.toString()));
      foreign.enqueue(new MockResponse.Builder().body("there").build());
      Request request =
          fleet.get("/here").newBuilder().header("Authorization", "secret").build();
      try (Response response = client.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("there");
        assertThat(response.request().url()).isEqualTo(there);
      }
      RecordedRequest got = Fleet.taken(foreign);
      assertThat(authority(got)).isEqualTo(FOREIGN + ":" + foreign.getPort());
      assertThat(got.getHeaders().get("Authorization")).isNull();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void deadForeignHost_isNotTheBackendsFailure_andNothingIsRepeated(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2);
        DeadPort foreign = new DeadPort()) {
      OkHttpClient plain =
          wire.client().newBuilder().dns(Fleet.dns(FOREIGN, Fleet.HOST)).build();
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().dns(Fleet.dns(FOREIGN)).build());
      HttpUrl there =
          wire.url(FOREIGN, "/there").newBuilder().port(foreign.port()).build();
      fleet.answer(0, to(there.toString()));
      fleet.answer(0, to(there.toString()));
      IOException expected = catchThrowableOfType(
          IOException.class,
          () -> Fleet.read(
              plain, new Request.Builder().url(fleet.urlAt(0, "/here")).build()));
      assertThatThrownBy(() -> fleet.read(client, "/here"))
          .isNotInstanceOf(LoadBalancingException.class)
          .hasSameClassAs(expected)
          .hasMessage(expected.getMessage());
      assertThat(fleet.server(1).getRequestCount()).isZero();
      assertThat(fleet.balancer().snapshot().toString()).contains("success 1");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void foreignHostThatFailsAfterTheRequestWasSent_isNotRepeated(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2);
        MockWebServer foreign = wire.server(FOREIGN)) {
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().dns(Fleet.dns(FOREIGN)).build());
      HttpUrl there =
          wire.url(FOREIGN, "/there").newBuilder().port(foreign.getPort()).build();
      fleet.answer(0, to(there.toString()));
      foreign.enqueue(new MockResponse.Builder()
          .onResponseStart(new SocketEffect.CloseSocket())
          .build());
      assertThatThrownBy(() -> fleet.read(client, "/here"))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(LoadBalancingException.class);
      assertThat(foreign.getRequestCount()).isEqualTo(1);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  /** A foreign host at the backend's IP address must not be taken for it, whatever certificates allow. */
  @ParameterizedTest
  @EnumSource
  void foreignHostOnTheSameMachine_isNotSentOverTheBackendsConnection(Wire wire)
      throws IOException {
    try (MockWebServer backend = wire.server(Fleet.HOST, FOREIGN);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(backend))
            .build()) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client().newBuilder().dns(Fleet.dns(FOREIGN)).build());
      backend.enqueue(to(wire.url(FOREIGN, "/there").toString())); // at the default port: nobody
      assertThatThrownBy(() -> Fleet.read(
              client, new Request.Builder().url(wire.url(Fleet.HOST, "/here")).build()))
          .isInstanceOf(ConnectException.class);
      assertThat(backend.getRequestCount()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, https", "HTTPS_1, http", "HTTPS_2, http"})
  void otherSchemeOfTheLogicalHost_failsAndSaysSo(Wire wire, String scheme) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.answer(0, to(scheme + "://" + Fleet.HOST + "/there"));
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .readTimeout(Duration.ofSeconds(1)) // a plain server may wait for more of a handshake
          .build();
      assertThatThrownBy(() -> fleet.read(client, "/here"))
          .isInstanceOf(ProtocolException.class)
          .hasMessageContainingAll(
              Fleet.HOST, scheme + "://" + Fleet.HOST + "/there", "changes the scheme");
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  /** As of a server that tells in plain text that it wants TLS. */
  @Test
  void otherSchemeOfTheLogicalHost_failsAlthoughTheBackendAnswersIt() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_1, 1);
        MockWebServer plain = Wire.HTTP.server()) {
      fleet.answer(0, to("http://" + Fleet.HOST + "/there"));
      plain.enqueue(new MockResponse.Builder().code(400).build());
      AtomicInteger sockets = new AtomicInteger();
      SocketFactory factory = Sockets.of(address -> sockets.getAndIncrement() == 0
          ? address
          : new InetSocketAddress(address.getAddress(), plain.getPort()));
      OkHttpClient client = Wire.HTTPS_1
          .client()
          .newBuilder()
          .socketFactory(factory)
          .addInterceptor(fleet.interceptor())
          .build();
      assertThatThrownBy(() -> fleet.read(client, "/here"))
          .isInstanceOf(ProtocolException.class)
          .hasMessageContaining("changes the scheme")
          .hasNoCause();
      assertThat(plain.getRequestCount()).isEqualTo(1);
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, https", "HTTPS_1, http", "HTTPS_2, http"})
  void otherSchemeOfTheLogicalHost_failsAndSaysSo_withoutInstallToo(Wire wire, String scheme)
      throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.answer(0, to(scheme + "://" + Fleet.HOST + "/there"));
      OkHttpClient client = wire.client()
          .newBuilder()
          .readTimeout(Duration.ofSeconds(1)) // a plain server may wait for more of a handshake
          .addInterceptor(fleet.interceptor())
          .build();
      assertThatThrownBy(() -> fleet.read(client, "/here"))
          .isInstanceOf(ProtocolException.class)
          .hasMessageContaining("changes the scheme");
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, https", "HTTPS_1, http"})
  void otherScheme_thatTheClientDoesNotFollow_isDelivered(Wire wire, String scheme)
      throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.answer(0, to(scheme + "://" + Fleet.HOST + "/there"));
      OkHttpClient client =
          fleet.client().newBuilder().followSslRedirects(false).build();
      try (Response response = client.newCall(fleet.get("/here")).execute()) {
        assertThat(response.code()).isEqualTo(302);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void loop_endsAsWithAPlainClient(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      for (int i = 0; i < 42; i++) {
        fleet.answer(0, to("/again"));
      }
      OkHttpClient plain = fleet.plain();
      IOException expected = catchThrowableOfType(
          IOException.class,
          () -> Fleet.read(plain, new Request.Builder().url(fleet.urlAt(0, "/")).build()));
      OkHttpClient client = fleet.client();
      assertThatThrownBy(() -> fleet.read(client, "/"))
          .hasSameClassAs(expected)
          .hasMessage(expected.getMessage());
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(42);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void notFollowed_isDelivered(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet.client().newBuilder().followRedirects(false).build();
      fleet.fail(0);
      fleet.answer(1, to("/there"));
      fleet.answer(0, to("/there"));
      for (int attempts : List.of(2, 1)) {
        try (Response response = client.newCall(fleet.get("/here")).execute()) {
          assertThat(response.code()).isEqualTo(302);
          assertThat(Attempts.of(response).all()).hasSize(attempts);
          assertThat(Attempts.of(response).last().outcome()).isEqualTo(Outcome.success());
        }
      }
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, false", "HTTPS_1, false", "HTTPS_2, false", "HTTP, true", "HTTPS_2, true"})
  void toAnotherBalancedHost_failsAndSaysSo(Wire wire, boolean failsFirst) throws IOException {
    try (Fleet orders = Fleet.named("orders.example", wire, 2);
        Fleet items = Fleet.named("items.example", wire, 1)) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders.balancer(), items.balancer())
          .install(wire.client().newBuilder().dns(Fleet.dns()).build());
      if (failsFirst) {
        orders.fail(0);
      }
      orders.answer(failsFirst ? 1 : 0, to(items.url("/there").toString()));
      items.answer(0, "there");
      assertThatThrownBy(() -> orders.read(client, "/here"))
          .isInstanceOf(ProtocolException.class)
          .hasMessageContainingAll(
              "orders.example", items.url("/there").toString(), "another balanced host");
      orders.assertIdle();
      items.assertIdle();
    }
  }
}
