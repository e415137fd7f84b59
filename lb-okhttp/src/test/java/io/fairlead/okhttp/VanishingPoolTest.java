package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.NoBackendException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.BackendPool;
import io.fairlead.okhttp.FaultServer.Welcome;
import io.fairlead.okhttp.FaultsTest.Kind;
import io.fairlead.okhttp.FaultsTest.Seen;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool that shrinks to nothing, and grows back, while there are calls. */
class VanishingPoolTest {

  private static final int ROUNDS = 200;

  /** When all servers leave the pool. */
  enum Moment {
    BEFORE("before it"),
    ANSWERED("while it is under way, and is answered"),
    FAILED("while it is under way, and fails"),
    BACK("while it is under way, and fails, when they are back");

    private final String when;

    Moment(String when) {
      this.when = when;
    }

    String when() {
      return when;
    }
  }

  /** What comes of one call to two servers, of which the first empties the pool. */
  static Seen attempt(Moment moment, Wire wire, Kind kind) throws Exception {
    AtomicReference<Harness> harness = new AtomicReference<>();
    FaultServer good = FaultServer.good(wire);
    FaultServer first = FaultServer.start(
        wire,
        Harness.SERVER,
        Welcome.NONE,
        exchange -> {
          BackendPool pool = harness.get().balancer.pool();
          List<Backend> all =
              pool.members().stream().map(member -> member.backend()).toList();
          pool.update(List.of());
          if (moment == Moment.BACK) {
            pool.update(all);
          }
          if (moment == Moment.ANSWERED) {
            exchange.answer(200, Fault.BODY);
          } else {
            exchange.close();
          }
        },
        0);
    try (good;
        first;
        Harness orders = wire.harness(first.backend(), good.backend())) {
      harness.set(orders);
      if (moment == Moment.BEFORE) {
        orders.balancer.pool().update(List.of());
      }
      Seen seen = new Seen(FaultsTest.caller(kind.call(orders)), requests(List.of(first, good)));
      FaultsTest.assertNothingIsLeft(orders, List.of(first, good));
      orders.balancer.pool().update(List.of(good.backend()));
      assertThat(FaultsTest.caller(kind.call(orders))).isEqualTo("200");
      orders.assertNothingInFlight();
      return seen;
    }
  }

  private static List<Integer> requests(List<FaultServer> servers) {
    return servers.stream().map(FaultServer::requests).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "BEFORE, GET, NoBackend (none)",
    "ANSWERED, GET, 200 (first)",
    "ANSWERED, POST, 200 (first)",
    "FAILED, GET, fails: broken off (first)",
    "FAILED, POST, fails: broken off (first)",
    "BACK, GET, 200 (both)",
    "BACK, POST, fails: broken off (first)"
  })
  void allLeave(Moment moment, Kind kind, String seen) throws Exception {
    for (Wire wire : Wire.values()) {
      assertThat(attempt(moment, wire, kind).cell()).as("%s", wire).isEqualTo(seen);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "TLS_HTTP_2"})
  void againAndAgain_eachCallIsAnsweredOrToldThatNobodyIsThere(Wire wire) throws Exception {
    List<FaultServer> servers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      servers.add(FaultServer.good(wire));
    }
    List<Backend> all = servers.stream().map(FaultServer::backend).toList();
    try (LoadBalancer orders = LoadBalancer.builder("orders").backends(all).build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of(orders).install(wire.client().build());
      Request request = new Request.Builder().url(wire.scheme() + "://orders/").build();
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger answered = new AtomicInteger();
      Executable caller = () -> {
        while (!over.get()) {
          try (Response response = client.newCall(request).execute()) {
            assertThat(response.body().string()).isEqualTo(Fault.BODY);
            answered.incrementAndGet();
          } catch (NoBackendException e) {
            // as it should be
          }
        }
      };
      Executable emptier = () -> {
        try {
          for (int i = 0; i < ROUNDS; i++) {
            orders.pool().update(List.of());
            orders.pool().update(all);
            int before = answered.get();
            Eventually.holds("calls are answered", () -> answered.get() > before);
          }
        } finally {
          over.set(true);
        }
      };
      Concurrently.run(emptier, caller, caller, caller);
      Eventually.holds(
          "nothing is in flight",
          () -> orders.pool().members().stream().allMatch(member -> member.inFlight() == 0));
      Eventually.holds(
          "no connection is in use",
          () -> client.connectionPool().idleConnectionCount()
              == client.connectionPool().connectionCount());
      client.connectionPool().evictAll();
    } finally {
      for (FaultServer server : servers) {
        server.close();
      }
    }
  }
}
