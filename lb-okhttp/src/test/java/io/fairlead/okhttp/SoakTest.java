package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import okhttp3.Call;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** While servers stop and start, the pool changes and calls are cancelled, the accounts stay right. */
class SoakTest {

  private static final int SERVERS = 3;

  private final Map<String, AtomicInteger> posts = new ConcurrentHashMap<>();
  private final AtomicReferenceArray<RawServer> servers = new AtomicReferenceArray<>(SERVERS);
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicInteger succeeded = new AtomicInteger();

  private void answer(RawServer.Exchange exchange) throws IOException {
    if (exchange.request.method().equals("POST")) {
      posts.computeIfAbsent(exchange.request.body(), id -> new AtomicInteger()).incrementAndGet();
    }
    switch (Math.floorMod(exchange.request.path().hashCode(), 17)) {
      case 0 -> exchange.reset();
      case 1 -> exchange.close();
      case 2 -> {
        exchange.write(RawServer.response("0123456789".repeat(1000)));
        exchange.close();
      }
      case 3 -> exchange.write(RawServer.lines("HTTP/1.1 503 No", "Content-Length: 0", ""));
      default -> exchange.write(RawServer.response("0123456789".repeat(1000)));
    }
  }

  private void call(Harness orders, Random random, String id) {
    String path = "/" + id;
    Call call = random.nextBoolean()
        ? orders.get(path)
        : orders.client.newCall(
            orders.request(path).post(RequestBody.create(id, Harness.TEXT)).build());
    if (random.nextInt(20) == 0) {
      call.cancel();
    }
    try (Response response = call.execute()) {
      if (random.nextInt(10) == 0) {
        call.cancel();
      } else if (random.nextInt(10) != 0) {
        response.body().string();
      }
      succeeded.incrementAndGet();
    } catch (IOException e) {
      // what is to be expected
    }
  }

  private void upset(Harness orders, int[] ports, Random random) throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    while (!over.get()) {
      int victim = random.nextInt(SERVERS);
      servers.get(victim).close();
      never.await(5, TimeUnit.MILLISECONDS);
      servers.set(victim, RawServer.startOn(ports[victim], this::answer));
      List<Backend> some = new ArrayList<>();
      for (int i = 0; i < SERVERS; i++) {
        if (random.nextInt(4) != 0) {
          some.add(servers.get(i).backend());
        }
      }
      orders.balancer.pool().update(some);
      orders.client.dispatcher().cancelAll();
      never.await(20, TimeUnit.MILLISECONDS);
    }
  }

  private void soak(Duration duration, long seed) throws Exception {
    int[] ports = new int[SERVERS];
    Backend[] backends = new Backend[SERVERS];
    for (int i = 0; i < SERVERS; i++) {
      servers.set(i, RawServer.start(this::answer));
      ports[i] = servers.get(i).port();
      backends[i] = servers.get(i).backend();
    }
    long end = System.nanoTime() + duration.toNanos();
    try (Harness orders = new Harness(
        Strategy.roundRobin(), builder -> builder.readTimeout(Duration.ofSeconds(5)), backends)) {
      AtomicInteger callers = new AtomicInteger(2);
      Concurrently.run(
          () -> calls(orders, end, seed, "a", callers),
          () -> calls(orders, end, seed + 1, "b", callers),
          () -> upset(orders, ports, new Random(seed + 2)));
      orders.assertNothingInFlight();
      assertThat(orders.events.released).isEqualTo(orders.events.leased);
      assertThat(posts.values()).as("seed %s", seed).allMatch(count -> count.get() == 1);
      assertThat(succeeded.get()).isGreaterThan(100);
      assertThat(orders.client.connectionPool().idleConnectionCount())
          .isEqualTo(orders.client.connectionPool().connectionCount());
      // Callers do no work for others, and nobody else was hired.
      assertThat(Thread.getAllStackTraces().keySet())
          .filteredOn(thread -> thread.getName().startsWith("fairlead"))
          .hasSizeLessThanOrEqualTo(1);
    } finally {
      for (int i = 0; i < SERVERS; i++) {
        servers.get(i).close();
      }
    }
  }

  private void calls(Harness orders, long end, long seed, String name, AtomicInteger callers) {
    try {
      Random random = new Random(seed);
      for (int i = 0; System.nanoTime() - end < 0; i++) {
        call(orders, random, name + i);
      }
    } finally {
      if (callers.decrementAndGet() == 0) {
        over.set(true);
      }
    }
  }

  @Test
  void aFewSeconds() throws Exception {
    soak(Duration.ofSeconds(5), 1);
  }

  @Test
  @Tag("soak")
  @Timeout(60)
  void longer() throws Exception {
    soak(Duration.ofSeconds(40), System.nanoTime());
  }
}
