package io.fairlead;

import io.fairlead.backend.Backend;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a {@linkplain LoadBalancer#call call}, as its body sees it.
 *
 * <p>To be used by the thread that runs the body; {@link #cancelled} and what {@link #keep} returns, by any.
 */
public interface Attempt {

  /** The server to send to. */
  Backend backend();

  /** Which attempt of the call it is, counted from 1; one that could not connect counts too. */
  int number();

  /**
   * Whether it is a {@linkplain io.fairlead.retry.Hedging hedge}, beside an attempt that is under way, on a thread of its own.
   */
  boolean isHedge();

  /**
   * How much is left, zero or more, of the call's {@linkplain io.fairlead.request.RequestContext#timeout timeout}, and of the
   * attempt's {@linkplain io.fairlead.request.RequestContext#attemptTimeout own} if that is less; null if there is neither. The
   * body should give up by then.
   */
  @Nullable
  Duration remaining();

  /**
   * Whether the attempt may be cancelled while the call goes on: because it may be hedged, or is a hedge, or because it has a
   * time-out of its own. If not, all that {@link #onCancel} is good for is that {@linkplain CallBody#started the call} can be
   * cancelled as a whole.
   */
  boolean mayBeCancelled();

  /**
   * Says how this attempt is cancelled: by closing its connection, say. Runs once, on any thread, when another attempt has won,
   * its time is over, or the call is cancelled; at once if that has happened already. What the body throws or returns after
   * that does not count. An attempt for which nothing is said here is not cut short: its time-out is not kept, and a hedge that
   * was faster waits for it. To be said before the body blocks; of several, the last one holds.
   *
   * @param cancel makes {@link CallBody#run} return or throw soon. Quick, never blocks
   */
  void onCancel(Runnable cancel);

  /** Whether it was cancelled, so that whatever it brings will not be used. */
  boolean cancelled();

  /** Whether the attempt just before lost a kept connection to the same server: this one should go over a fresh one. */
  boolean afterLostConnection();

  /**
   * Takes the place on the server over. It is not given back when the call returns what this attempt has brought, but when the
   * lease is closed, for a body whose result is still to be read: a stream, say. If something else becomes of this attempt it
   * is given back in any case. An outcome that is recorded with it comes before {@link CallBody#classify}, which is not asked
   * then.
   */
  Lease keep();
}
