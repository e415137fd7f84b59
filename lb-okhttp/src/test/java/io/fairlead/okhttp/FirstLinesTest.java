package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.junit5.StartStop;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** The first lines of the README. */
class FirstLinesTest {

  @StartStop
  private final MockWebServer one = new MockWebServer();

  @StartStop
  private final MockWebServer two = new MockWebServer();

  @StartStop
  private final MockWebServer three = new MockWebServer();

  private LoadBalancer orders() {
    return LoadBalancer.builder("orders")
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends(backend(one), backend(two), backend(three))
        .build();
  }

  static Backend backend(MockWebServer server) {
    return Backend.of("127.0.0.1", server.getPort());
  }

  @Test
  void calls_goToAllInTurn_overOneConnectionEach() throws IOException {
    for (MockWebServer server : List.of(one, two, three)) {
      for (int i = 0; i < 10; i++) {
        server.enqueue(new MockResponse.Builder().body("hello").build());
      }
    }
    LoadBalancer orders = orders();
    OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
    for (int i = 0; i < 30; i++) {
      try (Response response = client
          .newCall(new Request.Builder().url("http://orders/v1/items").build())
          .execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(response.request().url()).isEqualTo(HttpUrl.get("http://orders/v1/items"));
        assertThat(Attempts.of(response)).isNotNull();
      }
    }
    for (MockWebServer server : List.of(one, two, three)) {
      assertThat(server.getRequestCount()).isEqualTo(10);
    }
    assertThat(client.connectionPool().connectionCount()).isEqualTo(3);
    assertThat(orders.pool().members())
        .allMatch(member -> member.inFlight() == 0 && member.outstanding() == 0);
    System.out.println(orders);
  }

  @Test
  void deadServer_losesNoRequest() throws IOException {
    for (MockWebServer server : List.of(one, two, three)) {
      for (int i = 0; i < 30; i++) {
        server.enqueue(new MockResponse.Builder().body("hello").build());
      }
    }
    LoadBalancer orders = orders();
    OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
    for (int i = 0; i < 30; i++) {
      if (i == 10) {
        two.close();
      }
      Request request = new Request.Builder()
          .url("http://orders/v1/items")
          .method(
              i % 2 == 0 ? "GET" : "POST",
              i % 2 == 0 ? null : RequestBody.create("x", MediaType.get("text/plain")))
          .build();
      try (Response response = client.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
      }
    }
    System.out.println(orders);
    assertThat(orders.pool().members())
        .allMatch(member -> member.inFlight() == 0 && member.outstanding() == 0);
  }
}
