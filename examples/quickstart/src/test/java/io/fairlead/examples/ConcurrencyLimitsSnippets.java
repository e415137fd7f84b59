package io.fairlead.examples;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.retry.RetryBudget;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

/** The code of the guide to concurrency limits, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class ConcurrencyLimitsSnippets {

  private ConcurrencyLimitsSnippets() {}

  static void call(HttpClient client, HttpRequest request) throws Exception {
    ConcurrencyLimit limit = ConcurrencyLimit.gradient().build();

    HttpResponse<String> response =
        limit.call(() -> client.send(request, HttpResponse.BodyHandlers.ofString()));
  }

  static void byHand(ConcurrencyLimit limit, HttpClient client, HttpRequest request)
      throws IOException, InterruptedException {
    if (limit.tryAcquire()) {
      try {
        long start = System.nanoTime();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        long now = System.nanoTime();
        limit.observe(now - start, response.statusCode() == 503, now);
      } catch (HttpTimeoutException e) {
        limit.observe(0, true, System.nanoTime());
      } finally {
        limit.release();
      }
    }
  }

  static void kinds() {
    ConcurrencyLimit fixed = ConcurrencyLimit.fixed(50).build();
    ConcurrencyLimit aimd = ConcurrencyLimit.aimd().minimum(5).maximum(500).build();
    ConcurrencyLimit vegas = ConcurrencyLimit.vegas().initial(50).build();
  }

  static void queue() {
    ConcurrencyLimit limit =
        ConcurrencyLimit.gradient().queue(100, Duration.ofMillis(200)).build();
  }

  static void listener() {
    ConcurrencyLimit limit = ConcurrencyLimit.gradient()
        .droppedIf(e -> e instanceof HttpTimeoutException)
        .listener((before, after) -> System.out.println(before + " -> " + after))
        .build();
  }

  static void budget() {
    RetryBudget budget = RetryBudget.builder()
        .share(0.2)
        .floor(10)
        .window(Duration.ofSeconds(10))
        .build();
  }

  static boolean retry(RetryBudget budget, boolean failed) {
    budget.deposit();
    return failed && budget.tryWithdraw();
  }
}
