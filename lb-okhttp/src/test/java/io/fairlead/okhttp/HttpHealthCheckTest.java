package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.HealthCheck;
import io.fairlead.HealthCheck.State;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.TimeSource;
import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.Cache;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpHealthCheckTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static MockResponse status(int code) {
    return new MockResponse.Builder().code(code).build();
  }

  private static HttpHealthCheck check(Harness orders) {
    return HttpHealthCheck.get(orders.client, orders.scheme + "://orders/health");
  }

  private static void well(HttpHealthCheck check, Member member) throws IOException {
    check.check(member, PATIENCE);
  }

  // Where it goes, and how.

  /** Each member by itself, over the connections that calls use. */
  @ParameterizedTest
  @EnumSource
  void check_goesToTheMember_overTheConnectionsOfCalls(Wire wire) throws Exception {
    try (MockWebServer a = wire.start();
        MockWebServer b = wire.start();
        Harness orders = wire.harness(Harness.backend(a), Harness.backend(b))) {
      HttpHealthCheck check = check(orders);
      for (MockWebServer server : List.of(a, b)) {
        for (int i = 0; i < 3; i++) {
          server.enqueue(status(204));
        }
      }
      Harness.read(orders.get("/")); // to the first, as always
      for (int i = 0; i < 2; i++) {
        well(check, orders.member(0));
        well(check, orders.member(1));
      }

      assertThat(a.getRequestCount()).isEqualTo(3);
      assertThat(a.takeRequest().getUrl().encodedPath()).isEqualTo("/");
      for (int i = 1; i <= 2; i++) {
        assertThat(a.takeRequest().getConnectionIndex()).isZero();
        RecordedRequest seen = b.takeRequest();
        assertThat(seen.getConnectionIndex()).isZero();
        assertThat(seen.getUrl().encodedPath()).isEqualTo("/health");
        assertThat(seen.getUrl().host()).isEqualTo("orders");
      }
    }
  }

  @Test
  void check_isNoRequest() throws Exception {
    TokenBucket bucket =
        TokenBucket.builder().limit(RateLimit.of(1, Duration.ofHours(1))).build();
    try (MockWebServer a = Wire.HTTP_1.start();
        LoadBalancer orders = LoadBalancer.builder("orders")
            .backends(Harness.backend(a))
            .rateLimit(bucket)
            .build()) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
      HttpHealthCheck check = HttpHealthCheck.get(client, "http://orders/health");
      Member member = orders.pool().members().get(0);
      for (int i = 0; i < 5; i++) {
        a.enqueue(status(200));
        well(check, member);
      }

      assertThat(bucket.tryAcquire()).isTrue();
      assertThat(member.inFlight()).isZero();
      assertThat(member.outstanding()).isZero();
      for (Outcome.Kind kind : Outcome.Kind.values()) {
        assertThat(member.count(kind)).isZero();
      }
    }
  }

  @Test
  void vetoedMember_isCheckedAllTheSame() throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(a))) {
      orders
          .balancer
          .pool()
          .control(orders.member(0), "deploy")
          .veto(Veto.Kind.HARD, "43 is on its way");
      a.enqueue(status(200));

      well(check(orders), orders.member(0));
    }
  }

  @Test
  void clientsInterceptors_areUsed_andItsHeaders() throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.with(
            builder -> builder.addInterceptor(chain -> chain.proceed(
                chain.request().newBuilder().header("Authorization", "secret").build())),
            Harness.backend(a))) {
      a.enqueue(status(200));
      well(check(orders).header("X-Check", "1").header("X-Check", "2"), orders.member(0));

      Headers headers = a.takeRequest().getHeaders();
      assertThat(headers.get("Authorization")).isEqualTo("secret");
      assertThat(headers.values("X-Check")).containsExactly("1", "2");
    }
  }

  @Test
  void interceptorThatDropsTheTags_isNamedAsTheCause() throws Exception {
    try (Harness orders = Harness.with(
        builder -> builder.addInterceptor(chain ->
            chain.proceed(new Request.Builder().url(chain.request().url()).build())),
        Harness.refusing())) {
      HttpHealthCheck check = check(orders);

      assertThatThrownBy(() -> well(check, orders.member(0)))
          .hasMessage(
              "orders: an interceptor has taken the tags off the request (expected: request.newBuilder())");
    }
  }

  @Test
  void addedInterceptor_works() throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        LoadBalancer orders =
            LoadBalancer.builder("orders").backends(Harness.backend(a)).build()) {
      OkHttpClient client = new OkHttpClient.Builder()
          .addInterceptor(LoadBalancingInterceptor.of(orders))
          .build();
      a.enqueue(status(200));

      well(
          HttpHealthCheck.get(client, "http://orders/health"),
          orders.pool().members().get(0));
    }
  }

  @Test
  void cache_isNeitherAskedNorFilled(@TempDir Path folder) throws Exception {
    try (Cache cache = new Cache(new File(folder.toFile(), "cache"), 1_000_000);
        MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.with(builder -> builder.cache(cache), Harness.backend(a))) {
      MockResponse cacheable = new MockResponse.Builder()
          .addHeader("Cache-Control", "max-age=1000")
          .body("well")
          .build();
      a.enqueue(cacheable);
      well(check(orders), orders.member(0));
      assertThat(cache.size()).isZero();

      a.enqueue(cacheable);
      assertThat(Harness.read(orders.get("/health"))).isEqualTo("well");
      a.enqueue(status(500));
      assertThatThrownBy(() -> well(check(orders), orders.member(0))).hasMessageContaining("500");
    }
  }

  // What is well.

  @ParameterizedTest
  @ValueSource(ints = {200, 204, 299})
  void statusOf2xx_isWell(int status) throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(a))) {
      a.enqueue(status(status));

      well(check(orders), orders.member(0));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 401, 404, 408, 500, 503})
  void anyOther_isNot_andIsAskedForOnce(int status) throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(a))) {
      a.enqueue(status(status)
          .newBuilder()
          .addHeader("Location", "http://orders/elsewhere")
          .build());
      HttpHealthCheck check = check(orders);

      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> well(check, orders.member(0)))
          .withMessage("answered " + status + " (expected: 200 to 299)");
      assertThat(a.getRequestCount()).isEqualTo(1);
    }
  }

  /** OkHttp would ask again, or throw a NumberFormatException. */
  @ParameterizedTest
  @ValueSource(strings = {"0", "99999999999"})
  void retryAfter_doesNoHarm(String seconds) throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(a))) {
      a.enqueue(status(503).newBuilder().addHeader("Retry-After", seconds).build());
      List<String> headers = new ArrayList<>();
      HttpHealthCheck check = check(orders).answer(response -> {
        headers.addAll(response.headers("Retry-After"));
        return response.code() == 503;
      });

      well(check, orders.member(0));
      assertThat(headers).containsExactly(seconds);
      assertThat(a.getRequestCount()).isEqualTo(1);
    }
  }

  @Test
  void statusOrCondition_ofOnesOwn() throws Exception {
    try (MockWebServer a = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(a))) {
      for (int i = 0; i < 2; i++) {
        a.enqueue(status(401));
        a.enqueue(new MockResponse.Builder().body("{\"ready\":true}").build());
      }
      HttpHealthCheck refuses = check(orders).status(401);
      HttpHealthCheck ready = check(orders).answer(response -> {
        try {
          return response.code() == 200 && response.body().string().contains("\"ready\":true");
        } catch (IOException e) {
          return false;
        }
      });
      well(refuses, orders.member(0));
      assertThatThrownBy(() -> well(refuses, orders.member(0)))
          .hasMessage("answered 200 (expected: 401)");
      assertThatThrownBy(() -> well(ready, orders.member(0)))
          .hasMessage("answered 401 (expected: what the condition demands)");
      well(ready, orders.member(0));
    }
  }

  @Test
  void nobodyListens_isNotWell() throws Exception {
    try (Harness orders = Harness.of(Harness.refusing())) {
      HttpHealthCheck check = check(orders);

      assertThatThrownBy(() -> well(check, orders.member(0))).isInstanceOf(ConnectException.class);
    }
  }

  /**
   * And a connection that leads nowhere any more does not fail all checks to come. On HTTP/2 OkHttp takes it out of use if it
   * does not answer to a ping, for which it has a second.
   */
  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "TLS_HTTP_2"})
  void noAnswer_isNotWell_untilThereIsOneAgain(Wire wire) throws Exception {
    try (MockWebServer a = wire.start();
        Harness orders = wire.harness(Harness.backend(a))) {
      a.enqueue(
          new MockResponse.Builder().onRequestStart(SocketEffect.Stall.INSTANCE).build());
      a.enqueue(status(200));
      HttpHealthCheck check = check(orders);
      assertThatThrownBy(() -> check.check(orders.member(0), Duration.ofMillis(300)))
          .isInstanceOf(SocketTimeoutException.class);

      int failed = 0;
      boolean well = false;
      while (!well) {
        try {
          check.check(orders.member(0), Duration.ofMillis(1_200));
          well = true;
        } catch (SocketTimeoutException e) {
          assertThat(++failed).isLessThan(10);
        }
      }
    }
  }

  // TLS.

  @Test
  void certificate_expiredOrOfAnother_isNotWell() throws Exception {
    long hour = TimeUnit.HOURS.toMillis(1);
    long now = TimeSource.system().instant().toEpochMilli();
    HeldCertificate authority =
        new HeldCertificate.Builder().certificateAuthority(0).build();
    HeldCertificate expired = new HeldCertificate.Builder()
        .signedBy(authority)
        .addSubjectAlternativeName("orders")
        .validityInterval(now - 2 * hour, now - hour)
        .build();
    HandshakeCertificates trusting = new HandshakeCertificates.Builder()
        .addTrustedCertificate(authority.certificate())
        .build();
    HandshakeCertificates own = new HandshakeCertificates.Builder()
        .heldCertificate(expired, authority.certificate())
        .build();
    try (MockWebServer a = new MockWebServer();
        MockWebServer foreign = new MockWebServer()) {
      a.useHttps(own.sslSocketFactory());
      a.start();
      foreign.useHttps(Harness.FOREIGN_SERVER.sslSocketFactory());
      foreign.start();
      try (Harness strict = Harness.with(
              builder ->
                  builder.sslSocketFactory(trusting.sslSocketFactory(), trusting.trustManager()),
              Harness.backend(a));
          Harness orders = Harness.of(Harness.backend(foreign))) {
        strict.scheme = "https";
        orders.scheme = "https";

        assertThatThrownBy(() -> well(check(strict), strict.member(0)))
            .isInstanceOf(SSLHandshakeException.class)
            .hasMessageContaining("validity check failed");
        assertThatThrownBy(() -> well(check(orders), orders.member(0)))
            .isInstanceOf(SSLPeerUnverifiedException.class);
      }
    }
  }

  // Connections that the server has closed.

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void closedIdleConnections_areNoFault(boolean tls) throws Exception {
    try (RawServer server = tls
            ? RawServer.startTls(Harness.SERVER.sslSocketFactory(), RawServer.okThenClose("hello"))
            : RawServer.start(RawServer.okThenClose("hello"));
        Harness orders = (tls ? Wire.TLS_HTTP_1 : Wire.HTTP_1).harness(server.backend())) {
      HttpHealthCheck check = check(orders);
      for (int i = 0; i < 5; i++) {
        well(check, orders.member(0));
        server.awaitClosing();
      }

      assertThat(server.requests()).hasSize(5);
    }
  }

  // With a balancer.

  @Test
  void withABalancer_membersAreTakenOutAndBack() throws Exception {
    FakeClock clock = new FakeClock();
    try (MockWebServer a = Wire.HTTP_1.start();
        MockWebServer b = Wire.HTTP_1.start();
        LoadBalancer orders = LoadBalancer.builder("orders")
            .backends(Harness.backend(a), Harness.backend(b))
            .time(clock)
            .chance(() -> 0)
            .executor(Runnable::run)
            .build()) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
      orders.check(HealthCheck.builder(HttpHealthCheck.get(client, "http://orders/health"))
          .timeout(PATIENCE)
          .initially(State.DOWN)
          .fall(1)
          .rise(1)
          .build());
      a.enqueue(status(200));
      b.enqueue(status(503));
      clock.runDue();
      assertThat(available(orders)).containsExactly(true, false);

      a.enqueue(status(503));
      b.enqueue(status(200));
      clock.advance(Duration.ofSeconds(5));
      assertThat(available(orders)).containsExactly(false, true);
      assertThat(orders.pool().members().get(0).vetoes())
          .hasToString("[health check: answered 503 (expected: 200 to 299)]");
    }
  }

  private static List<Boolean> available(LoadBalancer balancer) {
    return balancer.pool().members().stream().map(Member::available).toList();
  }

  // What is refused.

  @Test
  void balancerOfAnotherHost_isRefused() throws Exception {
    try (Harness orders = Harness.of();
        LoadBalancer other = LoadBalancer.builder("invoices").build()) {
      HealthCheck check = HealthCheck.builder(check(orders)).build();

      assertThatIllegalArgumentException()
          .isThrownBy(() -> other.check(check))
          .withMessage(
              "probe: GET http://orders/health is for the balancer orders of its client (expected: for invoices)");
      assertThatCode(() -> orders.balancer.check(check)).doesNotThrowAnyException();
    }
  }

  @Test
  void badArguments_areRefused() {
    try (Harness orders = Harness.of()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> HttpHealthCheck.get(orders.client, "orders/health"))
          .withMessage("url: orders/health (expected: a URL as in http://orders/health)");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> HttpHealthCheck.get(orders.client, "http://invoices/health"))
          .withMessageStartingWith("url: http://invoices/health (expected: a host that");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> HttpHealthCheck.get(new OkHttpClient(), "http://orders/health"));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> check(orders).status(300, 200))
          .withMessage("status: 300 to 200 (expected: 100 to 599, in this order)");
    }
  }
}
