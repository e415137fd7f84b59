package io.fairlead;

import io.fairlead.request.Outcome;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a {@linkplain LoadBalancer#call call} does with a server, and what its end tells of that server. One for each call, if
 * it keeps anything; if the call may be {@linkplain io.fairlead.retry.Hedging hedged}, two threads may be in it at once.
 *
 * <p>A lambda that sends the request and returns what came is enough for calls without time-outs of attempts and without
 * hedges. Those need {@link Attempt#onCancel}; what is to be closed if nobody gets it needs {@link #discard}; and where a
 * result may be bad, {@link #classify} tells.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface CallBody<T> {

  /**
   * Sends the request to {@code attempt.backend()} and returns what came. Runs once for each attempt: on the caller's thread,
   * but for a {@linkplain io.fairlead.retry.Hedging hedge}, which runs beside it on the balancer's executor.
   *
   * @throws IOException if it failed; another attempt may follow. A RuntimeException, an UncheckedIOException too, is passed
   *     on to the caller instead
   * @throws InterruptedException if the thread was interrupted; the caller gets an {@link java.io.InterruptedIOException} and
   *     the thread its interrupted status back
   */
  T run(Attempt attempt) throws IOException, InterruptedException;

  /**
   * What the end of an attempt tells of the server: by default success if it returned, and {@link Outcome#of} if it threw. The
   * outcome decides whether another attempt may follow: if it is {@linkplain Outcome#failed() failed}, or the server asked for
   * patience. If none does, the caller gets what was returned. An exception whose outcome is none of these is the caller's own
   * affair, and passed on as it is.
   *
   * @param result what it returned, if {@code failure} is null
   * @param failure what it threw, or null
   */
  default Outcome classify(@Nullable T result, @Nullable Throwable failure) {
    return failure == null ? Outcome.success() : Outcome.of(failure);
  }

  /** Lets go of what an attempt has returned, and the caller will not get: closes it, say. Never null. Nothing by default. */
  default void discard(T result) {}

  /**
   * Whether the request can be sent once more after the attempt that has just ended badly. Not if its body was used up, say. It
   * can by default.
   */
  default boolean canRunAgain() {
    return true;
  }

  /**
   * The call begins. Called once, on the caller's thread, before anything else.
   *
   * @param call cancels the call, from any thread: attempts that are under way are cancelled, no other follows, and the caller
   *     gets an {@link IOException}
   */
  default void started(Cancellable call) {}
}
