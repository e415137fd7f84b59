package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancerClosedException;
import io.fairlead.NoBackendException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Where there is nobody to send to, the exception says so. */
class GivingUpTest {

  @Test
  void emptyPool_isNoBackend() throws Exception {
    try (Harness orders = Harness.of()) {
      Call call = orders.get("/");
      assertThatThrownBy(call::execute)
          .isInstanceOf(NoBackendException.class)
          .hasMessageContaining("orders")
          .hasMessageContaining("0 backends");
      assertThat(call.tag(Attempts.class).all()).isEmpty();
      assertThat(orders.events.rejections).hasSize(1);
    }
  }

  @Test
  void emptyPool_thenFilled_works() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of()) {
      assertThatThrownBy(() -> orders.get("/").execute()).isInstanceOf(NoBackendException.class);
      orders.balancer.pool().update(List.of(server.backend()));
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
    }
  }

  @Test
  void closed_isRefused() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(server.backend())) {
      assertThat(Harness.read(orders.get("/"))).isEqualTo("hello");
      orders.balancer.close();
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(LoadBalancerClosedException.class)
          .hasMessageContaining("orders");
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void closedWhileTheServerThinks_finishes() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    try (RawServer server = RawServer.start(RawServer.after(answer, RawServer.ok("hello")));
        Harness orders = Harness.of(server.backend())) {
      AtomicReference<String> came = new AtomicReference<>();
      Thread caller = new Thread(() -> {
        try {
          came.set(Harness.read(orders.get("/")));
        } catch (Exception e) {
          came.set(e.toString());
        }
      });
      caller.start();
      server.awaitRequest();
      orders.balancer.close();
      orders.assertInFlight(1, 1);
      answer.countDown();
      caller.join();
      assertThat(came).hasValue("hello");
      orders.assertNothingInFlight();
    }
  }

  @Test
  void closedWhileAnAttemptFails_stillMovesOn() throws Exception {
    CountDownLatch die = new CountDownLatch(1);
    try (RawServer bad = RawServer.start(RawServer.after(die, RawServer.closing("")));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(bad.backend(), good.backend())) {
      AtomicReference<String> came = new AtomicReference<>();
      Thread caller = new Thread(() -> {
        try {
          came.set(Harness.read(orders.get("/")));
        } catch (Exception e) {
          came.set(e.toString());
        }
      });
      caller.start();
      bad.awaitRequest();
      orders.balancer.close();
      die.countDown();
      caller.join();
      assertThat(came).hasValue("hello");
      orders.assertNothingInFlight();
    }
  }

  @Test
  void closedWithTheBodyOpen_readsOn() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("0123456789".repeat(100_000)));
        Harness orders = Harness.of(server.backend())) {
      Response response = orders.get("/").execute();
      orders.balancer.close();
      assertThat(response.body().string()).hasSize(1_000_000);
      orders.assertNothingInFlightNow();
    }
  }

  @Test
  void backendThatLeavesWhileItFails_isNotNeededForTheNext() throws Exception {
    CountDownLatch die = new CountDownLatch(1);
    try (RawServer bad = RawServer.start(RawServer.after(die, RawServer.closing("")));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(bad.backend())) {
      AtomicReference<String> came = new AtomicReference<>();
      Thread caller = new Thread(() -> {
        try {
          came.set(Harness.read(orders.get("/")));
        } catch (Exception e) {
          came.set(e.toString());
        }
      });
      caller.start();
      bad.awaitRequest();
      orders.balancer.pool().update(List.of(good.backend()));
      die.countDown();
      caller.join();
      assertThat(came).hasValue("hello");
      orders.assertNothingInFlight();
    }
  }

  @Test
  void poolOfOneDead_namesIt() throws Exception {
    try (Harness orders = Harness.of(Harness.refusing())) {
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(AttemptsFailedException.class)
          .hasCauseInstanceOf(java.net.ConnectException.class)
          .satisfies(e -> assertThat(e.getSuppressed())
              .hasSize(2)
              .allMatch(java.net.ConnectException.class::isInstance));
    }
  }

  @Test
  void otherHosts_areLeftAlone() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of()) {
      Call call = orders.client.newCall(new okhttp3.Request.Builder()
          .url("http://127.0.0.1:" + server.port() + "/")
          .build());
      try (Response response = call.execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(Attempts.of(response)).isNull();
      }
      assertThat(call.tag(Attempts.class)).isNull();
    }
  }
}
