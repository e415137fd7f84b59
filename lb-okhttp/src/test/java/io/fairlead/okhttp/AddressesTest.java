package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How backends are found: by address, or by a name that the client's own Dns resolves. */
class AddressesTest {

  private static InetAddress ip(int... bytes) throws UnknownHostException {
    byte[] address = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      address[i] = (byte) bytes[i];
    }
    return InetAddress.getByAddress(address);
  }

  private static LoadBalancer orders(Backend... backends) {
    return LoadBalancer.builder(Fleet.HOST)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends(backends)
        .strategy(Fleet.IN_ORDER)
        .build();
  }

  @ParameterizedTest
  @EnumSource
  void backendGivenByName_isResolvedByTheClientsDns(Wire wire) throws IOException {
    try (MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = orders(Backend.of("node-1.internal", server.getPort()))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client().newBuilder().dns(Fleet.dns("node-1.internal")).build());
      Request request = new Request.Builder().url(wire.url(Fleet.HOST, "/")).build();
      assertThat(Fleet.read(client, request)).isEqualTo("hello");
    }
  }

  @ParameterizedTest
  @EnumSource
  void backendWithSeveralAddresses_isReachedAtTheFirstThatLives(Wire wire) throws IOException {
    try (MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = orders(Backend.of("node-1.internal", server.getPort()))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      // All of 127.0.0.0/8 is this machine, and nobody listens on its other addresses.
      Dns dns = Fleet.dns(
          Map.of("node-1.internal", List.of(ip(127, 0, 0, 2), ip(127, 0, 0, 3), ip(127, 0, 0, 1))));
      for (boolean fast : List.of(true, false)) {
        OkHttpClient client = LoadBalancingInterceptor.of(orders)
            .install(wire.client().newBuilder().dns(dns).fastFallback(fast).build());
        server.enqueue(new MockResponse.Builder().body("hello").build());
        Request request = new Request.Builder().url(wire.url(Fleet.HOST, "/")).build();
        try (Response response = client.newCall(request).execute()) {
          assertThat(response.body().string()).isEqualTo("hello");
          assertThat(Attempts.of(response).all()).hasSize(1);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void backendWhoseNameIsUnknown_isPassedOver_byAPostToo(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1);
        LoadBalancer orders =
            orders(Backend.of("node-1.internal", 80), Backend.of(Fleet.address(fleet.server(0))))) {
      fleet.answer(0, "hello");
      OkHttpClient client = LoadBalancingInterceptor.of(orders)
          .install(wire.client().newBuilder().dns(Fleet.dns()).build());
      try (Response response = client.newCall(fleet.post("/", "x")).execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(Attempts.of(response).all().get(0).outcome())
            .isEqualTo(Outcome.connectFailure());
      }
    }
  }

  @Test
  void onlyBackendRefuses_messageNamesIt() throws IOException {
    try (DeadPort dead = new DeadPort();
        LoadBalancer orders = orders(Backend.of(dead.address()))) {
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(Wire.HTTP.client());
      Request request =
          new Request.Builder().url(Wire.HTTP.url(Fleet.HOST, "/")).build();
      assertThatThrownBy(() -> client.newCall(request).execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasMessageContainingAll(Fleet.HOST, dead.address(), "connect");
    }
  }

  @Test
  void ipv6_works() throws IOException {
    try (MockWebServer server = ipv6Server();
        LoadBalancer orders = orders(Backend.of("[::1]:" + server.getPort()))) {
      server.enqueue(new MockResponse.Builder().body("hello").build());
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(Wire.HTTP.client());
      Request request =
          new Request.Builder().url(Wire.HTTP.url(Fleet.HOST, "/")).build();
      assertThat(Fleet.read(client, request)).isEqualTo("hello");
      assertThat(orders.pool().members())
          .allMatch(member -> member.backend().toString().startsWith("[::1]:"));
    }
  }

  private static MockWebServer ipv6Server() throws IOException {
    MockWebServer server = new MockWebServer();
    try {
      server.start(ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 0);
    } catch (SocketException | UnknownHostException e) {
      assumeThat(e).as("this machine has IPv6").isNull();
    }
    return server;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://orders.example/", "http://ORDERS.Example/", "http://orders.example:8443/",
        "http://extra/", "http://bücher.example/", "http://xn--bcher-kva.example/",
        "http://BÜCHER.example/", "http://my_service/"
      })
  void hosts_ofOneBalancer_allLeadToIt(String url) throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      fleet.answer(0, "hello");
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(fleet.balancer())
          .host("Extra", fleet.balancer())
          .host("Bücher.example", fleet.balancer())
          .host("my_service", fleet.balancer())
          .build()
          .install(Wire.HTTP.client().newBuilder().dns(Fleet.dns()).build());
      assertThat(Fleet.read(client, new Request.Builder().url(url).build())).isEqualTo("hello");
    }
  }

  @ParameterizedTest
  @EnumSource
  void severalBalancers_eachGetTheirs_andOtherHostsPassUntouched(Wire wire) throws IOException {
    try (Fleet orders = Fleet.named("orders.example", wire, 2);
        Fleet items = Fleet.named("items.example", wire, 2);
        MockWebServer other = wire.server("other.example")) {
      AtomicInteger lookups = new AtomicInteger();
      Dns dns = hostname -> {
        lookups.incrementAndGet();
        return Fleet.dns("other.example").lookup(hostname);
      };
      OkHttpClient client = LoadBalancingInterceptor.of(orders.balancer(), items.balancer())
          .install(wire.client().newBuilder().dns(dns).build());
      orders.answer(0, "an order");
      items.fail(0);
      items.answer(1, "an item");
      other.enqueue(new MockResponse.Builder().body("other").build());
      assertThat(orders.read(client, "/")).isEqualTo("an order");
      assertThat(items.read(client, "/")).isEqualTo("an item");
      assertThat(lookups).hasValue(0);
      Request request = new Request.Builder()
          .url(wire.url("other.example", "/").newBuilder().port(other.getPort()).build())
          .build();
      try (Response response = client.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("other");
        assertThat(Attempts.of(response)).isNull();
      }
      orders.assertIdle();
      items.assertIdle();
    }
  }

  @Test
  void hostsOfTheClientsOwnDnsThatAreBalanced_areNotAskedOfIt() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      fleet.answer(0, "hello");
      Dns misleading = hostname -> List.of(ip(127, 0, 0, 9));
      OkHttpClient client = fleet
          .interceptor()
          .install(Wire.HTTP.client().newBuilder().dns(misleading).build());
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
    }
  }

  @ParameterizedTest
  @EnumSource
  void backendAtAnotherAddress_isReachedThere_thoughItsIdStays(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      fleet.answer(0, "at first");
      fleet.answer(1, "later");
      OkHttpClient client = fleet.client();
      fleet
          .balancer()
          .pool()
          .update(
              List.of(Backend.builder(Fleet.address(fleet.server(0))).id("a").build()));
      assertThat(fleet.read(client, "/")).isEqualTo("at first");
      fleet
          .balancer()
          .pool()
          .update(
              List.of(Backend.builder(Fleet.address(fleet.server(1))).id("a").build()));
      assertThat(fleet.read(client, "/")).isEqualTo("later");
      fleet.assertIdle();
    }
  }

  @Test
  void protocols_areThoseOfTheClient() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      fleet.answer(0, "one");
      fleet.answer(0, "two");
      OkHttpClient client = fleet.client();
      OkHttpClient derived =
          client.newBuilder().protocols(List.of(Protocol.HTTP_1_1)).build();
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThat(response.protocol()).isEqualTo(Protocol.HTTP_2);
      }
      try (Response response = derived.newCall(fleet.get("/")).execute()) {
        assertThat(response.protocol()).isEqualTo(Protocol.HTTP_1_1);
      }
      fleet.assertIdle();
    }
  }
}
