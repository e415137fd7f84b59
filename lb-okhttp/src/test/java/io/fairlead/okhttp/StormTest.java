package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.testing.Concurrently;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All servers have too much to do and say so: retries do not make it much more. */
class StormTest {

  private static final int CALLERS = 10;
  private static final int CALLS = 400; // of each

  // Of the budget, by default.
  private static final double SHARE = 0.2;
  private static final double FLOOR_PER_SECOND = 10;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "TLS_HTTP_2"})
  void allAnswer503_retriesStayWithinTheBudget(Wire wire) throws Exception {
    List<FaultServer> servers = new ArrayList<>();
    try {
      List<Backend> backends = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        servers.add(FaultServer.start(
            wire,
            Harness.SERVER,
            FaultServer.Welcome.NONE,
            exchange -> exchange.answer(503, Fault.BODY),
            0));
        backends.add(servers.get(i).backend());
      }
      try (LoadBalancer orders =
          LoadBalancer.builder("orders").backends(backends).build()) {
        OkHttpClient client =
            LoadBalancingInterceptor.of(orders).install(wire.client().build());
        Request request =
            new Request.Builder().url(wire.scheme() + "://orders/").build();
        AtomicInteger refusals = new AtomicInteger();
        Executable caller = () -> {
          for (int i = 0; i < CALLS; i++) {
            try (Response response = client.newCall(request).execute()) {
              refusals.addAndGet(response.code() == 503 ? 1 : 0);
              response.body().string();
            }
          }
        };
        long start = orders.clock().nanos();
        Concurrently.run(Collections.nCopies(CALLERS, caller).toArray(new Executable[0]));
        Duration took = Duration.ofNanos(orders.clock().nanos() - start);

        int calls = CALLERS * CALLS;
        int requests = servers.stream().mapToInt(FaultServer::requests).sum();
        long windows = took.dividedBy(WINDOW) + 1;
        double budget = SHARE * calls + windows * FLOOR_PER_SECOND * WINDOW.toSeconds();
        assertThat(refusals).hasValue(calls);
        assertThat(requests - calls)
            .as("retries of %s calls in %s", calls, took)
            .isPositive() // or nothing was shown
            .isLessThanOrEqualTo((int) budget);
        client.connectionPool().evictAll();
      }
    } finally {
      for (FaultServer server : servers) {
        server.close();
      }
    }
  }
}
