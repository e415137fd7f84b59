package io.fairlead.okhttp;

import io.fairlead.AttemptsFailedException;
import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.retry.CallPlan.Target;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * One call through the interceptor: asks a {@link CallPlan} what comes next, and does it.
 *
 * <p>An attempt goes down the call's own chain while the call holds no connection, which costs least. OkHttp would send a
 * further one over a connection that the call still holds, whichever backend is meant; after a failure on HTTP/2 an attempt is
 * therefore an OkHttp call of its own.
 */
final class BalancedCall {

  /** Of an attempt that was answered before it came to the network. */
  private static final Outcome UNSENT = Outcome.ignored().unsent();

  private final LoadBalancingInterceptor interceptor;
  private final Route route;
  private final Interceptor.Chain chain;
  private final Request request;
  private final boolean repeatable;
  private final RequestContext context;
  private final EventListener userListener;
  private final Attempts attempts;
  private final AttemptListener chainListener;
  private final long startNanos;
  private @Nullable Lease lease;
  private @Nullable List<FailedAttempt> failures;
  private boolean ownCall;

  BalancedCall(
      LoadBalancingInterceptor interceptor,
      Route route,
      Interceptor.Chain chain,
      RequestContext context) {
    this.interceptor = interceptor;
    this.route = route;
    this.chain = chain;
    this.request = chain.request();
    this.repeatable = context.isRepeatable();
    this.context = context;
    this.userListener = chain.getEventListener();
    this.attempts = Attempts.begin(chain.call());
    this.chainListener = new AttemptListener(this);
    this.startNanos = chain.call().timeout().timeoutNanos() > 0 ? System.nanoTime() : 0;
  }

  ConnectionGuard guard() {
    return interceptor.guard();
  }

  boolean repeatable() {
    return repeatable;
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
    return own ? interceptor.classify(response) : Outcome.ignored();
  }

  /** The present attempt's outcome is known. */
  void answered(Lease lease, Outcome outcome) {
    lease.record(outcome);
    attempts.end(outcome, null);
  }

  Response execute() throws IOException {
    LoadBalancer balancer = route.balancer();
    CallPlan plan = balancer.plan(context);
    chain.call().addEventListener(chainListener);
    LoadBalancingException refusal = null;
    boolean delivered = false;
    try {
      Answer answer = plan.next(Event.START, 0, null, 0);
      while (answer == Answer.SEND) {
        Lease before = lease;
        Lease now;
        try {
          now = before == null ? balancer.acquire(context) : before.another(plan.target());
        } catch (LoadBalancingException e) {
          refusal = e;
          answer = plan.next(
              Event.NOBODY, plan.attempt(), null, before == null ? 0 : before.answeredNanos());
          continue;
        }
        lease = now;
        if (before != null) {
          // After the next is leased: a closing balancer knows calls by their leases.
          before.close();
        }
        AttemptListener attempt = ownCall ? new AttemptListener(this) : chainListener;
        attempts.begin(now, attempt);
        attempt.begin(now, dialing(now, plan.target() == Target.SAME));
        try {
          Response response = deliver(send(attempt), attempt, now);
          delivered = true;
          return response;
        } catch (IOException e) {
          answer = failed(plan, attempt, now, e);
        }
      }
      throw failures == null && refusal != null
          ? refusal
          : new AttemptsFailedException(balancer, failures());
    } catch (RuntimeException e) {
      // OkHttp's dispatcher lets any other kill its thread.
      IOException failure =
          new IOException((lease == null ? balancer.name() : lease) + ": " + e, e);
      abort(failure);
      throw failure;
    } finally {
      attempts.finish();
      chainListener.finish();
      if (!delivered && lease != null) {
        abort(null); // of an Error; any other has an outcome by now
        lease.close();
      }
    }
  }

  private List<FailedAttempt> failures() {
    if (failures == null) {
      failures = new ArrayList<>(2);
    }
    return failures;
  }

  private Dialing dialing(Lease lease, boolean fresh) {
    boolean probeable = interceptor.probes() && !request.isHttps();
    return route.endpoint(lease.member()).dialing(chain, probeable, fresh, lease.startNanos());
  }

  private Response send(AttemptListener attempt) throws IOException {
    try {
      return ownCall ? sendAsOwnCall(attempt) : attempt.dialing().apply(chain).proceed(request);
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

  private Response sendAsOwnCall(AttemptListener attempt) throws IOException {
    long timeout = chain.call().timeout().timeoutNanos();
    // Counted from where this call came to the interceptor, which is later than its start by what
    // others did before.
    Long deadline = timeout > 0 ? startNanos + timeout : null;
    return interceptor
        .attemptClients()
        .execute(chain, request, attempts, attempt, userListener, deadline);
  }

  private Response deliver(Response received, AttemptListener attempt, Lease lease)
      throws IOException {
    if (attempt.schemeChange() != null) { // there is no guard if the interceptor was just added
      received.close();
      throw new ProtocolException(attempt.schemeChange());
    }
    Response response = ConnectionGuard.restoreRetryAfter(received);
    if (!attempt.answered()) {
      // No headers came over the network: it is the cache's, or an interceptor's that was added
      // after this one.
      attempt.answered(response.networkResponse() == null ? UNSENT : classify(response));
    }
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

  /** What to do after an exception: the plan's answer, or the exception itself if it is none of the balancer's business. */
  private Answer failed(CallPlan plan, AttemptListener attempt, Lease lease, IOException failure)
      throws IOException {
    if (chain.call().isCanceled()
        || Failures.isInterruption(failure)
        || Thread.currentThread().isInterrupted()) {
      end(lease, Outcome.abandoned(), failure);
      throw failure;
    }
    String schemeChange = attempt.schemeChange();
    if (schemeChange != null && !schemeChange.equals(failure.getMessage())) {
      ProtocolException explained = new ProtocolException(schemeChange);
      explained.initCause(failure);
      throw explained;
    }
    HttpUrl hop = attempt.followedUp();
    if (hop != null) {
      throw ofLaterHop(hop, failure);
    }
    if (attempt.answered()) {
      throw failure; // of who did not like the answer: not the member's
    }
    Outcome outcome = Failures.outcome(attempt, failure, plan.target() == Target.SAME);
    if (outcome == null) {
      end(lease, Outcome.ignored(), failure);
      throw failure; // of the client's own: settings, the request's body, an interceptor
    }
    end(lease, outcome, failure);
    failures().add(new FailedAttempt(lease.backend(), outcome, failure));
    // A connection that refuses streams for good is passed by without our doing, and may be a good
    // one.
    if (outcome.isConnectionLost() && !Failures.isRefusedStream(failure)) {
      attempt.dialing().retire();
    }
    boolean bodySpent = attempt.bodyBegun() && isOneShot(request.body());
    boolean tooLate = bodySpent || Failures.isPartOfAnswer(attempt, failure);
    Event event = tooLate ? Event.ANSWERED : Event.FAILED;
    Answer answer = plan.next(event, plan.attempt(), outcome, lease.answeredNanos());
    if (answer == Answer.SEND && attempt.multiplexed()) {
      ownCall = true;
      return interceptor.isInstalled() ? answer : Answer.FAIL;
    }
    return answer;
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

  private void end(Lease lease, Outcome outcome, IOException failure) {
    lease.record(outcome);
    attempts.end(outcome, failure);
  }

  /** The present attempt ended, and nobody knows how, if nothing else is known of it by now. */
  private void abort(@Nullable IOException failure) {
    if (lease != null) {
      lease.record(Outcome.ignored());
      attempts.abort(failure);
    }
  }

  static boolean isOneShot(@Nullable RequestBody body) {
    return body != null && (body.isOneShot() || body.isDuplex());
  }
}
