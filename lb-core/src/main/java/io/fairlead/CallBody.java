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
   *
   * @throws IOException if it failed; another attempt may follow. A RuntimeException, an UncheckedIOException too, is passed
   *     on to the caller instead
   * @throws InterruptedException if the thread was interrupted; the caller gets an {@link java.io.InterruptedIOException} and
   *     the thread its interrupted status back
   */
  T run(Attempt attempt) throws IOException, InterruptedException;

  /**
   * What the end of an attempt tells of the server: by default success if it returned, and {@link Outcome#of} if it threw.
   * What it returned is given to the caller in any case; what it threw decides, by its outcome, whether another attempt follows.
   *
   * @param result what it returned, if {@code failure} is null
   * @param failure what it threw, or null
   */
  default Outcome classify(@Nullable T result, @Nullable Throwable failure) {
    return failure == null ? Outcome.success() : Outcome.of(failure);
  }
}
