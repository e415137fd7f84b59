package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import org.jspecify.annotations.Nullable;

/**
 * A place on one server for one attempt, from {@link LoadBalancer#acquire} to {@link #close}. In between, its outcome is
 * recorded as soon as it is known, which may be long before the answer has been read to its end.
 *
 * <p>Thread-safe: the outcome is taken once and the place given back once, whichever threads say so. What comes second is
 * without effect, as is an outcome after the close.
 */
public interface Lease extends AutoCloseable {

  /** The server to send to, as it was when it was leased. */
  Backend backend();

  /** The server's live state. */
  Member member();

  /** Records what became of the attempt. The first outcome counts. */
  void record(Outcome outcome);

  /** Gives the place back, once. Without an outcome until now, the attempt counts as {@linkplain Outcome#abandoned abandoned}. */
  @Override
  void close();

  /**
   * As {@link #close}, and tells the listener that the place was leaked: for a transport that notices that the answer became
   * garbage before it was read to its end or closed.
   *
   * @return whether the place was still taken; if not, this is without effect
   */
  boolean closeLeaked();

  /** {@link #another(Target)} for anyone. */
  default Lease another() throws LoadBalancingException {
    return another(Target.ANYONE);
  }

  /**
   * Leases a server for a further attempt of the same call, which remembers whom the call has tried. This lease stays as it
   * is; if the balancer may be closed meanwhile, close it after, so that the call counts as in flight throughout.
   *
   * @param target to whom it may go
   * @throws NoBackendException if no server can take it, or none that was not tried if that was asked for
   * @throws OverloadedException if there is no room for it now on any server that could take it; or if all leases of the call are
   *     closed, so that it needs a place in flight once more, and there is none
   * @throws LoadBalancerClosedException if the balancer is closed and this was its last lease
   */
  Lease another(Target target) throws LoadBalancingException;

  /** When it began, in nanoseconds on the balancer's clock. */
  long startNanos();

  /** The outcome that was recorded, or null if there is none yet. */
  @Nullable
  Outcome outcome();

  /** When its outcome was recorded, in nanoseconds on the balancer's clock; 0 if there is none yet. */
  long answeredNanos();
}
