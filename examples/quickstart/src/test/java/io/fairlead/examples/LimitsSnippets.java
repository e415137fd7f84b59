package io.fairlead.examples;

import io.fairlead.LoadBalancer;
import io.fairlead.OverloadedException;
import io.fairlead.RateLimitedException;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.ratelimit.Carry;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.RequestContext;
import java.io.IOException;
import java.time.Duration;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** The code of the README and the guide that is about limits in the balancer. */
final class LimitsSnippets {

  private LimitsSnippets() {}

  static LoadBalancer rates() {
    TokenBucket all = TokenBucket.of(RateLimit.perSecond(100));
    KeyedTokenBucket<String> perUser =
        KeyedTokenBucket.<String>builder().limit(RateLimit.perSecond(10)).build();

    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080")
        .rateLimit(all)
        .rateLimitPer(RequestContext::key, perUser)
        .build();

    all.replace(Carry.SCALE, RateLimit.perSecond(200)); // later, when more was agreed upon
    return orders;
  }

  static String rejected(OkHttpClient client, Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return response.body().string();
    } catch (RateLimitedException e) {
      return "try again in " + e.retryAfter().toMillis() + " ms";
    } catch (OverloadedException e) {
      return "try again soon";
    }
  }

  static LoadBalancer ejection() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .circuitBreaker(CircuitBreaker.builder()
            .consecutiveFailures(3)
            .openTime(Duration.ofSeconds(10))
            .halfOpenPermits(1))
        .maxEjected(0.4)
        .build();
    return orders;
  }

  static LoadBalancer health() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .maxSilence(Duration.ofSeconds(3))
        .slowStart(Duration.ofSeconds(20))
        .build();
    return orders;
  }

  static LoadBalancer concurrency() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .memberConcurrencyLimit(ConcurrencyLimit.gradient())
        .concurrencyLimit(ConcurrencyLimit.fixed(200).queue(100, Duration.ofMillis(500)))
        .build();
    return orders;
  }
}
