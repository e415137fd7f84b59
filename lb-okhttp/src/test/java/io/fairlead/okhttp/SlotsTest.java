package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Backend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several HTTP/2 connections to a backend, which share its requests. */
class SlotsTest {

  private static OkHttpClient client(Fleet fleet, Wire wire, int connections) {
    return LoadBalancingInterceptor.builder()
        .balancer(fleet.balancer())
        .connectionsPerBackend(connections)
        .build()
        .install(wire.client());
  }

  private static int connectionOf(Fleet fleet, OkHttpClient client) throws IOException {
    fleet.answer(0, "hello");
    assertThat(fleet.read(client, "/")).isEqualTo("hello");
    return fleet.taken(0).getConnectionIndex();
  }

  private static List<Integer> connectionsOf(Fleet fleet, OkHttpClient client, int calls)
      throws IOException {
    List<Integer> connections = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      connections.add(connectionOf(fleet, client));
    }
    return connections;
  }

  @Test
  void http2_takesThemInTurn() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      OkHttpClient client = client(fleet, Wire.HTTPS_2, 3);
      assertThat(connectionsOf(fleet, client, 8)).containsExactly(0, 0, 1, 2, 0, 1, 2, 0);
      assertThat(client.connectionPool().connectionCount()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP", "HTTPS_1"})
  void http1_hasNoUseForThem(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      OkHttpClient client = client(fleet, wire, 3);
      assertThat(connectionsOf(fleet, client, 8)).containsOnly(0);
      assertThat(client.connectionPool().connectionCount()).isEqualTo(1);
    }
  }

  @Test
  void one_isAllThereIs_unlessAskedFor() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      assertThat(connectionsOf(fleet, fleet.client(), 8)).containsOnly(0);
    }
  }

  @Test
  void busyOne_isPassedOver() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      OkHttpClient client = client(fleet, Wire.HTTPS_2, 2);
      assertThat(connectionsOf(fleet, client, 3)).containsExactly(0, 0, 1);
      fleet.answer(
          0, new MockResponse.Builder().body(new Buffer().write(new byte[99])).build());
      try (Response open = client.newCall(fleet.get("/")).execute()) {
        assertThat(open.code()).isEqualTo(200);
        assertThat(fleet.taken(0).getConnectionIndex()).isZero();
        assertThat(connectionsOf(fleet, client, 5)).containsOnly(1);
      }
      assertThat(connectionsOf(fleet, client, 4)).containsExactlyInAnyOrder(0, 1, 0, 1);
    }
  }

  @Test
  void closedOne_isReplaced_andTheOthersStay() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      OkHttpClient client = client(fleet, Wire.HTTPS_2, 3);
      assertThat(connectionsOf(fleet, client, 4)).containsExactly(0, 0, 1, 2);
      fleet.answer(
          0,
          new MockResponse.Builder()
              .body("goodbye")
              .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
              .build());
      assertThat(fleet.read(client, "/")).isEqualTo("goodbye");
      assertThat(fleet.taken(0).getConnectionIndex()).isZero();
      // The words of farewell may come after the next request is under way.
      assertThat(connectionsOf(fleet, client, 9)).contains(1, 2, 3).doesNotContain(4);
      assertThat(client.connectionPool().connectionCount()).isEqualTo(3);
      fleet.assertIdle();
    }
  }

  @Test
  void lostOne_retiresItsOwnSlotOnly() {
    Endpoint endpoint = new Endpoint(Backend.of("127.0.0.1:8080"), Set.of("orders"), 3, null);
    List<Epoch> before = List.of(endpoint.present(0), endpoint.present(1), endpoint.present(2));
    endpoint.retire(before.get(1));
    assertThat(endpoint.present(0)).isSameAs(before.get(0));
    assertThat(endpoint.present(1)).isNotSameAs(before.get(1));
    assertThat(endpoint.present(2)).isSameAs(before.get(2));
    Epoch successor = endpoint.present(1);
    endpoint.retire(before.get(1)); // of which another attempt may hear later
    assertThat(endpoint.present(1)).isSameAs(successor);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void manyThreads_makeNoMoreThanThat(int connections) throws Exception {
    int threads = 8;
    int calls = 50;
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1)) {
      OkHttpClient client = client(fleet, Wire.HTTPS_2, connections);
      // Made one after the other: calls that connect at once may each put their connection into
      // OkHttp's pool, since it looks there for another's before it puts its own, without a lock.
      assertThat(connectionsOf(fleet, client, 1 + connections)).contains(connections - 1);
      for (int i = 0; i < threads * calls; i++) {
        fleet.answer(0, "hello");
      }
      ExecutorService executor = Executors.newCachedThreadPool();
      try {
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          all.add(executor.submit(() -> {
            for (int call = 0; call < calls; call++) {
              assertThat(fleet.read(client, "/")).isEqualTo("hello");
            }
            return null;
          }));
        }
        for (Future<?> each : all) {
          each.get();
        }
      } finally {
        executor.shutdown();
      }
      assertThat(client.connectionPool().connectionCount()).isEqualTo(connections);
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65, -1})
  void connectionsPerBackend_isChecked(int connections) {
    assertThatThrownBy(() -> LoadBalancingInterceptor.builder().connectionsPerBackend(connections))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("connectionsPerBackend: " + connections + " (expected: 1 to 64)");
  }
}
