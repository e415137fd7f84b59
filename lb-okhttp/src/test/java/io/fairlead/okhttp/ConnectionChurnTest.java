package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that are closed while others are in use: not one request notices, a POST that may not be sent again neither. */
class ConnectionChurnTest {

  private static final int SERVERS = 3;
  private static final int THREADS = 4;
  private static final int CALLS = 60; // of each thread

  private final FakeClock clock = new FakeClock();
  private final WatchedSockets sockets = new WatchedSockets();
  private final AtomicInteger running = new AtomicInteger(THREADS);

  @ParameterizedTest
  @EnumSource(Wire.class)
  void membersComeAndGo_connectionsGrowOld_andNoRequestIsCut(Wire wire) throws Exception {
    long seed = System.nanoTime();
    ExecutorService executor = Executors.newCachedThreadPool();
    try (Fleet fleet = Fleet.inOrder(
        wire, SERVERS, builder -> builder.time(clock).strategy(Strategy.roundRobin()))) {
      for (int i = 0; i < SERVERS; i++) {
        fleet.server(i).setDispatcher(new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return new MockResponse.Builder().body("hello".repeat(4_000)).build();
          }
        });
      }
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(fleet.balancer())
          .maxConnectionAge(Duration.ofSeconds(1))
          .connectionsPerBackend(2)
          .build()
          .install(wire.client().newBuilder().socketFactory(sockets).build());
      List<Future<?>> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        threads.add(executor.submit(() -> post(fleet, client)));
      }
      churn(fleet, new Random(seed));
      for (Future<?> thread : threads) {
        thread.get();
      }
      fleet.assertIdle();
      fleet.balancer().close();
      while (sockets.open() > 0) {
        sockets.awaitClosing();
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    } finally {
      executor.shutdown();
    }
  }

  private Void post(Fleet fleet, OkHttpClient client) throws Exception {
    try {
      for (int call = 0; call < CALLS; call++) {
        try (Response response = client.newCall(fleet.post("/", "posted")).execute()) {
          assertThat(response.body().string()).hasSize(20_000);
        }
      }
      return null;
    } finally {
      running.decrementAndGet();
    }
  }

  private void churn(Fleet fleet, Random random) {
    List<Backend> all = new ArrayList<>(
        fleet.balancer().pool().members().stream().map(Member::backend).toList());
    while (running.get() > 0) {
      Collections.shuffle(all, random);
      fleet.balancer().pool().update(List.copyOf(all.subList(0, 1 + random.nextInt(SERVERS))));
      clock.advance(Duration.ofMillis(random.nextInt(400)));
      for (int i = random.nextInt(100_000); i > 0; i--) {
        Thread.onSpinWait();
      }
    }
  }
}
