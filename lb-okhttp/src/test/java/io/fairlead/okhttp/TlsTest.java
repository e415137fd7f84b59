package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import javax.net.ssl.SSLPeerUnverifiedException;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.CertificatePinner;
import okhttp3.Handshake;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS is with the logical host, whichever backend it ends at. */
class TlsTest {

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void certificateOfTheLogicalName_isAcceptedFromEachBackend_andAskedForBySni(Wire wire)
      throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 3)) {
      OkHttpClient client = fleet.client();
      for (int i = 0; i < 3; i++) {
        fleet.answer(i, "hello from " + i);
        try (Response response = client.newCall(fleet.get("/")).execute()) {
          assertThat(response.body().string()).isEqualTo("hello from " + i);
          assertThat(response.handshake()).isNotNull();
        }
        RecordedRequest request = fleet.taken(i);
        assertThat(request.getHandshakeServerNames()).containsExactly(Fleet.HOST);
        String host = request.getHeaders().get(wire == Wire.HTTPS_2 ? ":authority" : "Host");
        assertThat(host).isEqualTo(Fleet.HOST);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void certificateOfAnotherName_failsTheOnlyBackend(Wire wire) throws IOException {
    try (MockWebServer impostor = wire.server("elsewhere.example");
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(impostor))
            .build()) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      Request request = new Request.Builder().url(wire.url(Fleet.HOST, "/")).build();
      assertThatThrownBy(() -> client.newCall(request).execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContaining(Fleet.address(impostor))
          .hasCauseInstanceOf(SSLPeerUnverifiedException.class);
      assertThat(impostor.getRequestCount()).isZero();
      assertThat(orders.pool().members()).allMatch(member -> member.inFlight() == 0);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void certificateOfAnotherName_sendsEvenAPostToTheNextBackend(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1);
        MockWebServer impostor = wire.server("elsewhere.example");
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(impostor), Fleet.address(fleet.server(0)))
            .strategy(Fleet.IN_ORDER)
            .build()) {
      fleet.answer(0, "hello");
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      try (Response response = client.newCall(fleet.post("/", "order")).execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(Attempts.of(response).all()).hasSize(2);
      }
      assertThat(impostor.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void pinsOfTheLogicalHost_holdForEachBackend(Wire wire) throws IOException {
    HeldCertificate certificate = Wire.certificate(Fleet.HOST);
    try (MockWebServer one = wire.server(certificate);
        MockWebServer other = wire.server(Wire.certificate(Fleet.HOST));
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(other), Fleet.address(one))
            .strategy(Fleet.IN_ORDER)
            .build()) {
      one.enqueue(new MockResponse.Builder().body("hello").build());
      CertificatePinner pinner = new CertificatePinner.Builder()
          .add(Fleet.HOST, CertificatePinner.pin(certificate.certificate()))
          .build();
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client().newBuilder().certificatePinner(pinner).build());
      Request request = new Request.Builder().url(wire.url(Fleet.HOST, "/")).build();
      assertThat(Fleet.read(client, request)).isEqualTo("hello");
      assertThat(other.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void wrongPin_failsAsWithAPlainClient(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      CertificatePinner pinner = new CertificatePinner.Builder()
          .add(Fleet.HOST, "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
          .build();
      OkHttpClient plain = fleet.plain().newBuilder().certificatePinner(pinner).build();
      IOException expected = catchThrowableOfType(
          SSLPeerUnverifiedException.class,
          () -> plain
              .newCall(new Request.Builder().url(fleet.urlAt(0, "/")).build())
              .execute());
      OkHttpClient balanced = fleet
          .interceptor()
          .install(wire.client().newBuilder().certificatePinner(pinner).build());
      assertThatThrownBy(() -> fleet.read(balanced, "/"))
          .isInstanceOf(AttemptsFailedException.class)
          .cause()
          .isInstanceOf(SSLPeerUnverifiedException.class)
          .hasMessage(expected.getMessage());
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void hostHeader_isTheLogicalHostWithThePortOfTheUrl(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      fleet.answer(0, "plain");
      fleet.answer(0, "balanced");
      Request request = new Request.Builder().url(fleet.urlAt(0, "/")).build();
      Fleet.read(fleet.plain(), request);
      Fleet.read(fleet.client(), request);
      assertThat(fleet.taken(0).getHeaders()).isEqualTo(fleet.taken(0).getHeaders());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTPS_1", "HTTPS_2"})
  void handshake_ofAPooledConnection_isThatOfItsBackend(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 2)) {
      OkHttpClient client = fleet.client();
      Handshake[] first = new Handshake[2];
      for (int i = 0; i < 4; i++) {
        fleet.answer(i % 2, "hello");
        try (Response response = client.newCall(fleet.get("/")).execute()) {
          response.body().string();
          if (i < 2) {
            first[i] = response.handshake();
          } else {
            assertThat(response.handshake()).isEqualTo(first[i % 2]);
          }
        }
      }
      assertThat(first[0].peerCertificates()).isNotEqualTo(first[1].peerCertificates());
      assertThat(client.connectionPool().connectionCount()).isEqualTo(2);
    }
  }
}
