package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.strategy.Strategy;
import java.lang.ref.WeakReference;
import java.net.SocketException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The connections of a member that has left are closed as soon as it has nothing in flight, and not before. */
class DepartedConnectionsTest {

  private static final int LARGE = 4_000_000; // too much to be on its way unread

  private final WatchedSockets sockets = new WatchedSockets();

  private OkHttpClient watched(Fleet fleet, Wire wire) {
    return fleet
        .interceptor()
        .install(wire.client().newBuilder().socketFactory(sockets).build());
  }

  private static List<Backend> backends(Fleet fleet) {
    return fleet.balancer().pool().members().stream().map(Member::backend).toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = Harness.Wire.class,
      names = {"HTTP_1", "TLS_HTTP_1"})
  void leftIdle_theServerSeesItsConnectionsEnd_andNoOther(Harness.Wire wire) throws Exception {
    try (RawServer leaving = server(wire);
        RawServer staying = server(wire);
        Harness orders = wire.harness(leaving.backend(), staying.backend())) {
      Response one = orders.get("/").execute();
      Response two = orders.get("/").execute();
      assertThat(one.body().string() + two.body().string()).isEqualTo("hellohello");
      assertThat(leaving.connections()).isEqualTo(2);
      orders.balancer.pool().update(List.of(staying.backend()));
      leaving.awaitClosing();
      leaving.awaitClosing();
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(orders.client.connectionPool().connectionCount())
          .as("OkHttp's, which throws closed ones out when it looks for one")
          .isEqualTo(1);
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(staying.connections()).isEqualTo(1);
    }
  }

  private static RawServer server(Harness.Wire wire) throws Exception {
    RawServer.Answer hello = RawServer.ok("hello");
    return wire.isTls()
        ? RawServer.startTls(Harness.SERVER.sslSocketFactory(), hello)
        : RawServer.start(hello);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void leftIdle_isClosed_andForgottenByOkHttp(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = watched(fleet, wire);
      fleet.answer(0, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.balancer().pool().update(backends(fleet).subList(1, 2));
      sockets.awaitClosing();
      fleet.answer(1, "other");
      assertThat(fleet.read(client, "/")).isEqualTo("other");
      assertThat(client.connectionPool().connectionCount()).isEqualTo(1);
      assertThat(sockets.open()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void leftWithABodyOpen_isReadToItsEnd_andClosedThen(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      OkHttpClient client = watched(fleet, wire);
      fleet.answer(0, large());
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        fleet.balancer().pool().update(List.of());
        assertThat(sockets.open()).isEqualTo(1);
        assertThat(response.body().bytes()).hasSize(LARGE);
      }
      sockets.awaitClosing();
      assertThat(sockets.open()).isZero();
    }
  }

  private static MockResponse large() {
    return new MockResponse.Builder().body(new Buffer().write(new byte[LARGE])).build();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void returnedWhileItDrained_keepsThem(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      List<Backend> all = backends(fleet);
      OkHttpClient client = watched(fleet, wire);
      fleet.answer(0, large());
      fleet.answer(0, "hello");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        fleet.balancer().pool().update(List.of());
        fleet.balancer().pool().update(all);
        assertThat(response.body().bytes()).hasSize(LARGE);
      }
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.taken(0);
      assertThat(fleet.taken(0).getConnectionIndex()).isZero();
      assertThat(sockets.open()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void closedBalancer_closesAll_afterTheLastCall(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inTurn(wire, 3)) {
      OkHttpClient client = watched(fleet, wire);
      for (int i = 0; i < 2; i++) {
        fleet.answer(i, "hello");
        assertThat(fleet.read(client, "/")).isEqualTo("hello");
      }
      fleet.answer(2, large());
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        fleet.balancer().close();
        assertThat(response.body().bytes()).hasSize(LARGE);
      }
      for (int i = 0; i < 3; i++) {
        sockets.awaitClosing();
      }
      assertThat(sockets.open()).isZero();
    }
  }

  @Test
  void webSocket_talksOn_untilItIsOver() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client = watched(fleet, Wire.HTTP);
      CountDownLatch opened = new CountDownLatch(1);
      CountDownLatch heard = new CountDownLatch(1);
      fleet.answer(
          0,
          new MockResponse.Builder()
              .webSocketUpgrade(new WebSocketListener() {})
              .build());
      WebSocket socket = client.newWebSocket(fleet.get("/"), new WebSocketListener() {
        @Override
        public void onOpen(WebSocket webSocket, Response response) {
          opened.countDown();
        }

        @Override
        public void onFailure(WebSocket webSocket, Throwable failure, Response response) {
          heard.countDown();
        }
      });
      assertThat(opened.await(10, TimeUnit.SECONDS)).isTrue();
      fleet.balancer().pool().update(List.of());
      assertThat(socket.send("still there")).isTrue();
      assertThat(sockets.open()).isEqualTo(1);
      assertThat(heard.getCount()).isEqualTo(1);
      socket.cancel();
      sockets.awaitClosing();
    }
  }

  @Test
  void goneMember_hasNoEndpointThatIsKept() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      Route route = new Route(fleet.balancer(), Set.of(Fleet.HOST), 1, null);
      Member member = fleet.balancer().pool().members().get(0);
      Endpoint before = route.endpoint(member);
      fleet.balancer().pool().update(List.of());
      Endpoint after = route.endpoint(member);
      assertThat(after).isNotSameAs(before);
      assertThat(route.endpoint(member)).as("one that is not kept").isNotSameAs(after);
      for (Endpoint endpoint : List.of(before, after)) {
        assertThat(endpoint.present(0).isShut()).isTrue();
      }
    }
  }

  @Test
  void closedEndpoint_takesNoFurtherSocket() {
    Endpoint endpoint = new Endpoint(Backend.of("127.0.0.1:8080"), Set.of("orders"), 2, null);
    Epoch first = endpoint.present(0);
    endpoint.close();
    endpoint.retire(first);
    for (Epoch epoch : List.of(first, endpoint.present(0), endpoint.present(1))) {
      BackendSocket socket = new BackendSocket(new java.net.Socket(), epoch);
      assertThatThrownBy(() -> endpoint.opened(socket)).isInstanceOf(SocketException.class);
      assertThat(socket.isClosed()).isTrue();
    }
  }

  @Test
  void interceptor_isNotKeptByItsBalancer() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      WeakReference<LoadBalancingInterceptor> dropped = new WeakReference<>(fleet.interceptor());
      for (int i = 0; i < 100 && dropped.get() != null; i++) {
        System.gc();
      }
      assertThat(dropped.get()).isNull();
      fleet.balancer().pool().update(List.of()); // of which it would hear
    }
  }

  @Test
  void inTurn_theOthersGoOn() throws Exception {
    try (RawServer one = RawServer.start(RawServer.ok("1"));
        RawServer two = RawServer.start(RawServer.ok("2"));
        Harness orders =
            new Harness(Strategy.roundRobin(), builder -> {}, one.backend(), two.backend())) {
      for (int i = 0; i < 20; i++) {
        orders
            .balancer
            .pool()
            .update(i % 2 == 0 ? List.of(two.backend()) : List.of(one.backend(), two.backend()));
        for (int call = 0; call < 2; call++) {
          assertThat(Harness.read(orders.post("/"))).isIn("1", "2");
        }
      }
      assertThat(two.connections()).isEqualTo(1);
      assertThat(orders.client.connectionPool().connectionCount()).isEqualTo(2);
    }
  }
}
