package io.fairlead;

import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.RequestContext;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A rate limit as a balancer asks it: for one token for a call. */
interface RateGate {

  /** Takes a token. False if there is none, and nothing was taken. */
  boolean tryAcquire(RequestContext context);

  /** How long until there is one; zero if there is. */
  Duration waitTime(RequestContext context);

  /** Gives the token of a call back. */
  void refund(RequestContext context);

  /** What it limits, for people. */
  String subject();

  /** One bucket for all calls. */
  record OfService(TokenBucket bucket) implements RateGate {

    @Override
    public boolean tryAcquire(RequestContext context) {
      return bucket.tryAcquire();
    }

    @Override
    public Duration waitTime(RequestContext context) {
      return bucket.waitTime(1);
    }

    @Override
    public void refund(RequestContext context) {
      bucket.refund(1);
    }

    @Override
    public String subject() {
      return "the rate limit";
    }
  }

  /** A bucket for each key; what has none passes. */
  record PerKey<K>(
      KeyedTokenBucket<K> buckets, Function<? super RequestContext, ? extends @Nullable K> keyOf)
      implements RateGate {

    @Override
    public boolean tryAcquire(RequestContext context) {
      K key = keyOf.apply(context);
      return key == null || buckets.tryAcquire(key);
    }

    @Override
    public Duration waitTime(RequestContext context) {
      K key = keyOf.apply(context);
      return key == null ? Duration.ZERO : buckets.waitTime(key, 1);
    }

    @Override
    public void refund(RequestContext context) {
      K key = keyOf.apply(context);
      if (key != null) {
        buckets.refund(key, 1);
      }
    }

    @Override
    public String subject() {
      return "the rate limit of the request's key"; // which may be a secret, and is not told
    }
  }
}
