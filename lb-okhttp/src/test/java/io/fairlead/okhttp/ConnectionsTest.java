package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each backend has its own connections, which are kept and found again. */
class ConnectionsTest {

  private final List<RawServer> servers = new ArrayList<>();

  private Harness harness(int backends) throws IOException {
    for (int i = 0; i < backends; i++) {
      servers.add(RawServer.start(RawServer.ok("hello")));
    }
    return new Harness(
        Strategy.roundRobin(),
        builder -> {},
        servers.stream().map(RawServer::backend).toArray(Backend[]::new));
  }

  @AfterEach
  void stop() throws IOException {
    for (RawServer server : servers) {
      server.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"3, 1000", "20, 400"})
  void sequentialCalls_makeOneConnectionPerBackend(int backends, int calls) throws Exception {
    try (Harness orders = harness(backends)) {
      for (int i = 0; i < calls; i++) {
        assertThat(Harness.read(i % 2 == 0 ? orders.get("/") : orders.post("/")))
            .isEqualTo("hello");
      }
      assertThat(servers).allMatch(server -> server.connections() == 1);
      assertThat(servers).allMatch(server -> {
        int seen = server.requests().size();
        return seen == calls / backends || seen == calls / backends + 1;
      });
      assertThat(orders.client.connectionPool().connectionCount()).isEqualTo(backends);
      assertThat(orders.client.connectionPool().idleConnectionCount()).isEqualTo(backends);
    }
  }

  @Test
  void derivedClients_shareTheConnections() throws Exception {
    try (Harness orders = harness(2)) {
      for (int i = 0; i < 20; i++) {
        OkHttpClient derived = orders.client.newBuilder().build();
        assertThat(Harness.read(derived.newCall(orders.request("/").build()))).isEqualTo("hello");
      }
      assertThat(servers).allMatch(server -> server.connections() == 1);
    }
  }

  @Test
  void updatesOfThePool_keepTheConnectionsOfThoseWhoStay() throws Exception {
    try (Harness orders = harness(3)) {
      List<Backend> all = servers.stream().map(RawServer::backend).toList();
      for (int i = 0; i < 30; i++) {
        int weight = i + 1;
        orders
            .balancer
            .pool()
            .update(all.stream()
                .map(backend -> backend.toBuilder().weight(weight).build())
                .toList());
        assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      }
      assertThat(servers).allMatch(server -> server.connections() == 1);
    }
  }

  @Test
  void backendThatLeft_getsNothing_andWorksWhenItReturns() throws Exception {
    try (Harness orders = harness(2)) {
      List<Backend> all = servers.stream().map(RawServer::backend).toList();
      for (int i = 0; i < 4; i++) {
        assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      }
      orders.balancer.pool().update(List.of(all.get(0)));
      for (int i = 0; i < 10; i++) {
        assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      }
      assertThat(servers.get(1).requests()).hasSize(2);
      orders.balancer.pool().update(all);
      for (int i = 0; i < 10; i++) {
        assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      }
      assertThat(servers.get(1).requests()).hasSize(7);
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void backendThatLeftWithABodyOpen_isReadToItsEnd() throws Exception {
    try (Harness orders = harness(1)) {
      Response response = orders.get("/").execute();
      orders.balancer.pool().update(List.of());
      orders.assertInFlight(1, 0);
      assertThat(response.body().string()).isEqualTo("hello");
      assertThat(orders.balancer.snapshot().members()).isEmpty();
    }
  }

  @Test
  void manyAsyncCalls_runAtTheSameTime() throws Exception {
    int calls = 15;
    CountDownLatch all = new CountDownLatch(calls);
    CountDownLatch done = new CountDownLatch(calls);
    RawServer.Answer together = exchange -> {
      all.countDown();
      RawServer.after(all, RawServer.ok("hello")).to(exchange);
    };
    for (int i = 0; i < 3; i++) {
      servers.add(RawServer.start(together));
    }
    try (Harness orders = new Harness(
        Strategy.roundRobin(),
        builder -> {},
        servers.stream().map(RawServer::backend).toArray(Backend[]::new))) {
      List<String> heard = java.util.Collections.synchronizedList(new ArrayList<>());
      for (int i = 0; i < calls; i++) {
        orders.get("/").enqueue(new Callback() {
          @Override
          public void onFailure(Call call, IOException e) {
            heard.add(e.toString());
            done.countDown();
          }

          @Override
          public void onResponse(Call call, Response response) throws IOException {
            heard.add(response.body().string());
            done.countDown();
          }
        });
      }
      assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(heard).hasSize(calls).containsOnly("hello");
      orders.assertNothingInFlight();
      assertThat(servers).allMatch(server -> server.connections() == 5);
    }
  }

  @Test
  void originalClient_isLeftAsItIs() throws Exception {
    try (Harness orders = harness(1)) {
      OkHttpClient original = new OkHttpClient();
      OkHttpClient installed = LoadBalancingInterceptor.of(orders.balancer).install(original);
      assertThat(original.dispatcher().getMaxRequestsPerHost()).isEqualTo(5);
      assertThat(installed.dispatcher().getMaxRequestsPerHost()).isEqualTo(64);
      assertThat(installed.connectionPool()).isNotSameAs(original.connectionPool());
      assertThat(original.interceptors()).isEmpty();
    }
  }
}
