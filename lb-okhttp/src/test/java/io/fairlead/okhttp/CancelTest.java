package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A call that is cancelled, or whose time runs out, gives its place back and goes nowhere else. */
class CancelTest {

  private static final String LONG = "0123456789".repeat(200_000);

  @Test
  void cancelledBefore_isAbandoned() throws Exception {
    try (RawServer server = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.of(server.backend())) {
      Call call = orders.get("/");
      call.cancel();
      assertThatThrownBy(call::execute).isInstanceOf(IOException.class).hasMessage("Canceled");
      orders.assertNothingInFlightNow();
      assertThat(server.requests()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void cancelledWhileTheServerThinks_isAbandoned_andGoesNowhereElse(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        MockWebServer other = wire.start();
        Harness orders = wire.harness(Harness.backend(server), Harness.backend(other))) {
      server.enqueue(new MockResponse.Builder()
          .onResponseStart(SocketEffect.Stall.INSTANCE)
          .build());
      Call call = orders.get("/");
      Outcomes outcomes = new Outcomes();
      call.enqueue(outcomes);
      server.takeRequest();
      orders.assertInFlight(1, 1);
      call.cancel();
      assertThat(outcomes.failure()).isInstanceOf(IOException.class);
      orders.assertNothingInFlight();
      assertThat(orders.events.outcomes).containsExactly(Outcome.abandoned());
      assertThat(other.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void cancelledWithTheBodyOpen_andUntouched_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      // It stalls half-way: over HTTP/2 all of it might have come before the cancel.
      server.enqueue(new MockResponse.Builder()
          .body(LONG)
          .onResponseBody(SocketEffect.Stall.INSTANCE)
          .build());
      Call call = orders.get("/");
      Response response = call.execute();
      orders.assertInFlight(1, 0);
      call.cancel();
      orders.assertNothingInFlightNow();
      assertThat(orders.events.outcomes).containsExactly(Outcome.success());
      assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void callTimeoutWhileTheServerThinks_isAbandoned(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        MockWebServer other = wire.start();
        Harness orders = wire.harness(
            builder -> builder.callTimeout(Duration.ofMillis(300)),
            Harness.backend(server),
            Harness.backend(other))) {
      server.enqueue(new MockResponse.Builder()
          .onResponseStart(SocketEffect.Stall.INSTANCE)
          .build());
      assertThatThrownBy(() -> orders.get("/").execute())
          .isExactlyInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
      orders.assertNothingInFlight();
      assertThat(orders.events.outcomes).containsExactly(Outcome.abandoned());
      assertThat(other.getRequestCount()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void callTimeoutWithTheBodyOpen_andUntouched_releases(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder().body("connected").build());
      server.enqueue(new MockResponse.Builder()
          .body(LONG)
          .onResponseBody(SocketEffect.Stall.INSTANCE)
          .build());
      Harness.read(orders.get("/")); // so that the time is that of the request alone
      Call call = orders.get("/");
      call.timeout().timeout(700, TimeUnit.MILLISECONDS);
      Response response = call.execute();
      orders.assertNothingInFlight();
      assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void callTimeout_spansAttempts_evenThoseThatAreCallsOfTheirOwn() throws Exception {
    Wire wire = Wire.TLS_HTTP_2;
    try (MockWebServer refuses = wire.start();
        MockWebServer stalls = wire.start();
        Harness orders = wire.harness(
            builder -> builder.callTimeout(Duration.ofMillis(1500)),
            Harness.backend(refuses),
            Harness.backend(stalls))) {
      refuses.enqueue(new MockResponse.Builder()
          .onRequestStart(new SocketEffect.CloseStream(7))
          .build());
      stalls.enqueue(new MockResponse.Builder()
          .onResponseStart(SocketEffect.Stall.INSTANCE)
          .build());
      assertThatThrownBy(() -> orders.get("/").execute())
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
      assertThat(stalls.getRequestCount()).isEqualTo(1);
      orders.assertNothingInFlight();
    }
  }

  @Test
  void callTimeout_andCancel_holdForTheBodyOfAnAttemptThatIsACallOfItsOwn() throws Exception {
    Wire wire = Wire.TLS_HTTP_2;
    try (MockWebServer refuses = wire.start();
        MockWebServer stalls = wire.start();
        Harness orders = wire.harness(
            builder -> builder.callTimeout(Duration.ofSeconds(2)),
            Harness.backend(refuses),
            Harness.backend(stalls))) {
      for (int i = 0; i < 2; i++) {
        refuses.enqueue(new MockResponse.Builder()
            .onRequestStart(new SocketEffect.CloseStream(2))
            .build());
        stalls.enqueue(new MockResponse.Builder()
            .body(LONG)
            .onResponseBody(SocketEffect.Stall.INSTANCE)
            .build());
      }
      Response timedOut = orders.get("/").execute();
      assertThat(Attempts.of(timedOut).all()).hasSize(2);
      orders.assertInFlight(1, 0);
      orders.assertNothingInFlight();
      assertThatThrownBy(() -> timedOut.body().string()).isInstanceOf(IOException.class);

      Call call = orders.get("/");
      Response cancelled = call.execute();
      orders.assertInFlight(1, 0);
      call.cancel();
      orders.assertNothingInFlightNow();
      assertThatThrownBy(() -> cancelled.body().string()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void cancelledBetweenAttempts_goesNowhereElse() throws Exception {
    try (RawServer other = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.eventListener(new okhttp3.EventListener() {
              @Override
              public void connectFailed(
                  Call call,
                  java.net.InetSocketAddress address,
                  java.net.Proxy proxy,
                  okhttp3.Protocol protocol,
                  IOException failure) {
                call.cancel();
              }
            }),
            Harness.refusing(),
            other.backend())) {
      assertThatThrownBy(() -> orders.get("/").execute()).isInstanceOf(IOException.class);
      orders.assertNothingInFlightNow();
      assertThat(other.connections()).isZero();
      assertThat(orders.events.leased).isEqualTo(1);
    }
  }

  @Test
  void cancelAll_endsEverything() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      for (int i = 0; i < 4; i++) {
        server.enqueue(new MockResponse.Builder()
            .onResponseStart(SocketEffect.Stall.INSTANCE)
            .build());
      }
      Outcomes[] outcomes = new Outcomes[4];
      for (int i = 0; i < 4; i++) {
        outcomes[i] = new Outcomes();
        orders.get("/").enqueue(outcomes[i]);
      }
      for (int i = 0; i < 4; i++) {
        server.takeRequest();
      }
      orders.assertInFlight(4, 4);
      orders.client.dispatcher().cancelAll();
      for (Outcomes one : outcomes) {
        assertThat(one.failure()).isInstanceOf(IOException.class);
      }
      orders.assertNothingInFlight();
      assertThat(orders.outcomes(0)).isEqualTo("ABANDONED 4");
    }
  }

  @Test
  void derivedClient_withAnotherTimeout_usesIt() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder()
          .onResponseStart(SocketEffect.Stall.INSTANCE)
          .build());
      Call call = orders
          .client
          .newBuilder()
          .callTimeout(Duration.ofMillis(200))
          .build()
          .newCall(orders.request("/").build());
      assertThatThrownBy(call::execute).isExactlyInstanceOf(InterruptedIOException.class);
      orders.assertNothingInFlight();
    }
  }

  /** What became of a call that was enqueued. */
  private static final class Outcomes implements Callback {
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicReference<IOException> failure = new AtomicReference<>();

    @Override
    public void onFailure(Call call, IOException e) {
      failure.set(e);
      done.countDown();
    }

    @Override
    public void onResponse(Call call, Response response) {
      response.close();
      done.countDown();
    }

    IOException failure() throws InterruptedException {
      done.await();
      return failure.get();
    }
  }
}
