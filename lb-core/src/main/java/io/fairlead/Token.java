package io.fairlead;

import io.fairlead.request.RequestContext;
import org.jspecify.annotations.Nullable;

/** A token that a call was given, and those that it was given before: it goes back to where it came from. */
record Token<K>(RateGate<K> gate, K key, @Nullable Token<?> before) {

  /**
   * Takes a token of one more gate, unless that does not limit the call.
   *
   * @return all tokens that the call has now
   * @throws RateLimitedException if there is none; what was taken before still is
   */
  static <K> @Nullable Token<?> take(
      RateGate<K> gate, RequestContext context, @Nullable Token<?> before, String balancer)
      throws RateLimitedException {
    K key = gate.keyOf(context);
    if (key == null) {
      return before;
    }
    if (!gate.tryAcquire(key)) {
      throw new RateLimitedException(balancer, gate.subject(), gate.waitTime(key));
    }
    return new Token<>(gate, key, before);
  }

  /** Gives these tokens back. */
  static void refund(@Nullable Token<?> tokens) {
    for (Token<?> token = tokens; token != null; token = token.before) {
      token.refundOne();
    }
  }

  private void refundOne() {
    gate.refund(key);
  }
}
