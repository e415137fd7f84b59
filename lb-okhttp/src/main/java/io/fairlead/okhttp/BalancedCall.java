package io.fairlead.okhttp;

import io.fairlead.Attempt;
import io.fairlead.CallBody;
import io.fairlead.Lease;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.UnknownHostException;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * One call through the interceptor: the body of a balancer's call, which sends the request with OkHttp and finds out what became of it.
 *
 * <p>An attempt goes down the call's own chain while the call holds no connection, which costs least. OkHttp would send a further one
 * over a connection that the call still holds, whichever backend is meant: after an answer, or a failure on HTTP/2, an attempt is
 * therefore an OkHttp call of its own. So is each attempt that may be cancelled alone, since to cancel the chain is to cancel the call.
 */
final class BalancedCall implements CallBody<Response> {

  /** Of an attempt that was answered before it came to the network. */
  private static final Outcome UNSENT = Outcome.ignored().unsent();

  /** What a hedge has brought, and the events on the way to it, which nobody hears of unless it wins. */
  private record Hedge(Lease lease, Response response, ForwardedEvents events) {}

  private final LoadBalancingInterceptor interceptor;
  private final Route route;
  private final Interceptor.Chain chain;
  private final Request request;
  private final RequestContext context;
  private final EventListener userListener;
  private final Attempts attempts;
  private final AttemptListener chainListener;
  private final long startNanos;
  private volatile boolean holdsConnection; // the chain's call does
  private volatile boolean answered; // by a response that was not good enough
  private volatile boolean bodySpent;
  private volatile @Nullable Hedge hedge;
  private volatile @Nullable Lease last; // but for a hedge's
  private final boolean mayBeOwnCall;

  BalancedCall(
      LoadBalancingInterceptor interceptor,
      Route route,
      Interceptor.Chain chain,
      RequestContext context) {
    this.interceptor = interceptor;
    this.route = route;
    this.chain = chain;
    this.request = chain.request();
    this.context = context;
    this.userListener = chain.getEventListener();
    this.attempts = Attempts.begin(chain.call());
    this.chainListener = new AttemptListener(this);
    this.mayBeOwnCall = interceptor.isInstalled() && !isBoundToChain(request);
    this.startNanos = chain.call().timeout().timeoutNanos() > 0 ? System.nanoTime() : 0;
  }

  ConnectionGuard guard() {
    return interceptor.guard();
  }

  boolean repeatable() {
    return context.isRepeatable();
  }

  /** What is wrong with a hop to this URL, if a backend would be spoken to in another scheme than before; else null. */
  @Nullable
  String schemeChange(HttpUrl hop) {
    String scheme = request.url().scheme();
    return hop.scheme().equals(scheme) || !route.hosts().contains(hop.host())
        ? null
        : route.balancer().name() + ": a redirect to " + hop
            + " changes the scheme, and the backends are spoken to in " + scheme + " only";
  }

  /** What a response tells of the member, which is nothing if another host gave it: the redirect there was cached then. */
  Outcome classify(Response response) {
    boolean own = route.hosts().contains(response.request().url().host());
    return own ? interceptor.classify(response, route) : Outcome.ignored();
  }

  Response execute() throws IOException {
    chain.call().addEventListener(chainListener);
    try {
      Response response = route.balancer().call(context, this);
      Hedge answered = hedge;
      hedge = null; // a call that is kept does not keep its response
      if (answered != null && answered.response == response) {
        attempts.answered(answered.lease);
        release(answered);
      } else {
        attempts.answered(last);
      }
      return response;
    } catch (RuntimeException e) {
      // OkHttp's dispatcher lets any other kill its thread.
      Object where = last == null ? route.balancer().name() : last;
      throw new IOException(where + ": " + e, e);
    } finally {
      attempts.finish();
      chainListener.finish();
    }
  }

  /** The user's listener may throw, and nobody gets the response then. */
  private static void release(Hedge answered) {
    try {
      answered.events.release();
    } catch (RuntimeException | Error e) {
      answered.response.close();
      throw e;
    }
  }

  @Override
  public void started(Cancellable call) {
    chainListener.begin(call);
  }

  @Override
  public Response run(Attempt attempt) throws IOException {
    Lease lease = attempt.keep();
    if (!attempt.isHedge()) {
      last = lease;
    }
    boolean ownCall = mayBeOwnCall && (holdsConnection || answered || attempt.mayBeCancelled());
    AttemptListener listener = ownCall ? new AttemptListener(this) : chainListener;
    listener.begin(lease, dialing(lease, attempt.afterLostConnection()));
    attempts.begin(lease, listener);
    try {
      if (!ownCall) {
        return deliver(send(listener), listener, lease);
      }
      ForwardedEvents events = new ForwardedEvents(chain.call(), userListener, attempt.isHedge());
      Response response = deliver(sendAsOwnCall(attempt, listener, events), listener, lease);
      if (attempt.isHedge()) {
        hedge = new Hedge(lease, response, events);
      }
      return response;
    } catch (IOException e) {
      IOException failure = failed(attempt, listener, lease, e);
      attempts.fail(lease, failure);
      throw failure;
    } catch (RuntimeException e) {
      attempts.fail(lease, new IOException(e));
      throw e;
    }
  }

  private Dialing dialing(Lease lease, boolean fresh) {
    boolean probeable = interceptor.probes() && !request.isHttps();
    return route.endpoint(lease.member()).dialing(chain, probeable, fresh, lease.startNanos());
  }

  private Response send(AttemptListener listener) throws IOException {
    return quietly(() -> listener.dialing().apply(chain).proceed(request));
  }

  private Response sendAsOwnCall(Attempt attempt, AttemptListener listener, ForwardedEvents events)
      throws IOException {
    long timeout = chain.call().timeout().timeoutNanos();
    // Counted from where this call came to the interceptor, which is later than its start by what
    // others did before.
    Long deadline = timeout > 0 ? startNanos + timeout : null;
    // What an earlier attempt has stored in the cache would answer this one.
    OwnCall call = new OwnCall(chain, attempt, listener, events, !answered);
    return quietly(() -> interceptor.attemptClients().execute(call, request, attempts, deadline));
  }

  private interface Sending {
    Response send() throws Exception;
  }

  private static Response quietly(Sending sending) throws IOException {
    try {
      return sending.send();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      // Where OkHttp waits for a connection, an interrupt leaves it as a bare InterruptedException,
      // undeclared.
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private Response deliver(Response received, AttemptListener listener, Lease lease)
      throws IOException {
    if (listener.schemeChange() != null) { // there is no guard if the interceptor was just added
      received.close();
      throw new ProtocolException(listener.schemeChange());
    }
    Response response = ConnectionGuard.restoreRetryAfter(received);
    if (!listener.answered()) {
      // No headers came over the network: it is the cache's, or an interceptor's that was added
      // after this one.
      listener.answered(response.networkResponse() == null ? UNSENT : classify(response));
    }
    answered = true;
    if (response.code() == 101) {
      return response; // a web socket or the like; the listener hears of its end
    }
    boolean over = response.networkResponse() == null || response.body().contentLength() == 0;
    if (over) {
      lease.close();
    }
    BalancedBody body = over
        ? new BalancedBody(response.body(), attempts)
        : new BalancedBody(response.body(), lease, attempts, interceptor.leaks());
    return response.newBuilder().body(body).build();
  }

  /** Records what a failure tells of the member, which is nothing if it is none of its doing. Returns what to throw. */
  private IOException failed(
      Attempt attempt, AttemptListener listener, Lease lease, IOException failure) {
    if (attempt.cancelled()) {
      return failure; // the call knows by whom, or whether its time was over
    }
    if (chain.call().isCanceled()
        || Failures.isInterruption(failure)
        || Thread.currentThread().isInterrupted()) {
      lease.record(Outcome.abandoned());
      return failure;
    }
    String schemeChange = listener.schemeChange();
    if (schemeChange != null && !schemeChange.equals(failure.getMessage())) {
      ProtocolException explained = new ProtocolException(schemeChange);
      explained.initCause(failure);
      return explained;
    }
    HttpUrl hop = listener.followedUp();
    if (hop != null) {
      return ofLaterHop(hop, failure);
    }
    if (listener.answered()) {
      return failure; // of who did not like the answer
    }
    Outcome outcome = Failures.outcome(listener, failure, attempt.afterLostConnection());
    // If there is none, it is the client's own: its settings, the request's body, an interceptor.
    lease.record(outcome == null ? Outcome.ignored() : outcome);
    if (outcome != null) {
      // A connection that refuses streams for good is passed by without our doing, and may be a
      // good one.
      if (outcome.isConnectionLost() && !Failures.isRefusedStream(failure)) {
        listener.dialing().retire();
      }
      holdsConnection |= listener.multiplexed();
      bodySpent |= listener.bodyBegun() && isOneShot(request.body());
    }
    return failure;
  }

  /** What to throw for a failure that is not the member's: its own, unless that is hard to understand. */
  private IOException ofLaterHop(HttpUrl hop, IOException failure) {
    boolean unreached =
        failure instanceof UnknownHostException || failure instanceof ConnectException;
    if (!unreached || route.hosts().contains(hop.host()) || !interceptor.balances(hop.host())) {
      return failure;
    }
    ProtocolException explained = new ProtocolException(
        route.balancer().name() + ": a redirect to " + hop
            + " leads to another balanced host; it was looked for by its name, since redirects do not pass balancers again");
    explained.initCause(failure);
    return explained;
  }

  @Override
  public boolean canRunAgain() {
    return !bodySpent && (mayBeOwnCall || !(holdsConnection || answered));
  }

  @Override
  public void discard(Response response) {
    response.close();
  }

  /** Whether OkHttp does things with a request that only the user's own call can do: open a web socket, talk both ways at once. */
  static boolean isBoundToChain(Request request) {
    RequestBody body = request.body();
    return (body != null && body.isDuplex())
        || "websocket".equalsIgnoreCase(request.header("Upgrade"));
  }

  static boolean isOneShot(@Nullable RequestBody body) {
    return body != null && (body.isOneShot() || body.isDuplex());
  }
}
