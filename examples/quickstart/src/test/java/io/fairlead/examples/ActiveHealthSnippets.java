package io.fairlead.examples;

import io.fairlead.HealthCheck;
import io.fairlead.HealthCheck.State;
import io.fairlead.HealthProbe;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.okhttp.HttpHealthCheck;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executor;
import okhttp3.OkHttpClient;

/** The code of docs/guide/active-health.md, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class ActiveHealthSnippets {

  private ActiveHealthSnippets() {}

  interface Replicas {
    Duration lag(InetSocketAddress server, Duration timeout) throws IOException;
  }

  static void http(LoadBalancer orders) {
    OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());

    orders.check(HealthCheck.builder(HttpHealthCheck.get(client, "http://orders/health"))
        .interval(Duration.ofSeconds(5))
        .build());
  }

  static void answer(LoadBalancer orders, OkHttpClient client, String version) {
    HttpHealthCheck ready = HttpHealthCheck.get(client, "https://orders/ready")
        .header("X-Checked-By", "checkout")
        .answer(response -> response.code() == 200 && version.equals(response.header("X-Version")));

    orders.check(HealthCheck.builder(ready).build());
  }

  static void status(OkHttpClient client) {
    HttpHealthCheck login =
        HttpHealthCheck.get(client, "https://orders/v1/items").status(401);
  }

  static void tcp(LoadBalancer orders) {
    orders.check(HealthCheck.tcp());
  }

  static void own(LoadBalancer orders, Replicas replicas) {
    HealthProbe fresh = (member, timeout) -> {
      InetSocketAddress server =
          new InetSocketAddress(member.backend().host(), member.backend().port());
      Duration lag = replicas.lag(server, timeout);
      if (lag.toSeconds() > 30) {
        throw new IOException("is " + lag.toSeconds() + " s behind");
      }
    };

    orders.check(HealthCheck.builder(fresh).interval(Duration.ofSeconds(15)).build());
  }

  static void settings(LoadBalancer orders, HealthProbe probe) {
    orders.check(HealthCheck.builder(probe)
        .interval(Duration.ofSeconds(2))
        .jitter(0.3)
        .timeout(Duration.ofMillis(500))
        .fall(2)
        .rise(3)
        .build());
  }

  static void initially(LoadBalancer orders, HealthProbe probe) {
    orders.check(HealthCheck.builder(probe).initially(State.DOWN).build());
  }

  static void executor(Executor checks) {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080")
        .executor(checks)
        .build();
  }

  static void listener(LoadBalancer orders) {
    Cancellable heard = orders.addListener(new LoadBalancerListener() {
      @Override
      public void vetoed(Member member, Veto veto) {
        System.out.println(member + " is out: " + veto); // health check: answered 503 (…)
      }

      @Override
      public void lifted(Member member, Veto veto) {
        System.out.println(member + " is back");
      }
    });
  }
}
