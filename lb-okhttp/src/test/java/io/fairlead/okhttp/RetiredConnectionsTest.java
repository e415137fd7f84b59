package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Connections that are not to be used again are closed once nobody uses any of them. */
class RetiredConnectionsTest {

  private static RawServer.Answer inTwoParts(CountDownLatch latch) {
    return exchange -> {
      exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
      RawServer.after(latch, RawServer.bytes("other")).to(exchange);
    };
  }

  @Test
  void oneLost_theOtherIdleOnesAreClosed_andNoOtherMembers() throws Exception {
    RawServer.Answer ok = RawServer.ok("hello");
    try (RawServer losing = RawServer.start(ok, ok, ok, RawServer.closing(""), ok);
        RawServer other = RawServer.start(ok);
        Harness orders = Harness.of(losing.backend(), other.backend())) {
      List<Response> open = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        open.add(orders.get("/").execute());
      }
      for (Response response : open) {
        assertThat(response.body().string()).isEqualTo("hello");
      }
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(losing.connections()).isEqualTo(4);
      for (int i = 0; i < 3; i++) { // the lost one, and the two beside it
        losing.awaitClosing();
      }
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      assertThat(losing.connections()).isEqualTo(4);
      assertThat(orders.client.connectionPool().connectionCount()).isEqualTo(1);
      assertThat(other.connections()).isZero();
    }
  }

  @Test
  void oneLost_aBodyOnAnother_isReadToItsEnd() throws Exception {
    CountDownLatch latch = new CountDownLatch(1);
    RawServer.Answer ok = RawServer.ok("hello");
    try (RawServer server = RawServer.start(inTwoParts(latch), ok, RawServer.closing(""), ok);
        Harness orders = Harness.of(server.backend())) {
      try (Response response = orders.get("/").execute()) {
        assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
        assertThat(Harness.read(orders.get("/"))).isEqualTo("hello"); // the second time
        server.awaitClosing(); // that of the server
        assertThat(server.connections()).isEqualTo(3);
        latch.countDown();
        assertThat(response.body().string()).isEqualTo("firstother");
      }
      server.awaitClosing();
      assertThat(Harness.read(orders.post("/"))).isEqualTo("hello");
      assertThat(server.connections()).isEqualTo(3);
      orders.assertNothingInFlightNow();
    }
  }

  /** Whoever has entered an epoch finds its connections open until he leaves; after the last one they are closed. */
  @Test
  void epochs_areNotShutUnderWhoeverUsesThem_andAreInTheEnd() throws Exception {
    Endpoint endpoint = new Endpoint(Backend.of("127.0.0.1:8080"), Set.of("orders"), 1, null);
    ExecutorService executor = Executors.newCachedThreadPool();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger used = new AtomicInteger();
    List<Epoch> epochs = new ArrayList<>();
    try {
      List<Future<?>> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(executor.submit(() -> {
          BackendSocket socket = null;
          while (!over.get()) {
            Epoch epoch = endpoint.present(0);
            if (epoch.enter()) {
              if (socket == null || socket.epoch() != epoch) {
                socket = open(endpoint, epoch);
              }
              used.incrementAndGet();
              assertThat(epoch.isShut()).isFalse();
              assertThat(socket.isClosed()).isFalse();
              epoch.leave();
            }
          }
          return null;
        }));
      }
      for (int i = 0; i < 2_000; i++) {
        int before = used.get();
        Epoch epoch = endpoint.present(0);
        epochs.add(epoch);
        endpoint.retire(epoch);
        while (i % 16 == 0
            && used.get() == before
            && threads.stream().noneMatch(Future::isDone)) { // of a failure
          Thread.onSpinWait();
        }
      }
      over.set(true);
      for (Future<?> thread : threads) {
        thread.get();
      }
    } finally {
      over.set(true);
      executor.shutdown();
    }
    assertThat(epochs).allMatch(Epoch::isShut);
    assertThat(endpoint.present(0).isShut()).isFalse();
    endpoint.close();
    assertThat(endpoint.sockets()).isZero();
  }

  private static BackendSocket open(Endpoint endpoint, Epoch epoch) throws IOException {
    BackendSocket socket = new BackendSocket(new Socket(), epoch);
    endpoint.opened(socket);
    return socket;
  }

  @Test
  void closedSocket_isNotRemembered() throws IOException {
    Endpoint endpoint = new Endpoint(Backend.of("127.0.0.1:8080"), Set.of("orders"), 1, null);
    BackendSocket socket = open(endpoint, endpoint.present(0));
    assertThat(endpoint.sockets()).isEqualTo(1);
    socket.close();
    assertThat(endpoint.sockets()).isZero();
  }
}
