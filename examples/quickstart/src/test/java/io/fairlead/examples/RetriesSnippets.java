package io.fairlead.examples;

import io.fairlead.Attempt;
import io.fairlead.AttemptsFailedException;
import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.CallBody;
import io.fairlead.LoadBalancer;
import io.fairlead.okhttp.CallOptions;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.okhttp.ResponseClassifier;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.Hedging;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** The code of docs/guide/retries.md, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class RetriesSnippets {

  private final HttpClient http = HttpClient.newHttpClient();

  static void policy() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .retries(RetryPolicy.builder()
            .maxAttempts(2)
            .attemptTimeout(Duration.ofMillis(500))
            .build())
        .build();
  }

  /** Of the README. */
  static void both() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .retries(RetryPolicy.builder().attemptTimeout(Duration.ofMillis(800)).build())
        .hedging(Hedging.atQuantile(0.95))
        .build();
  }

  static void never() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .retries(RetryPolicy.never())
        .build();
  }

  static void classifier(LoadBalancer orders) {
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.builder()
        .balancer(orders)
        .classifier(response -> response.code() == 501
            ? Outcome.success() // says what the service can't do, on any server
            : ResponseClassifier.byStatus().classify(response))
        .build();
  }

  static void idempotencyKey(RequestBody body) {
    Request pay = new Request.Builder()
        .url("http://orders/v1/payments")
        .header("Idempotency-Key", UUID.randomUUID().toString())
        .post(body)
        .build();
  }

  static void oneRequest(RequestBody body) {
    Request search = new Request.Builder()
        .url("http://orders/v1/search")
        .post(body)
        .tag(
            CallOptions.class,
            CallOptions.of(RequestContext.empty().maxAttempts(2)).repeatable(true))
        .build();

    Request append = new Request.Builder()
        .url("http://orders/v1/log")
        .put(body)
        .tag(CallOptions.class, CallOptions.of(RequestContext.empty()).repeatable(false))
        .build();
  }

  static void budget() {
    RetryPolicy careful = RetryPolicy.builder()
        .budget(RetryBudget.builder().share(0.1).floor(2).window(Duration.ofSeconds(10)))
        .build();
  }

  static void timeouts() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .retries(RetryPolicy.builder().attemptTimeout(Duration.ofMillis(800)).build())
        .build();

    OkHttpClient client = LoadBalancingInterceptor.of(orders)
        .install(new OkHttpClient.Builder().callTimeout(Duration.ofSeconds(2)).build());
  }

  final class Fetch implements CallBody<HttpResponse<InputStream>> {

    @Override
    public HttpResponse<InputStream> run(Attempt attempt) throws IOException, InterruptedException {
      // An IPv6 address needs brackets.
      URI uri = URI.create(
          "http://" + attempt.backend().host() + ":" + attempt.backend().port());
      var sent = http.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream());
      attempt.onCancel(() -> sent.cancel(true)); // or no time-out and no hedge can end it
      try {
        return sent.get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
      }
    }

    @Override
    public Outcome classify(HttpResponse<InputStream> response, Throwable failure) {
      if (failure != null) {
        return Outcome.of(failure);
      }
      return response.statusCode() < 500 ? Outcome.success() : Outcome.serverError();
    }

    @Override
    public void discard(HttpResponse<InputStream> response) { // of an attempt that is repeated
      try {
        response.body().close();
      } catch (IOException e) {
        // Nobody wanted it.
      }
    }
  }

  void withoutOkHttp(LoadBalancer orders, String userId) throws IOException {
    RequestContext context =
        RequestContext.withKey(userId).repeatable().timeout(Duration.ofSeconds(2));
    HttpResponse<InputStream> answer = orders.call(context, new Fetch());
  }

  static String failed(OkHttpClient client, Request request, String fallback) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return response.body().string();
    } catch (AttemptsFailedException e) {
      for (FailedAttempt attempt : e.attempts()) {
        System.out.println(attempt.backend() + " " + attempt.outcome());
      }
      return fallback;
    }
  }
}
