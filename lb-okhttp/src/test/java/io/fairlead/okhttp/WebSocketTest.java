package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A web socket goes to a backend like any call, and is in flight as long as it is open. */
class WebSocketTest {

  /** Says back what it hears, and closes when the other side does. */
  private static final class Echo extends WebSocketListener {
    @Override
    public void onMessage(WebSocket socket, String text) {
      socket.send(text);
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
      socket.close(code, reason);
    }
  }

  private static final class Client extends WebSocketListener {
    final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Response> opened = new CompletableFuture<>();
    final CompletableFuture<Integer> status = new CompletableFuture<>();

    @Override
    public void onOpen(WebSocket socket, Response response) {
      opened.complete(response);
    }

    @Override
    public void onMessage(WebSocket socket, String text) {
      messages.add(text);
    }

    @Override
    public void onFailure(WebSocket socket, Throwable failure, Response response) {
      opened.completeExceptionally(failure);
      if (response == null) {
        status.completeExceptionally(failure);
      } else {
        status.complete(response.code());
      }
    }
  }

  private static final class Releases implements LoadBalancerListener {
    final CountDownLatch released;

    Releases(int expected) {
      released = new CountDownLatch(expected);
    }

    @Override
    public void released(Member member) {
      released.countDown();
    }
  }

  private static MockResponse echo() {
    return new MockResponse.Builder().webSocketUpgrade(new Echo()).build();
  }

  private static Request request(Wire wire) {
    return new Request.Builder().url(wire.url(Fleet.HOST, "/socket")).build();
  }

  private static void assertInFlight(LoadBalancer orders, int expected) {
    assertThat(orders.pool().members().stream().mapToInt(Member::inFlight).sum())
        .isEqualTo(expected);
    assertThat(orders.pool().members()).allMatch(member -> member.outstanding() == 0);
  }

  @ParameterizedTest
  @EnumSource
  void socket_isInFlightUntilItIsClosed(Wire wire) throws Exception {
    Releases releases = new Releases(1);
    try (MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(server))
            .listener(releases)
            .build()) {
      server.enqueue(echo());
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      Client listener = new Client();
      WebSocket socket = client.newWebSocket(request(wire), listener);
      assertThat(listener.opened.get(30, TimeUnit.SECONDS).code()).isEqualTo(101);
      socket.send("hello");
      assertThat(listener.messages.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
      assertInFlight(orders, 1);
      socket.close(1000, "done");
      assertThat(releases.released.await(30, TimeUnit.SECONDS)).isTrue();
      assertInFlight(orders, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void socket_thatIsCancelled_isNotInFlight(Wire wire) throws Exception {
    Releases releases = new Releases(1);
    try (MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(server))
            .listener(releases)
            .build()) {
      server.enqueue(echo());
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      Client listener = new Client();
      WebSocket socket = client.newWebSocket(request(wire), listener);
      listener.opened.get(30, TimeUnit.SECONDS);
      socket.cancel();
      assertThat(releases.released.await(30, TimeUnit.SECONDS)).isTrue();
      assertInFlight(orders, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void deadBackend_isPassedOver(Wire wire) throws Exception {
    Releases releases = new Releases(2);
    try (DeadPort dead = new DeadPort();
        MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Backend.of(dead.address()), Backend.of(Fleet.address(server)))
            .strategy(Fleet.IN_ORDER)
            .listener(releases)
            .build()) {
      server.enqueue(echo());
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      Client listener = new Client();
      WebSocket socket = client.newWebSocket(request(wire), listener);
      listener.opened.get(30, TimeUnit.SECONDS);
      assertInFlight(orders, 1);
      socket.close(1000, "done");
      assertThat(releases.released.await(30, TimeUnit.SECONDS)).isTrue();
      assertInFlight(orders, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusedUpgrade_isNotInFlight(Wire wire) throws Exception {
    Releases releases = new Releases(1);
    try (MockWebServer server = wire.server(Fleet.HOST);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(server))
            .listener(releases)
            .build()) {
      server.enqueue(new MockResponse.Builder().code(503).body("not now").build());
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(wire.client());
      Client listener = new Client();
      client.newWebSocket(request(wire), listener);
      assertThat(listener.status.get(30, TimeUnit.SECONDS)).isEqualTo(503);
      assertThat(releases.released.await(30, TimeUnit.SECONDS)).isTrue();
      assertInFlight(orders, 0);
    }
  }

  /** The client's own client of a web socket speaks HTTP/1.1; calls beside it are not disturbed. */
  @ParameterizedTest
  @EnumSource
  void callsBesideASocket_work(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "before");
      fleet.answer(0, echo());
      fleet.answer(0, "after");
      assertThat(fleet.read(client, "/")).isEqualTo("before");
      Client listener = new Client();
      WebSocket socket = client.newWebSocket(request(wire), listener);
      assertThat(listener.opened.join().code()).isEqualTo(101);
      assertThat(fleet.read(client, "/")).isEqualTo("after");
      socket.cancel();
    }
  }
}
