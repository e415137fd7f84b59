package io.fairlead;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.Outcome;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What one call was let in with: its tokens, and its place under the service's concurrency limit. All its attempts share it,
 * and the last of them to end gives the place back, and the tokens too if nothing was ever sent.
 */
final class Admission {

  private final @Nullable Token<?> tokens;
  private final @Nullable ConcurrencyLimit limit; // that gave a place
  private final long startNanos;
  private final AtomicInteger attempts = new AtomicInteger(1);
  private volatile boolean sent;

  Admission(@Nullable Token<?> tokens, @Nullable ConcurrencyLimit limit, long startNanos) {
    this.tokens = tokens;
    this.limit = limit;
    this.startNanos = startNanos;
  }

  /** One attempt more. False if all have ended, and with them what they shared. */
  boolean share() {
    int now = attempts.get();
    while (now > 0 && !attempts.compareAndSet(now, now + 1)) {
      now = attempts.get();
    }
    return now > 0;
  }

  /** An attempt's outcome is known. */
  void answered(Outcome outcome, long now) {
    if (!outcome.isUnsent()) {
      sent = true;
    }
    // That one server asks for less says little of the service.
    if (limit != null && outcome.retryAfter() == null) {
      limit.observe(outcome, Math.max(0, now - startNanos), now);
    }
  }

  /** An attempt has ended, or came to nothing. */
  void release() {
    if (attempts.decrementAndGet() > 0) {
      return;
    }
    if (limit != null) {
      limit.release();
    }
    if (!sent) {
      Token.refund(tokens);
    }
  }

  /** Whether its tokens are spent for good, since something was sent. */
  boolean spent() {
    return sent;
  }
}
