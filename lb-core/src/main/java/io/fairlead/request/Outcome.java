package io.fairlead.request;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * What became of one attempt, as far as it tells something of the backend. A client's own mistake (a 4xx, say) is a
 * success here: the backend did its work.
 *
 * <p>Immutable. The factories without an argument allocate nothing.
 */
public final class Outcome {

  /** What kind of end it was. */
  public enum Kind {
    /** The backend answered, and well. */
    SUCCESS,
    /** No connection came about: refused, unreachable, unknown host, TLS handshake failed. Nothing was sent. */
    CONNECT,
    /** The attempt's own time ran out. */
    TIMEOUT,
    /** The connection broke, or what came was no proper answer. */
    PROTOCOL,
    /** The backend answered that it failed, as a 500 does. */
    SERVER_ERROR,
    /** The backend asks to be left alone for a while, as a 503 with Retry-After does. Not a failure. */
    UNAVAILABLE,
    /** The backend asks this caller for fewer requests, as a 429 does. Not a failure. */
    THROTTLED,
    /**
     * The attempt did not finish, for no fault of the backend that is known: its caller cancelled it, or the lease was
     * closed without an outcome. The elapsed time is only a lower bound.
     */
    ABANDONED,
    /** Nothing is to be learned: answered from a cache, say, or a bug in the caller's code. */
    IGNORED
  }

  private static final Outcome SUCCESS = new Outcome(Kind.SUCCESS, null, false, false);
  private static final Outcome CONNECT = new Outcome(Kind.CONNECT, null, true, false);
  private static final Outcome TIMEOUT = new Outcome(Kind.TIMEOUT, null, false, false);
  private static final Outcome PROTOCOL = new Outcome(Kind.PROTOCOL, null, false, false);
  private static final Outcome SERVER_ERROR = new Outcome(Kind.SERVER_ERROR, null, false, false);
  private static final Outcome ABANDONED = new Outcome(Kind.ABANDONED, null, false, false);
  private static final Outcome IGNORED = new Outcome(Kind.IGNORED, null, false, false);
  private static final Outcome CONNECTION_LOST = new Outcome(Kind.IGNORED, null, false, true);

  private final Kind kind;
  private final @Nullable Duration retryAfter;
  private final boolean unsent;
  private final boolean connectionLost;

  private Outcome(
      Kind kind, @Nullable Duration retryAfter, boolean unsent, boolean connectionLost) {
    this.kind = kind;
    this.retryAfter = retryAfter;
    this.unsent = unsent;
    this.connectionLost = connectionLost;
  }

  /** {@link Kind#SUCCESS}. */
  public static Outcome success() {
    return SUCCESS;
  }

  /** {@link Kind#CONNECT}, and so {@linkplain #isUnsent() unsent}. */
  public static Outcome connectFailure() {
    return CONNECT;
  }

  /** {@link Kind#TIMEOUT}. */
  public static Outcome timeout() {
    return TIMEOUT;
  }

  /** {@link Kind#PROTOCOL}. */
  public static Outcome protocolError() {
    return PROTOCOL;
  }

  /** {@link Kind#SERVER_ERROR}. */
  public static Outcome serverError() {
    return SERVER_ERROR;
  }

  /**
   * {@link Kind#UNAVAILABLE}.
   *
   * @param retryAfter how long the backend asks to be left alone, zero or more
   */
  public static Outcome unavailable(Duration retryAfter) {
    return new Outcome(Kind.UNAVAILABLE, checkRetryAfter(retryAfter), false, false);
  }

  /**
   * {@link Kind#THROTTLED}.
   *
   * @param retryAfter how long the backend asks for fewer requests, zero or more
   */
  public static Outcome throttled(Duration retryAfter) {
    return new Outcome(Kind.THROTTLED, checkRetryAfter(retryAfter), false, false);
  }

  /** {@link Kind#ABANDONED}. */
  public static Outcome abandoned() {
    return ABANDONED;
  }

  /** {@link Kind#IGNORED}. */
  public static Outcome ignored() {
    return IGNORED;
  }

  /**
   * {@link Kind#IGNORED}, since a kept connection that was used again failed before any byte of an answer: servers close
   * idle connections all the time, so this tells of the connection and not of the backend. A request that may be
   * repeated goes to the same backend once more, on a fresh connection.
   */
  public static Outcome connectionLost() {
    return CONNECTION_LOST;
  }

  /**
   * What an exception tells in general: {@link Kind#CONNECT} for a refused or unreachable address, an unknown host and a
   * failed TLS handshake; {@link Kind#TIMEOUT} for a {@link SocketTimeoutException}, which does not say whether it was the
   * connecting that took too long; {@link Kind#ABANDONED} for any other interruption; {@link Kind#PROTOCOL} for any other
   * {@link IOException}; and {@link Kind#IGNORED} for what is no IOException, which is taken for a bug on this side. Time-outs
   * of {@code java.net.http} are known too.
   */
  public static Outcome of(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    if (failure instanceof ConnectException
        || failure instanceof NoRouteToHostException
        || failure instanceof UnknownHostException
        || failure instanceof UnresolvedAddressException
        || failure instanceof SSLHandshakeException
        || failure instanceof SSLPeerUnverifiedException) {
      return CONNECT;
    }
    // By name, since the module java.net.http need not be there.
    String type = failure.getClass().getName();
    if (type.equals("java.net.http.HttpConnectTimeoutException")) {
      return CONNECT;
    }
    if (failure instanceof SocketTimeoutException
        || type.equals("java.net.http.HttpTimeoutException")) {
      return TIMEOUT;
    }
    if (failure instanceof InterruptedIOException || failure instanceof InterruptedException) {
      return ABANDONED;
    }
    return failure instanceof IOException ? PROTOCOL : IGNORED;
  }

  /**
   * The same outcome, with the knowledge that nothing of the request reached the backend, so that even one that must not
   * be repeated may go to another.
   */
  public Outcome unsent() {
    return unsent ? this : new Outcome(kind, retryAfter, true, connectionLost);
  }

  /** What kind of end it was. */
  public Kind kind() {
    return kind;
  }

  /** Whether the backend failed: {@code CONNECT}, {@code TIMEOUT}, {@code PROTOCOL} or {@code SERVER_ERROR}. */
  public boolean failed() {
    return switch (kind) {
      case CONNECT, TIMEOUT, PROTOCOL, SERVER_ERROR -> true;
      case SUCCESS, UNAVAILABLE, THROTTLED, ABANDONED, IGNORED -> false;
    };
  }

  /**
   * Whether it tells that there was too much to do: {@code TIMEOUT}, {@code UNAVAILABLE} and {@code THROTTLED}. A limit on what
   * is in flight takes it for a sign to go down.
   */
  public boolean overloaded() {
    return kind == Kind.TIMEOUT || kind == Kind.UNAVAILABLE || kind == Kind.THROTTLED;
  }

  /**
   * Whether the attempt was cut short, so that its elapsed time is only a lower bound, which may raise an estimate of the
   * backend's latency and never lower it: {@code ABANDONED} and {@code TIMEOUT}.
   */
  public boolean censored() {
    return kind == Kind.ABANDONED || kind == Kind.TIMEOUT;
  }

  /** Whether it is certain that nothing of the request reached the backend. */
  public boolean isUnsent() {
    return unsent;
  }

  /** Whether it was a {@linkplain #connectionLost() kept connection} that failed, and not the backend. */
  public boolean isConnectionLost() {
    return connectionLost;
  }

  /** How long the backend asks to be spared; null unless {@code UNAVAILABLE} or {@code THROTTLED}. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  private static Duration checkRetryAfter(Duration retryAfter) {
    if (Objects.requireNonNull(retryAfter, "retryAfter").isNegative()) {
      throw new IllegalArgumentException("retryAfter: " + retryAfter + " (expected: zero or more)");
    }
    return retryAfter;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Outcome that
        && kind == that.kind
        && unsent == that.unsent
        && connectionLost == that.connectionLost
        && Objects.equals(retryAfter, that.retryAfter);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, retryAfter, unsent, connectionLost);
  }

  /** As in {@code connect}, {@code unavailable for PT5S}, {@code protocol, unsent}, {@code connection lost}. */
  @Override
  public String toString() {
    String text = connectionLost
        ? "connection lost"
        : kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    if (retryAfter != null) {
      text += " for " + retryAfter;
    }
    return unsent && kind != Kind.CONNECT ? text + ", unsent" : text;
  }
}
