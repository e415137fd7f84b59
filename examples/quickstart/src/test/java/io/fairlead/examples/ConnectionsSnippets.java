package io.fairlead.examples;

import io.fairlead.HealthCheck;
import io.fairlead.HealthCheck.State;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.HttpHealthCheck;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;

/** The code of the guide that is about connections. */
final class ConnectionsSnippets {

  private ConnectionsSnippets() {}

  static OkHttpClient installed(LoadBalancer orders) {
    OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
    return client;
  }

  static OkHttpClient ownPool(LoadBalancer orders) {
    OkHttpClient client = LoadBalancingInterceptor.builder()
        .balancer(orders)
        .keepConnectionPool()
        .build()
        .install(new OkHttpClient.Builder()
            .connectionPool(new ConnectionPool(200, 30, TimeUnit.SECONDS))
            .build());
    return client;
  }

  static void leave(LoadBalancer orders) {
    orders.pool().update(List.of(Backend.of("10.0.0.1:8080"), Backend.of("10.0.0.2:8080")));
  }

  static OkHttpClient age(LoadBalancer orders) {
    OkHttpClient client = LoadBalancingInterceptor.builder()
        .balancer(orders)
        .maxConnectionAge(Duration.ofMinutes(5))
        .build()
        .install(new OkHttpClient());
    return client;
  }

  static OkHttpClient several(LoadBalancer orders) {
    OkHttpClient client = LoadBalancingInterceptor.builder()
        .balancer(orders)
        .connectionsPerBackend(4)
        .build()
        .install(new OkHttpClient());
    return client;
  }

  static void warm(LoadBalancer orders, OkHttpClient client) {
    orders.check(
        HealthCheck.builder(HttpHealthCheck.get(client, "https://orders/health").warmUp(4))
            .initially(State.DOWN)
            .build());
  }

  static int count(OkHttpClient client) {
    int open = client.connectionPool().connectionCount();
    int idle = client.connectionPool().idleConnectionCount();
    return open - idle;
  }
}
