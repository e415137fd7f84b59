package io.fairlead.okhttp;

import io.fairlead.request.Outcome;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Goes by the status code. */
final class StatusClassifier implements ResponseClassifier {

  static final StatusClassifier INSTANCE = new StatusClassifier(TimeSource.system());

  private static final String RETRY_AFTER = "Retry-After";

  /** Nobody means to be left alone for longer, and sums with it do not overflow. */
  private static final long LONGEST_SECONDS = 365L * 24 * 60 * 60;

  private final InstantSource clock;

  StatusClassifier(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Outcome classify(Response response) {
    int code = response.code();
    if (code == 429) {
      Duration retryAfter = retryAfter(response);
      return Outcome.throttled(retryAfter == null ? Duration.ZERO : retryAfter);
    }
    if (code < 500) {
      return Outcome.success();
    }
    Duration retryAfter = code == 503 ? retryAfter(response) : null;
    return retryAfter == null ? Outcome.serverError() : Outcome.unavailable(retryAfter);
  }

  /** Seconds or a date (RFC 9110, 10.2.3); null if there is none, or it is neither. */
  private @Nullable Duration retryAfter(Response response) {
    String value = response.header(RETRY_AFTER);
    if (value == null) {
      return null;
    }
    String trimmed = value.trim();
    if (!trimmed.isEmpty() && trimmed.chars().allMatch(c -> c >= '0' && c <= '9')) {
      boolean huge = trimmed.length() > 10;
      return Duration.ofSeconds(
          huge ? LONGEST_SECONDS : Math.min(Long.parseLong(trimmed), LONGEST_SECONDS));
    }
    Date until = response.headers().getDate(RETRY_AFTER);
    if (until == null) {
      return null;
    }
    // The server's own clock, if it tells it: ours may be wrong.
    Date date = response.headers().getDate("Date");
    Instant now = date == null ? clock.instant() : date.toInstant();
    long seconds = Duration.between(now, until.toInstant()).toSeconds();
    return Duration.ofSeconds(Math.max(0, Math.min(seconds, LONGEST_SECONDS)));
  }
}
