package io.fairlead.okhttp;

import io.fairlead.backend.Member;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * A call to one member and no other, past the balancer: a health check. It is dialled as any attempt at that member, with the same
 * connections, but chosen by nobody, counted by nobody, and sent once.
 *
 * <p>The request carries it as a tag. One thread at a time.
 */
final class DirectedCall {

  private final Member member;
  private final boolean fresh;
  private final int timeoutMillis;
  private @Nullable Endpoint endpoint;
  private @Nullable Connection connection;
  private boolean opened;
  private boolean answered;
  private boolean timedOut;

  /**
   * A call that has not begun.
   *
   * @param fresh whether no connection will do that is there already
   * @param timeoutMillis for connecting and reading
   */
  DirectedCall(Member member, boolean fresh, int timeoutMillis) {
    this.member = member;
    this.fresh = fresh;
    this.timeoutMillis = timeoutMillis;
  }

  /** That of a request, or null if it is an ordinary one. */
  static @Nullable DirectedCall of(Request request) {
    return request.tag(DirectedCall.class);
  }

  /** What stands in a client's chain where balanced calls have their interceptor. */
  static Interceptor interceptor(Route route, boolean probes) {
    return chain -> {
      DirectedCall directed = of(chain.request());
      if (directed == null) {
        throw new IOException(
            route.balancer().name()
                + ": an interceptor has taken the tags off the request (expected: request.newBuilder())");
      }
      return directed.execute(chain, route, probes);
    };
  }

  private Response execute(Interceptor.Chain chain, Route route, boolean probes)
      throws IOException {
    Request request = chain.request();
    boolean probeable = probes && !request.isHttps();
    Endpoint endpoint = route.endpoint(member);
    long now = route.balancer().clock().nanos();
    Dialing dialing = endpoint.dialing(chain, probeable, fresh, now);
    this.endpoint = endpoint;
    chain.call().addEventListener(new Progress(dialing));
    Interceptor.Chain own = chain
        .withCache(null)
        .withConnectTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
        // Shorter than the call's: a stream on HTTP/2 that runs out of its own time has OkHttp look
        // whether the connection is dead, and one that is cancelled has not. Else a connection that
        // leads nowhere any more would fail all checks to come.
        .withReadTimeout(timeoutMillis, TimeUnit.MILLISECONDS);
    return ConnectionGuard.restoreRetryAfter(dialing.apply(own).proceed(request));
  }

  /** As a network interceptor does it: over this connection, unless that is known to be closed. */
  Response send(Interceptor.Chain chain, ConnectionGuard guard) throws IOException {
    Endpoint endpoint = this.endpoint;
    return endpoint == null
        ? chain.proceed(chain.request())
        : guard.send(chain, endpoint, reused(), true);
  }

  private boolean reused() {
    return connection != null && !opened;
  }

  /** Whether it failed, if it did, because its connection had been closed: servers close those that are idle. */
  boolean connectionLost() {
    return reused() && !answered && !timedOut;
  }

  void failed(IOException failure) {
    timedOut = failure instanceof InterruptedIOException; // as a SocketTimeoutException is
  }

  private final class Progress extends EventListener {
    private final Dialing dialing;
    private final AtomicBoolean left = new AtomicBoolean();

    Progress(Dialing dialing) {
      this.dialing = dialing;
    }

    @Override
    public void callEnd(Call call) {
      leave();
    }

    @Override
    public void callFailed(Call call, IOException failure) {
      leave();
    }

    @Override
    public void canceled(Call call) {
      leave();
    }

    private void leave() {
      if (left.compareAndSet(false, true)) {
        dialing.leave();
      }
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      dialing.connecting();
    }

    @Override
    public void connectEnd(
        Call call, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
      opened = true;
    }

    @Override
    public void connectionAcquired(Call call, Connection acquired) {
      connection = acquired;
    }

    @Override
    public void responseHeadersStart(Call call) {
      answered = true;
    }
  }
}
