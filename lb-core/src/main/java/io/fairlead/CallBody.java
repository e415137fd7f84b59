package io.fairlead;

import io.fairlead.request.Outcome;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a {@linkplain LoadBalancer#call call} does with a server, and what its end tells of that server.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface CallBody<T> {

  /**
   * Sends the request to {@code attempt.backend()} and returns what came. Runs on the caller's thread, once for each attempt.
   */
  T run(Attempt attempt) throws IOException;

  /**
   * What the end of an attempt tells of the server: by default success if it returned, and {@link Outcome#of} if it threw.
   *
   * @param result what it returned, if {@code failure} is null
   * @param failure what it threw, or null
   */
  default Outcome classify(@Nullable T result, @Nullable Throwable failure) {
    return failure == null ? Outcome.success() : Outcome.of(failure);
  }
}
