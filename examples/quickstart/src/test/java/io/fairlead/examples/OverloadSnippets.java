package io.fairlead.examples;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.LoadBalancingException;
import io.fairlead.OverloadedException;
import io.fairlead.RateLimitedException;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.okhttp.ResponseClassifier;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** The code of docs/guide/overload.md, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class OverloadSnippets {

  private OverloadSnippets() {}

  static void all() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .memberConcurrencyLimit(ConcurrencyLimit.gradient())
        .concurrencyLimit(ConcurrencyLimit.fixed(200).queue(50, Duration.ofMillis(200)))
        .rateLimit(TokenBucket.of(RateLimit.perSecond(500)))
        .retries(RetryPolicy.builder()
            .budget(RetryBudget.builder().share(0.1).floor(5))
            .build())
        .build();
  }

  static void classifier(LoadBalancer search) {
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.builder()
        .balancer(search)
        .classifier(response -> response.code() == 529
            ? Outcome.unavailable(Duration.ofSeconds(2))
            : ResponseClassifier.byStatus().classify(response))
        .build();
  }

  static void members() {
    LoadBalancer search = LoadBalancer.builder("search")
        .backends("10.0.1.1:9200", "10.0.1.2:9200")
        .memberConcurrencyLimit(ConcurrencyLimit.gradient().initial(10).maximum(100))
        .build();
  }

  static void service() {
    LoadBalancer search = LoadBalancer.builder("search")
        .backends("10.0.1.1:9200", "10.0.1.2:9200")
        .concurrencyLimit(ConcurrencyLimit.fixed(100).queue(50, Duration.ofMillis(100)))
        .build();
  }

  static String passOn(OkHttpClient client, Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return answer(response.code(), null);
    } catch (OverloadedException e) {
      Duration wait = e.retryAfter() == null ? Duration.ofSeconds(1) : e.retryAfter();
      return answer(503, wait); // as the Retry-After of your own answer
    } catch (RateLimitedException e) {
      return answer(429, e.retryAfter());
    }
  }

  private static String answer(int status, Duration retryAfter) {
    return status + ", Retry-After: " + retryAfter;
  }

  static void budget() {
    RetryPolicy policy = RetryPolicy.builder()
        .budget(RetryBudget.builder().share(0.1).floor(0.1))
        .build();
  }

  static void watch(LoadBalancer orders) {
    orders.addListener(new LoadBalancerListener() {
      @Override
      public void rejected(LoadBalancingException reason) {
        System.out.println(reason.getClass().getSimpleName() + ": " + reason.getMessage());
      }
    });
    System.out.println(orders.snapshot());
  }
}
