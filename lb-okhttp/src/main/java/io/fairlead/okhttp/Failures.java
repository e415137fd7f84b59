package io.fairlead.okhttp;

import io.fairlead.request.Outcome;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/** What an exception out of OkHttp tells of the backend. */
final class Failures {

  // Of packages that okhttp3 does not export.
  private static final String STREAM_RESET = "okhttp3.internal.http2.StreamResetException";
  private static final String CONNECTION_SHUTDOWN =
      "okhttp3.internal.http2.ConnectionShutdownException";

  private Failures() {}

  /** Whether it is the caller's thread that was interrupted, or the call whose time ran out: not an attempt's failure. */
  static boolean isInterruption(IOException failure) {
    return failure instanceof ClosedByInterruptException
        || (failure instanceof InterruptedIOException
            && !(failure instanceof SocketTimeoutException));
  }

  /**
   * The outcome of an attempt that failed before the headers of an answer were complete. Null if the failure has nothing to
   * do with the backend: it was not even looked for, or what failed is an interceptor or the request's own body.
   */
  static @Nullable Outcome outcome(AttemptListener attempt, IOException failure) {
    if (failure instanceof ConnectionGuard.StaleConnectionException) {
      return Outcome.connectionLost().unsent();
    }
    if (!attempt.sent()) {
      return attempt.dialed() && !attempt.connected() ? Outcome.connectFailure() : null;
    }
    if (!attempt.broken() && !(failure instanceof ProtocolException)) {
      return null;
    }
    String type = failure.getClass().getName();
    if (type.equals(CONNECTION_SHUTDOWN)) {
      return Outcome.connectionLost().unsent();
    }
    if (type.equals(STREAM_RESET)) {
      boolean refused = String.valueOf(failure.getMessage()).endsWith("REFUSED_STREAM");
      return refused ? Outcome.protocolError().unsent() : Outcome.protocolError();
    }
    if (failure instanceof SocketTimeoutException) {
      return Outcome.timeout();
    }
    return attempt.reused() && !isPartOfAnswer(failure)
        ? Outcome.connectionLost()
        : Outcome.protocolError();
  }

  /** Whether something of an answer had come: garbage, or headers that broke off. */
  static boolean isPartOfAnswer(IOException failure) {
    if (failure instanceof ProtocolException) {
      return true;
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      // Okio tells how much of a line there was when the stream ended.
      String message = String.valueOf(cause.getMessage());
      if (cause instanceof EOFException && message.contains("limit=")) {
        return !message.contains("limit=0 ");
      }
    }
    return false;
  }
}
