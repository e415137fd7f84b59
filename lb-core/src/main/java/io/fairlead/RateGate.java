package io.fairlead;

import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.RequestContext;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A rate limit as a balancer asks it: for one token for a call.
 *
 * @param <K> what is limited
 */
interface RateGate<K> {

  /** What of a call is limited, asked once; null if this does not limit it. */
  @Nullable
  K keyOf(RequestContext context);

  /** Takes a token. False if there is none, and nothing was taken. */
  boolean tryAcquire(K key);

  /** How long until there is one; zero if there is. */
  Duration waitTime(K key);

  /** Gives a token back. */
  void refund(K key);

  /** What it limits, for people. */
  String subject();

  /** One bucket for all calls. */
  record OfService(TokenBucket bucket) implements RateGate<TokenBucket> {

    @Override
    public TokenBucket keyOf(RequestContext context) {
      return bucket;
    }

    @Override
    public boolean tryAcquire(TokenBucket bucket) {
      return bucket.tryAcquire();
    }

    @Override
    public Duration waitTime(TokenBucket bucket) {
      return bucket.waitTime(1);
    }

    @Override
    public void refund(TokenBucket bucket) {
      bucket.refund(1);
    }

    @Override
    public String subject() {
      return "the rate limit";
    }
  }

  /** A bucket for each key; what has none passes. */
  record PerKey<K>(
      KeyedTokenBucket<K> buckets, Function<? super RequestContext, ? extends @Nullable K> function)
      implements RateGate<K> {

    @Override
    public @Nullable K keyOf(RequestContext context) {
      return function.apply(context);
    }

    @Override
    public boolean tryAcquire(K key) {
      return buckets.tryAcquire(key);
    }

    @Override
    public Duration waitTime(K key) {
      return buckets.waitTime(key, 1);
    }

    @Override
    public void refund(K key) {
      buckets.refund(key, 1);
    }

    @Override
    public String subject() {
      return "the rate limit of the request's key"; // which may be a secret, and is not told
    }
  }
}
