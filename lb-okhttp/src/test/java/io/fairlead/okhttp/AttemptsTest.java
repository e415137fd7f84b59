package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** What a call tells of its attempts, and what is told to it by its options. */
class AttemptsTest {

  @Test
  void ofAResponse_andOfItsCall_areTheSame() throws Exception {
    Backend dead = Harness.refusing();
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(dead, server.backend())) {
      Call call = orders.get("/");
      try (Response response = call.execute()) {
        Attempts attempts = Attempts.of(response);
        assertThat(attempts).isSameAs(call.tag(Attempts.class));
        assertThat(attempts.all()).hasSize(2);
        Attempts.Attempt first = attempts.all().get(0);
        assertThat(first.backend()).isEqualTo(dead);
        assertThat(first.outcome()).isEqualTo(Outcome.connectFailure());
        assertThat(first.failure()).isInstanceOf(java.net.ConnectException.class);
        assertThat(first.elapsed()).isPositive();
        assertThat(attempts.last().backend()).isEqualTo(server.backend());
        assertThat(attempts.last().outcome()).isEqualTo(Outcome.success());
        assertThat(attempts.last().failure()).isNull();
        assertThat(attempts.last().elapsed()).isPositive();
        assertThat(attempts.toString()).contains(dead.toString());
      }
    }
  }

  @Test
  void whileTheServerThinks_hasNoOutcome() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    try (RawServer server = RawServer.start(RawServer.after(answer, RawServer.ok("hello")));
        Harness orders = Harness.of(server.backend())) {
      Call call = orders.get("/");
      Thread caller = new Thread(() -> {
        try {
          Harness.read(call);
        } catch (java.io.IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      });
      caller.start();
      server.awaitRequest();
      Attempts.Attempt attempt = call.tag(Attempts.class).last();
      assertThat(attempt.outcome()).isNull();
      assertThat(attempt.elapsed()).isNull();
      answer.countDown();
      caller.join();
      assertThat(call.tag(Attempts.class).last().outcome()).isEqualTo(Outcome.success());
    }
  }

  /** Who cancels records the outcome, and may not have come to reading the clock when the call has failed already. */
  @Test
  void cancelledByAnotherThread_isAbandonedAfterATime() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch recording = new CountDownLatch(1);
    CountDownLatch failed = new CountDownLatch(1);
    TimeSource system = TimeSource.system();
    Thread[] canceller = new Thread[1];
    TimeSource slow = (TimeSource) Proxy.newProxyInstance(
        TimeSource.class.getClassLoader(), new Class<?>[] {TimeSource.class}, (p, method, args) -> {
          if (Thread.currentThread() == canceller[0] && method.getName().equals("nanos")) {
            recording.countDown();
            failed.await();
          }
          return method.invoke(system, args);
        });
    try (RawServer server = RawServer.start(RawServer.after(never, RawServer.ok("hello")))) {
      LoadBalancer balancer = LoadBalancer.builder("orders")
          .strategy(Strategy.roundRobin())
          .chance(() -> 0)
          .time(slow)
          .backends(server.backend())
          .build();
      // The socket is closed before the cancellation is told of: the call might fail and record
      // that first.
      OkHttpClient base = new OkHttpClient.Builder()
          .addNetworkInterceptor(chain -> failAfter(recording, chain))
          .build();
      OkHttpClient client = LoadBalancingInterceptor.of(balancer).install(base);
      Call call = client.newCall(new Request.Builder().url("http://orders/").build());
      canceller[0] = new Thread(() -> {
        try {
          server.awaitRequest();
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
        call.cancel();
      });
      canceller[0].start();
      assertThatThrownBy(call::execute).isInstanceOf(IOException.class);
      Attempts.Attempt early = Attempts.of(call).last();
      never.countDown(); // or the server would wait for it as it closes
      failed.countDown();
      canceller[0].join();

      assertThat(early.outcome()).isEqualTo(Outcome.abandoned());
      assertThat(early.elapsed()).isPositive();
      assertThat(Attempts.of(call).last()).isEqualTo(early);
    }
  }

  private static Response failAfter(CountDownLatch latch, Interceptor.Chain chain)
      throws IOException {
    try {
      return chain.proceed(chain.request());
    } catch (IOException e) {
      try {
        latch.await();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
      throw e;
    }
  }

  @Test
  void beforeTheCall_thereAreNone() throws Exception {
    try (Harness orders = Harness.of()) {
      assertThat(orders.get("/").tag(Attempts.class)).isNull();
    }
  }

  @Test
  void twoCallsOfOneRequest_haveTheirOwn() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(server.backend())) {
      Request request =
          orders.request("/").tag(CallOptions.class, CallOptions.withKey("k")).build();
      Call one = orders.client.newCall(request);
      Call two = orders.client.newCall(request);
      Harness.read(one);
      Harness.read(two);
      assertThat(one.tag(Attempts.class)).isNotSameAs(two.tag(Attempts.class));
      assertThat(one.tag(Attempts.class).all()).hasSize(1);
    }
  }

  @Test
  void key_reachesTheStrategysChoice() throws Exception {
    List<Long> keys = new ArrayList<>();
    Strategy noting = Strategy.of(members -> choice -> {
      keys.add(choice.context().hasKey() ? choice.context().keyHash() : -1);
      return members.get(0);
    });
    try (RawServer server = RawServer.start(RawServer.ok("hello"))) {
      LoadBalancer balancer = LoadBalancer.builder("orders")
          .strategy(Strategy.roundRobin())
          .chance(() -> 0)
          .strategy(noting)
          .backends(server.backend())
          .build();
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(balancer)
          .key(request -> request.header("X-User"))
          .build()
          .install(new OkHttpClient());
      Request.Builder request = new Request.Builder().url("http://orders/");
      Harness.read(client.newCall(request.build()));
      Harness.read(client.newCall(request.header("X-User", "ann").build()));
      Harness.read(client.newCall(
          request.tag(CallOptions.class, CallOptions.withKey("bob")).build()));
      assertThat(keys)
          .containsExactly(
              -1L,
              RequestContext.withKey("ann").keyHash(),
              RequestContext.withKey("bob").keyHash());
    }
  }

  @Test
  void repeatablePost_movesOn() throws Exception {
    try (RawServer bad = RawServer.start(RawServer.closing(""));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(bad.backend(), good.backend())) {
      Call call = orders.client.newCall(orders
          .request("/")
          .post(RequestBody.create("posted", Harness.TEXT))
          .tag(CallOptions.class, CallOptions.of(RequestContext.empty()).repeatable(true))
          .build());
      assertThat(Harness.read(call)).isEqualTo("hello");
      assertThat(good.requests().get(0).body()).isEqualTo("posted");
    }
  }

  @Test
  void repeatablePost_thatCanBeWrittenOnce_doesNot() throws Exception {
    try (RawServer bad = RawServer.start(RawServer.closing(""));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(bad.backend(), good.backend())) {
      Call call = orders.client.newCall(orders
          .request("/")
          .post(Harness.oneShot())
          .tag(CallOptions.class, CallOptions.of(RequestContext.empty().repeatable()))
          .build());
      assertThatThrownBy(call::execute).isInstanceOf(AttemptsFailedException.class);
      assertThat(good.connections()).isZero();
    }
  }

  @Test
  void unrepeatableGet_doesNot() throws Exception {
    try (RawServer bad = RawServer.start(RawServer.closing(""));
        RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(bad.backend(), good.backend())) {
      Call call = orders.client.newCall(orders
          .request("/")
          .tag(CallOptions.class, CallOptions.withKey("k").repeatable(false))
          .build());
      assertThatThrownBy(call::execute).isInstanceOf(AttemptsFailedException.class);
      assertThat(bad.requests()).hasSize(1);
      assertThat(good.connections()).isZero();
    }
  }

  @Test
  void unrepeatableGet_thatWasNeverSent_movesOn() throws Exception {
    try (RawServer good = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(Harness.refusing(), good.backend())) {
      Call call = orders.client.newCall(orders
          .request("/")
          .tag(CallOptions.class, CallOptions.withKey("k").repeatable(false))
          .build());
      assertThat(Harness.read(call)).isEqualTo("hello");
    }
  }
}
