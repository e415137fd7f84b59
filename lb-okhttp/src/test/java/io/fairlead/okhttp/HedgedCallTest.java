package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.LoadBalancer;
import io.fairlead.okhttp.Harness.Happenings;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import io.fairlead.retry.Hedging;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two attempts of one call under way at once, over sockets: the first server answers when it may, the second when it was asked. */
class HedgedCallTest {

  private final CountDownLatch secondAsked = new CountDownLatch(1);
  private final CountDownLatch firstMay = new CountDownLatch(1);
  private final CountDownLatch secondMay = new CountDownLatch(1);
  private final Happenings events = new Happenings();
  private MockWebServer first;
  private MockWebServer second;
  private LoadBalancer balancer;

  @BeforeEach
  void noServersYet() {
    first = new MockWebServer();
    second = new MockWebServer();
  }

  private OkHttpClient start(Wire wire) throws IOException {
    first.setDispatcher(answering("first", firstMay));
    second.setDispatcher(answering("second", secondMay));
    for (MockWebServer server : List.of(first, second)) {
      wire.prepare(server);
      server.start();
    }
    balancer = LoadBalancer.builder("orders")
        .backends(List.of(Harness.backend(first), Harness.backend(second)))
        .strategy(Harness.IN_ORDER)
        .hedging(Hedging.after(Duration.ofMillis(1)).budget(1))
        .listener(events)
        .build();
    return LoadBalancingInterceptor.of(balancer)
        .install(Harness.trusting().protocols(wire.protocols()).build());
  }

  private Dispatcher answering(String text, CountDownLatch may) {
    return new Dispatcher() {
      @Override
      public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
        if (may == secondMay) {
          secondAsked.countDown();
        }
        assertThat(may.await(30, TimeUnit.SECONDS)).isTrue();
        return new MockResponse.Builder().body(text).build();
      }
    };
  }

  private static Call call(OkHttpClient client, Wire wire) {
    return client.newCall(new Request.Builder()
        .url(wire.isTls() ? "https://orders/" : "http://orders/")
        .build());
  }

  @AfterEach
  void nothingIsLeaked() throws Exception {
    firstMay.countDown();
    secondMay.countDown();
    events.await("all to be released", () -> events.released == events.leased);
    assertThat(events.leased).isEqualTo(2);
    assertThat(events.answered).isEqualTo(2);
    balancer.close();
    first.close();
    second.close();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void hedgeWins(Wire wire) throws Exception {
    OkHttpClient client = start(wire);
    secondMay.countDown();

    try (Response response = call(client, wire).execute()) {
      assertThat(response.body().string()).isEqualTo("second");
      assertThat(Attempts.of(response).last().backend()).isEqualTo(Harness.backend(second));
    }
    assertThat(events.outcomes).containsExactlyInAnyOrder(Outcome.abandoned(), Outcome.success());
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void firstWins_itIsTheOneThatBroughtTheResponse(Wire wire) throws Exception {
    OkHttpClient client = start(wire);
    Thread answers = new Thread(() -> {
      try {
        secondAsked.await();
      } catch (InterruptedException e) {
        return;
      }
      firstMay.countDown();
    });
    answers.setDaemon(true);
    answers.start();

    try (Response response = call(client, wire).execute()) {
      assertThat(response.body().string()).isEqualTo("first");
      assertThat(Attempts.of(response).all()).hasSize(2);
      assertThat(Attempts.of(response).last().backend()).isEqualTo(Harness.backend(first));
      assertThat(Attempts.of(response).last().outcome()).isEqualTo(Outcome.success());
    }
  }

  /** What is told late may find a listener that throws, as what is told at once: no response then, and none left open. */
  @ParameterizedTest
  @EnumSource(Wire.class)
  void hedgeWins_listenerThrows_theResponseIsClosed(Wire wire) throws Exception {
    OkHttpClient client = start(wire)
        .newBuilder()
        .eventListener(new EventListener() {
          @Override
          public void responseHeadersEnd(Call call, Response response) {
            throw new IllegalStateException("bug");
          }
        })
        .build();
    secondMay.countDown();

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> call(client, wire).execute())
        .havingRootCause()
        .withMessage("bug");
    // or else it would be for the garbage collector to find
    assertThat(events.leaked).isZero();
  }
}
