package io.fairlead.examples;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Live;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.okhttp.Attempts;
import io.fairlead.okhttp.CallOptions;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** The code of the README, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class Snippets {

  private Snippets() {}

  static void firstLines() throws IOException {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .build();

    OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());

    Request request = new Request.Builder().url("http://orders/v1/items").build();
    try (Response response = client.newCall(request).execute()) {
      System.out.println(response.code() + " " + Attempts.of(response));
    }
  }

  static void updates(LoadBalancer orders) {
    orders.pool().update("10.0.0.1:8080", "10.0.0.4:8080");

    orders
        .pool()
        .update(List.of(
            Backend.builder("10.0.0.1:8080").weight(3).zone("eu-1a").build(),
            Backend.builder("[2001:db8::7]:8443")
                .id("blue-7")
                .metadata("version", "42")
                .build()));
  }

  static void byHand(LoadBalancer orders) {
    MemberControl deploy = orders.pool().control(orders.pool().member("10.0.0.1:8080"), "deploy");
    deploy.veto(Veto.Kind.HARD, "version 43 is on its way", Duration.ofMinutes(10));
    deploy.lift();
  }

  static void strategies() {
    LoadBalancer search = LoadBalancer.builder("search")
        .backends("10.0.1.1:9200", "10.0.1.2:9200")
        .strategy(Strategy.consistentHash()) // requests with equal keys to the same server
        .build();

    Strategy first = Strategy.of(members -> choice -> {
      Live live = members.live();
      return live.size() == 0 ? null : live.member(0);
    });
  }

  static void options(RequestBody body, String userId) {
    Request pay = new Request.Builder()
        .url("http://orders/v1/payments")
        .post(body)
        .tag(CallOptions.class, CallOptions.withKey(userId).repeatable(true))
        .build();
  }

  static void withoutOkHttp(LoadBalancer orders) throws IOException {
    String item =
        orders.call(RequestContext.empty().repeatable(), attempt -> fetch(attempt.backend()));

    try (Lease lease = orders.acquire()) {
      fetch(lease.backend());
      lease.record(Outcome.success()); // or another one
    } // gives the place in flight back, exactly once
  }

  private static String fetch(Backend backend) throws IOException {
    throw new IOException("not sent to " + backend);
  }
}
