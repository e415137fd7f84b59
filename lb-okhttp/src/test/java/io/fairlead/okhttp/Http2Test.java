package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import mockwebserver3.junit5.StartStop;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Over HTTP/2, calls to one backend share one connection, and a stream that fails does not keep a call there. */
class Http2Test {

  @StartStop
  private final MockWebServer one = new MockWebServer();

  @StartStop
  private final MockWebServer two = new MockWebServer();

  /** The body, once it is there. */
  static CompletableFuture<String> enqueue(Call call) {
    CompletableFuture<String> body = new CompletableFuture<>();
    call.enqueue(new Callback() {
      @Override
      public void onFailure(Call failed, IOException failure) {
        body.completeExceptionally(failure);
      }

      @Override
      public void onResponse(Call answered, Response response) {
        try (response) {
          body.complete(response.body().string());
        } catch (IOException e) {
          body.completeExceptionally(e);
        }
      }
    });
    return body;
  }

  @Test
  void concurrentCalls_shareOneConnectionPerBackend() throws Exception {
    try (Fleet fleet = Fleet.inTurn(Wire.HTTPS_2, 2)) {
      OkHttpClient client = fleet.client();
      for (int i = 0; i < 2; i++) {
        fleet.answer(i, "");
        fleet.read(client, "/");
      }
      CountDownLatch all = new CountDownLatch(20); // more than OkHttp's 5 per host
      for (int i = 0; i < 2; i++) {
        fleet.taken(i);
        fleet.server(i).setDispatcher(new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            all.countDown();
            assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
            return new MockResponse.Builder().body("hello").build();
          }
        });
      }
      List<CompletableFuture<String>> bodies = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        bodies.add(enqueue(client.newCall(fleet.get("/"))));
      }
      for (CompletableFuture<String> body : bodies) {
        assertThat(body.get(30, TimeUnit.SECONDS)).isEqualTo("hello");
      }
      for (int i = 0; i < 2; i++) {
        assertThat(fleet.server(i).getRequestCount()).isEqualTo(11);
        for (int j = 0; j < 10; j++) {
          assertThat(fleet.taken(i).getConnectionIndex()).isZero();
        }
      }
      assertThat(client.connectionPool().connectionCount()).isEqualTo(2);
      fleet.assertIdle();
    }
  }

  @Test
  void priorKnowledge_works() throws IOException {
    try (LoadBalancer orders = LoadBalancer.builder("orders")
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends(
            Backend.of(Fleet.address(one)).toBuilder().id("s0").build(),
            Backend.of(Fleet.address(two)).toBuilder().id("s1").build())
        .strategy(Fleet.IN_ORDER)
        .build()) {
      one.setProtocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE));
      two.setProtocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE));
      OkHttpClient plain = new OkHttpClient();
      LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of(orders);
      List<Protocol> protocols = List.of(Protocol.H2_PRIOR_KNOWLEDGE);
      List<OkHttpClient> clients = List.of(
          interceptor.install(plain.newBuilder().protocols(protocols).build()),
          interceptor.install(plain).newBuilder().protocols(protocols).build());
      Request request = new Request.Builder().url("http://orders/").build();
      for (OkHttpClient client : clients) {
        for (int i = 0; i < 3; i++) {
          one.enqueue(new MockResponse.Builder().body("one").build());
          try (Response response = client.newCall(request).execute()) {
            assertThat(response.protocol()).isEqualTo(Protocol.H2_PRIOR_KNOWLEDGE);
            assertThat(response.body().string()).isEqualTo("one");
          }
        }
        assertThat(client.connectionPool().connectionCount()).isEqualTo(1);
      }
      one.enqueue(Fleet.failure(Wire.HTTPS_2));
      two.enqueue(new MockResponse.Builder().body("two").build());
      assertThat(Fleet.read(clients.get(0), request)).isEqualTo("two");
    }
  }

  @Test
  void refusedStream_movesOn_aPostToo_andTheConnectionStays() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      OkHttpClient client = fleet.client();
      fleet.fail(0);
      fleet.answer(1, "two");
      fleet.answer(0, "one");
      assertThat(Fleet.read(client, fleet.post("/", "x"))).isEqualTo("two");
      assertThat(Fleet.read(client, fleet.post("/", "x"))).isEqualTo("one");
      assertThat(fleet.taken(1).getBody().utf8()).isEqualTo("x");
      assertThat(fleet.taken(0).getConnectionIndex()).isZero();
      assertThat(fleet.taken(0).getConnectionIndex()).isZero();
      fleet.assertIdle();
    }
  }

  @Test
  void resetStream_movesOn_ifTheRequestMayBeRepeated() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      fleet.answer(
          0,
          new MockResponse.Builder()
              .onResponseStart(new SocketEffect.CloseStream(2)) // INTERNAL_ERROR
              .build());
      fleet.answer(1, "two");
      assertThat(fleet.read(fleet.client(), "/")).isEqualTo("two");
      fleet.assertIdle();
    }
  }
}
