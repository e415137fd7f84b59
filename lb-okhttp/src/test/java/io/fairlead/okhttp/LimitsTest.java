package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.OverloadedException;
import io.fairlead.RateLimitedException;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import okhttp3.Cache;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rate limits, concurrency limits and ejection, as calls meet them. */
class LimitsTest {

  @TempDir
  private Path folder;

  /** One that gives no token back for as long as a test may take. */
  private static TokenBucket tokens(long count) {
    return TokenBucket.of(RateLimit.of(1, Duration.ofDays(1)).burst(count));
  }

  private static CompletableFuture<Response> enqueue(Call call) {
    CompletableFuture<Response> answer = new CompletableFuture<>();
    call.enqueue(new Callback() {
      @Override
      public void onFailure(Call call, IOException e) {
        answer.completeExceptionally(e);
      }

      @Override
      public void onResponse(Call call, Response response) {
        answer.complete(response);
      }
    });
    return answer;
  }

  @ParameterizedTest
  @EnumSource
  void aCallOverTheRate_neverReachesTheNetwork(Wire wire) throws Exception {
    TokenBucket bucket = tokens(1);
    try (Fleet fleet = Fleet.inOrder(wire, 2, builder -> builder.rateLimit(bucket))) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "first");
      assertThat(fleet.read(client, "/")).isEqualTo("first");

      assertThatThrownBy(() -> fleet.read(client, "/"))
          .isInstanceOfSatisfying(
              RateLimitedException.class,
              e -> assertThat(e.retryAfter()).isBetween(Duration.ofHours(23), Duration.ofDays(1)));
      assertThatThrownBy(() -> enqueue(client.newCall(fleet.get("/"))).get(10, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(RateLimitedException.class);

      assertThat(fleet.server(0).getRequestCount()).isEqualTo(1);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachKeyHasItsRate(Wire wire) throws Exception {
    KeyedTokenBucket<String> users = KeyedTokenBucket.<String>builder()
        .limit(RateLimit.of(1, Duration.ofDays(1)))
        .build();
    try (Fleet fleet =
        Fleet.inOrder(wire, 1, builder -> builder.rateLimitPer(RequestContext::key, users))) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "for ann");
      fleet.answer(0, "for bob");
      fleet.answer(0, "for anyone");

      assertThat(Fleet.read(client, keyed(fleet, "ann"))).isEqualTo("for ann");
      assertThat(Fleet.read(client, keyed(fleet, "bob"))).isEqualTo("for bob");
      assertThat(fleet.read(client, "/")).isEqualTo("for anyone");
      assertThatThrownBy(() -> Fleet.read(client, keyed(fleet, "ann")))
          .isInstanceOf(RateLimitedException.class);
    }
  }

  private static Request keyed(Fleet fleet, String key) {
    return fleet
        .get("/")
        .newBuilder()
        .tag(CallOptions.class, CallOptions.withKey(key))
        .build();
  }

  @ParameterizedTest
  @EnumSource
  void aCallTakesOneToken_howeverManyAttemptsItNeeds(Wire wire) throws Exception {
    TokenBucket bucket = tokens(10);
    try (Fleet fleet = Fleet.inOrder(wire, 2, builder -> builder.rateLimit(bucket))) {
      fleet.fail(0);
      fleet.answer(1, "second");

      assertThat(fleet.read(fleet.client(), "/")).isEqualTo("second");

      assertThat(bucket.available()).isEqualTo(9);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anAnswerFromTheCache_costsNoToken(Wire wire) throws Exception {
    TokenBucket bucket = tokens(10);
    try (Fleet fleet = Fleet.inOrder(wire, 1, builder -> builder.rateLimit(bucket));
        Cache cache = new Cache(folder.toFile(), 1 << 20)) {
      OkHttpClient client =
          fleet.interceptor().install(wire.client().newBuilder().cache(cache).build());
      fleet.answer(
          0,
          new MockResponse.Builder()
              .addHeader("Cache-Control", "max-age=3600")
              .body("kept")
              .build());

      for (int i = 0; i < 3; i++) {
        assertThat(fleet.read(client, "/")).isEqualTo("kept");
      }

      assertThat(bucket.available()).isEqualTo(9);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallIsInFlight_untilItsBodyIsRead(Wire wire) throws Exception {
    try (Fleet fleet =
        Fleet.inOrder(wire, 2, builder -> builder.concurrencyLimit(ConcurrencyLimit.fixed(1)))) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "first");
      fleet.answer(0, "second");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThatThrownBy(() -> fleet.read(client, "/"))
            .isInstanceOf(OverloadedException.class)
            .hasMessageContaining("as many calls in flight as the limit allows: 1");
        assertThat(response.body().string()).isEqualTo("first");
      }

      assertThat(fleet.read(client, "/")).isEqualTo("second");
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallThatWaitsForAPlace_endsWithItsTime_orAsItIsCancelled(Wire wire) throws Exception {
    ConcurrencyLimit.Builder one = ConcurrencyLimit.fixed(1).queue(1, Duration.ofHours(1));
    try (Fleet fleet = Fleet.inOrder(wire, 1, builder -> builder.concurrencyLimit(one))) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "first");
      fleet.answer(0, "second");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        Call hurried = client.newCall(fleet.get("/"));
        hurried.timeout().timeout(100, TimeUnit.MILLISECONDS);
        assertThatThrownBy(hurried::execute)
            .isInstanceOf(InterruptedIOException.class)
            .hasMessage("timeout");

        Call unwanted = client.newCall(fleet.get("/"));
        ScheduledExecutorService soon = Executors.newSingleThreadScheduledExecutor();
        try {
          Future<?> cancelled = soon.schedule(unwanted::cancel, 100, TimeUnit.MILLISECONDS);
          assertThatThrownBy(unwanted::execute)
              .isInstanceOf(IOException.class)
              .hasMessage("orders.example: canceled");
          cancelled.get();
        } finally {
          soon.shutdownNow();
        }
        assertThat(response.body().string()).isEqualTo("first");
      }

      assertThat(fleet.read(client, "/")).isEqualTo("second");
      assertThat(fleet.server(0).getRequestCount()).isEqualTo(2);
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMemberThatIsFull_isPassedBy(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(
        wire, 2, builder -> builder.memberConcurrencyLimit(ConcurrencyLimit.fixed(1)))) {
      OkHttpClient client = fleet.client();
      fleet.answer(0, "on the first");
      fleet.answer(1, "on the second");
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        assertThat(fleet.read(client, "/")).isEqualTo("on the second");
        assertThat(response.body().string()).isEqualTo("on the first");
      }
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMemberThatAnswers500AgainAndAgain_isEjected(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(
        wire,
        2,
        builder -> builder.circuitBreaker(CircuitBreaker.builder().consecutiveFailures(3)))) {
      OkHttpClient client = fleet.client();
      for (int i = 0; i < 3; i++) {
        fleet.answer(0, new MockResponse.Builder().code(500).build());
        fleet.answer(1, "instead");
        assertThat(fleet.read(client, "/")).isEqualTo("instead");
      }
      for (int i = 0; i < 3; i++) {
        fleet.answer(1, "fine");
        assertThat(fleet.read(client, "/")).isEqualTo("fine");
      }

      assertThat(fleet.server(0).getRequestCount()).isEqualTo(3);
      assertThat(fleet.balancer().pool().member("s0").vetoes())
          .singleElement()
          .satisfies(veto -> assertThat(veto.policy()).isEqualTo("ejection"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void a404_ejectsNobody(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(
        wire,
        2,
        builder -> builder.circuitBreaker(CircuitBreaker.builder().consecutiveFailures(3)))) {
      OkHttpClient client = fleet.client();
      for (int i = 0; i < 6; i++) {
        fleet.answer(0, new MockResponse.Builder().code(404).build());
        client.newCall(fleet.get("/")).execute().close();
      }

      assertThat(fleet.balancer().pool().member("s0").count(Outcome.Kind.SUCCESS))
          .isEqualTo(6);
      assertThat(fleet.balancer().pool().member("s0").available()).isTrue();
    }
  }
}
