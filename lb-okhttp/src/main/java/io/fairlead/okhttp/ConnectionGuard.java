package io.fairlead.okhttp;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import okhttp3.Connection;
import okhttp3.Headers;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * The network interceptor of an installed client: keeps a balanced request from being written to a connection that is closed
 * already, and OkHttp from sending one again by itself and from keeping what the backend closes.
 */
final class ConnectionGuard implements Interceptor {

  static final String RETRY_AFTER = "Retry-After";

  /** Where a {@code Retry-After} waits until OkHttp's own follow-ups are past. */
  static final String HIDDEN_RETRY_AFTER = "Fairlead-Retry-After";

  /**
   * How long a connection with TLS, or over a client's own kind of socket, must have been idle before a look at it may cost the
   * millisecond that it takes: 1 % then.
   */
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Nothing has been sent: the connection was found closed before. */
  static final class StaleConnectionException extends IOException {
    private static final long serialVersionUID = 1L;

    StaleConnectionException() {
      super("the backend had closed the idle connection");
    }
  }

  // When those connections became idle, by local port, of which there are not many. That a port
  // stands for several connections at times makes for a look too many or too few.
  private final Map<Integer, Long> idleSince = new ConcurrentHashMap<>();

  @Override
  public Response intercept(Chain chain) throws IOException {
    Request request = chain.request();
    AttemptListener attempt = listener(chain);
    if (attempt == null || attempt.balanced().guard() != this) {
      DirectedCall directed = DirectedCall.of(request);
      return directed == null ? chain.proceed(request) : directed.send(chain, this);
    }
    BalancedCall balanced = attempt.balanced();
    String schemeChange = balanced.schemeChange(request.url());
    if (schemeChange != null) {
      throw new ProtocolException(schemeChange);
    }
    Endpoint endpoint = attempt.dialing().endpoint();
    return send(chain, endpoint, attempt.reused() && !attempt.answered(), balanced.repeatable());
  }

  /**
   * Sends it over its connection.
   *
   * @param look whether that may have been closed since
   * @throws StaleConnectionException if it has
   */
  Response send(Chain chain, Endpoint endpoint, boolean look, boolean repeatable)
      throws IOException {
    Request request = chain.request();
    Connection connection = Objects.requireNonNull(chain.connection(), "connection");
    if (look && isStale(connection, repeatable)) {
      throw new StaleConnectionException();
    }
    if (!endpoint.isLogical(request.url().host())) {
      return hideRetryAfter(chain.proceed(request));
    }
    Response response = chain.proceed(endpoint.closesConnections() ? closing(request) : request);
    endpoint.closesConnections(closesConnection(response));
    endpoint.multiplexed(AttemptListener.isMultiplexed(connection));
    return hideRetryAfter(response);
  }

  /** Of the attempt that this hop belongs to; null if it belongs to none. */
  private static @Nullable AttemptListener listener(Chain chain) {
    OwnCall own = chain.call().tag(OwnCall.class);
    if (own != null) {
      return own.listener();
    }
    Attempts attempts = chain.call().tag(Attempts.class);
    return attempts == null ? null : attempts.listener();
  }

  /** OkHttp keeps no connection over which it has said so. */
  private static Request closing(Request request) {
    return request.newBuilder().header("Connection", "close").build();
  }

  /**
   * Whether it is of a backend that closes each connection without saying so, as HTTP/1.0 has it. OkHttp would keep it, and
   * lose the next request on it.
   */
  private static boolean closesConnection(Response response) {
    return response.protocol() == Protocol.HTTP_1_0
        && !"keep-alive".equalsIgnoreCase(response.header("Connection"));
  }

  /** Whether the backend has closed it: looked for where that costs nothing, or the request may be sent but once. */
  private boolean isStale(Connection connection, boolean repeatable) {
    if (AttemptListener.isMultiplexed(connection)) {
      return false; // its reader has noticed
    }
    Socket socket = connection.socket();
    if (socket instanceof BackendSocket backend && backend.canTell()) {
      return backend.isStale();
    }
    if (repeatable) {
      return false;
    }
    Long since = idleSince.get(socket.getLocalPort());
    return (since == null || System.nanoTime() - since >= IDLE_NANOS) && endsAtOnce(socket);
  }

  /** Reads for a millisecond, the least there is; finds an end of stream at once. */
  private static boolean endsAtOnce(Socket socket) {
    try {
      int timeout = socket.getSoTimeout();
      socket.setSoTimeout(1);
      try {
        socket.getInputStream().read(); // the end, or what nobody asked for
        return true;
      } catch (SocketTimeoutException e) {
        return false;
      } finally {
        socket.setSoTimeout(timeout);
      }
    } catch (IOException e) {
      return true;
    }
  }

  /** A connection has nothing to do from now on. */
  void idle(Connection connection) {
    Socket socket = connection.socket();
    boolean canTell = socket instanceof BackendSocket backend && backend.canTell();
    if (!canTell && !AttemptListener.isMultiplexed(connection)) {
      idleSince.put(socket.getLocalPort(), System.nanoTime());
    }
  }

  /**
   * OkHttp would send the request again, a POST too, on a 503 with {@code Retry-After: 0}, and throw a
   * NumberFormatException for one that is no int. It looks at that header only for 503 and 408.
   */
  private static Response hideRetryAfter(Response response) {
    return asksForPatience(response) ? rename(response, RETRY_AFTER, HIDDEN_RETRY_AFTER) : response;
  }

  /** The response with the header as the backend gave it. */
  static Response restoreRetryAfter(Response response) {
    if (!asksForPatience(response) || response.header(HIDDEN_RETRY_AFTER) == null) {
      return response;
    }
    Response network = response.networkResponse();
    return rename(response, HIDDEN_RETRY_AFTER, RETRY_AFTER)
        .newBuilder()
        .networkResponse(network == null ? null : restoreRetryAfter(network))
        .build();
  }

  private static boolean asksForPatience(Response response) {
    return response.code() == 503 || response.code() == 408;
  }

  private static Response rename(Response response, String from, String to) {
    List<String> values = response.headers(from);
    if (values.isEmpty()) {
      return response;
    }
    Headers.Builder headers = response.headers().newBuilder().removeAll(from);
    for (String value : values) {
      headers.addUnsafeNonAscii(to, value); // a backend's header may hold what a client's may not
    }
    return response.newBuilder().headers(headers.build()).build();
  }
}
