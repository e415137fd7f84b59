package io.fairlead.examples;

import io.fairlead.ratelimit.Carry;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import java.time.Duration;

/** The code of the guide to rate limiting, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class RateLimitingSnippets {

  private RateLimitingSnippets() {}

  static void first() {
    TokenBucket bucket = TokenBucket.of(RateLimit.perSecond(10), RateLimit.perMinute(100));

    if (bucket.tryAcquire()) {
      send();
    } else {
      System.out.println("again in " + bucket.waitTime(1));
    }
  }

  static void limits() {
    RateLimit even = RateLimit.perSecond(10).burst(1);
    RateLimit generous = RateLimit.perSecond(10).burst(50);
    RateLimit daily = RateLimit.of(1_000, Duration.ofDays(1)).startingEmpty();
    RateLimit careful = RateLimit.perSecond(200).burst(5).warmUp(Duration.ofSeconds(30));
  }

  static void waiting(TokenBucket bucket) throws InterruptedException {
    if (bucket.acquire(1, Duration.ofMillis(500))) {
      send();
    }
  }

  static void reserving(TokenBucket bucket) {
    long wait = bucket.reserve(1, Duration.ofMillis(500));
    if (wait != TokenBucket.REFUSED) {
      sendIn(Duration.ofNanos(wait));
    }
  }

  static void batches(TokenBucket bucket) {
    if (bucket.tryAcquire(20)) {
      int sent = sendUpTo(20);
      if (sent < 20) {
        bucket.refund(20 - sent);
      }
    }
  }

  static void byKey(String apiKey) {
    KeyedTokenBucket<String> perClient = KeyedTokenBucket.<String>builder()
        .limit(RateLimit.perSecond(10).burst(20))
        .limit(RateLimit.of(10_000, Duration.ofDays(1)))
        .maximumKeys(1_000_000)
        .build();

    if (perClient.tryAcquire(apiKey)) {
      send();
    }
  }

  static void replacing(TokenBucket bucket) {
    bucket.replace(Carry.KEEP, RateLimit.perSecond(20));
  }

  private static void send() {}

  private static int sendUpTo(int count) {
    return count;
  }

  private static void sendIn(Duration wait) {}
}
