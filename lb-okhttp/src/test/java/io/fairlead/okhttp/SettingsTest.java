package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLPeerUnverifiedException;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.CertificatePinner;
import okhttp3.ConnectionPool;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The settings of a client that was derived from the installed one hold for further attempts, in the call's own chain (as
 * over HTTP/1.1) and as calls of their own (as over HTTP/2).
 */
@Timeout(60) // a safety net: where a setting is lost, some of these calls would never end
class SettingsTest {

  @ParameterizedTest
  @EnumSource
  void timeouts(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      List<List<Integer>> seen = new CopyOnWriteArrayList<>();
      Interceptor look = chain -> {
        seen.add(List.of(
            chain.connectTimeoutMillis(), chain.readTimeoutMillis(), chain.writeTimeoutMillis()));
        return chain.proceed(chain.request());
      };
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().addNetworkInterceptor(look).build())
          .newBuilder()
          .connectTimeout(Duration.ofMillis(11_111))
          .readTimeout(Duration.ofMillis(22_222))
          .writeTimeout(Duration.ofMillis(33_333))
          .build();
      fleet.fail(0);
      fleet.answer(1, "hello");
      fleet.read(client, "/");
      assertThat(seen).hasSize(2).allMatch(List.of(11_111, 22_222, 33_333)::equals);
    }
  }

  /** The base's read time-out is one that the second backend would exceed. */
  @ParameterizedTest
  @EnumSource
  void readTimeout_isThatOfTheDerivedClient(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().readTimeout(Duration.ofMillis(1)).build())
          .newBuilder()
          .readTimeout(Duration.ZERO)
          .build();
      fleet.fail(0);
      fleet.answer(
          1,
          new MockResponse.Builder()
              .headersDelay(100, TimeUnit.MILLISECONDS)
              .bodyDelay(100, TimeUnit.MILLISECONDS)
              .body("hello")
              .build());
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void callTimeout_endsTheSecondAttempt(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 3)) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .readTimeout(Duration.ZERO)
          .callTimeout(Duration.ofSeconds(1))
          .build();
      fleet.fail(0);
      fleet.answer(
          1,
          new MockResponse.Builder()
              .onResponseStart(SocketEffect.Stall.INSTANCE)
              .build());
      assertThatThrownBy(() -> fleet.read(client, "/"))
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
      assertThat(fleet.server(2).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void callTimeout_endsTheBodyOfTheSecondAttempt(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .readTimeout(Duration.ZERO)
          .callTimeout(Duration.ofSeconds(2))
          .build();
      fleet.fail(0);
      fleet.answer(
          1,
          new MockResponse.Builder()
              .body("hello".repeat(10_000))
              .onResponseBody(SocketEffect.Stall.INSTANCE)
              .build());
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
      }
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void authenticator(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .authenticator((route, response) ->
              response.request().newBuilder().header("Authorization", "secret").build())
          .build();
      fleet.fail(0);
      fleet.answer(1, new MockResponse.Builder().code(401).build());
      fleet.answer(1, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.taken(1);
      assertThat(fleet.taken(1).getHeaders().get("Authorization")).isEqualTo("secret");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void interceptors_applicationOnce_networkForEachAttempt_withTheRequestsTags(Wire wire)
      throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      AtomicInteger application = new AtomicInteger();
      List<String> network = new CopyOnWriteArrayList<>();
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client()
              .newBuilder()
              .addInterceptor(chain -> {
                application.incrementAndGet();
                return chain.proceed(
                    chain.request().newBuilder().header("Trace", "t1").build());
              })
              .addNetworkInterceptor(chain -> {
                network.add(chain.request().header("Trace") + chain.request().tag(String.class));
                return chain.proceed(chain.request());
              })
              .build());
      fleet.fail(0);
      fleet.answer(1, "hello");
      Request request = fleet.get("/").newBuilder().tag(String.class, " tagged").build();
      try (Response response = client.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(response.request().tag(String.class)).isEqualTo(" tagged");
      }
      assertThat(application).hasValue(1);
      assertThat(network).containsExactly("t1 tagged", "t1 tagged");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void certificatePinner(Wire wire) throws IOException {
    HeldCertificate pinned = Wire.certificate(Fleet.HOST);
    try (MockWebServer one = wire.server(pinned);
        MockWebServer other = wire.server(Fleet.HOST);
        LoadBalancer orders = orders(one, other)) {
      for (int i = 0; i < 3; i++) {
        one.enqueue(Fleet.failure(wire));
      }
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client())
          .newBuilder()
          .certificatePinner(new CertificatePinner.Builder()
              .add(Fleet.HOST, CertificatePinner.pin(pinned.certificate()))
              .build())
          .build();
      assertThatThrownBy(() -> Fleet.read(client, request(wire)))
          .isInstanceOfSatisfying(
              AttemptsFailedException.class,
              e -> assertThat(e.attempts().get(1).failure())
                  .isInstanceOf(SSLPeerUnverifiedException.class));
      assertThat(one.getRequestCount()).isGreaterThanOrEqualTo(2);
      assertThat(other.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void hostnameVerifier(Wire wire) throws IOException {
    try (MockWebServer one = wire.server(Fleet.HOST);
        MockWebServer other = wire.server("elsewhere.example");
        LoadBalancer orders = orders(one, other)) {
      one.enqueue(Fleet.failure(wire));
      other.enqueue(new MockResponse.Builder().body("hello").build());
      List<String> verified = new CopyOnWriteArrayList<>();
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client())
          .newBuilder()
          .hostnameVerifier((host, session) -> verified.add(host))
          .build();
      assertThat(Fleet.read(client, request(wire))).isEqualTo("hello");
      assertThat(verified).containsExactly(Fleet.HOST, Fleet.HOST);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void sslSocketFactory(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient trusting = wire.client();
      OkHttpClient installed = fleet
          .interceptor()
          .install(new OkHttpClient.Builder().protocols(trusting.protocols()).build());
      OkHttpClient client = installed
          .newBuilder()
          .sslSocketFactory(trusting.sslSocketFactory(), trusting.x509TrustManager())
          .build();
      assertThatThrownBy(() -> fleet.read(installed, "/"))
          .isInstanceOf(AttemptsFailedException.class);
      fleet.fail(0);
      fleet.answer(1, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void dns(Wire wire) throws IOException {
    try (MockWebServer one = wire.server(Fleet.HOST);
        MockWebServer other = wire.server(Fleet.HOST);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(
                Backend.of("node-1.internal", one.getPort()),
                Backend.of("node-2.internal", other.getPort()))
            .strategy(Fleet.IN_ORDER)
            .build()) {
      one.enqueue(Fleet.failure(wire));
      other.enqueue(new MockResponse.Builder().body("hello").build());
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client())
          .newBuilder()
          .dns(Fleet.dns("node-1.internal", "node-2.internal"))
          .build();
      assertThat(Fleet.read(client, request(wire))).isEqualTo("hello");
    }
  }

  @ParameterizedTest
  @EnumSource
  void socketFactoryAndPool(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      List<Integer> ports = new CopyOnWriteArrayList<>();
      ConnectionPool pool = new ConnectionPool();
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .socketFactory(Sockets.of(address -> {
            ports.add(address.getPort());
            return address;
          }))
          .connectionPool(pool)
          .build();
      fleet.fail(0);
      fleet.answer(1, "hello");
      fleet.read(client, "/");
      assertThat(ports)
          .containsExactly(fleet.server(0).getPort(), fleet.server(1).getPort());
      assertThat(pool.connectionCount()).isEqualTo(wire == Wire.HTTPS_2 ? 2 : 1);
    }
  }

  private static LoadBalancer orders(MockWebServer... servers) {
    List<Backend> backends = new ArrayList<>();
    for (MockWebServer server : servers) {
      backends.add(Backend.of(Fleet.address(server)));
    }
    return LoadBalancer.builder(Fleet.HOST)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends(backends)
        .strategy(Fleet.IN_ORDER)
        .retries(RetryPolicy.builder().maxAttempts(2).build())
        .build();
  }

  private static Request request(Wire wire) {
    return new Request.Builder().url(wire.url(Fleet.HOST, "/")).build();
  }
}
