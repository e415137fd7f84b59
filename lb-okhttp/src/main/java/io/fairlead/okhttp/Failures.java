package io.fairlead.okhttp;

import io.fairlead.request.Outcome;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.net.UnknownServiceException;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/** What an exception out of OkHttp tells of the backend. */
final class Failures {

  // Of packages that okhttp3 does not export.
  private static final String STREAM_RESET = "okhttp3.internal.http2.StreamResetException";
  private static final String CONNECTION_SHUTDOWN =
      "okhttp3.internal.http2.ConnectionShutdownException";
  private static final String HEADERS_READER = "okhttp3.internal.http1.HeadersReader";

  private Failures() {}

  /** Whether it is the caller's thread that was interrupted, or the call whose time ran out: not an attempt's failure. */
  static boolean isInterruption(IOException failure) {
    return failure instanceof ClosedByInterruptException
        || (failure instanceof InterruptedIOException
            && !(failure instanceof SocketTimeoutException));
  }

  /**
   * The outcome of an attempt that failed before the headers of an answer were complete. Null if the failure has nothing to
   * do with the backend: it was not even looked for, or it is the request's body that failed, or an interceptor.
   *
   * @param again whether the attempt before it was lost with its connection, on the same backend
   */
  static @Nullable Outcome outcome(AttemptListener attempt, IOException failure, boolean again) {
    if (failure instanceof ConnectionGuard.StaleConnectionException) {
      return Outcome.connectionLost().unsent();
    }
    if (!attempt.sent()) {
      boolean unreachable = attempt.dialed() && !attempt.connected();
      // UnknownService: the client's settings forbid every way of connecting.
      return unreachable && !(failure instanceof UnknownServiceException)
          ? Outcome.connectFailure()
          : null;
    }
    if (!attempt.broken()) {
      return null;
    }
    String type = failure.getClass().getName();
    if (type.equals(CONNECTION_SHUTDOWN)) {
      return Outcome.connectionLost().unsent();
    }
    if (isRefusedStream(failure)) {
      // Either the backend has too much to do, or it is about to close this connection (GOAWAY), as
      // servers do from time to time. OkHttp does not tell which; the second try shows it.
      Outcome outcome =
          attempt.reused() && !again ? Outcome.connectionLost() : Outcome.protocolError();
      return outcome.unsent();
    }
    if (type.equals(STREAM_RESET)) {
      return Outcome.protocolError();
    }
    if (failure instanceof SocketTimeoutException) {
      return Outcome.timeout();
    }
    return attempt.reused() && !isPartOfAnswer(attempt, failure)
        ? Outcome.connectionLost()
        : Outcome.protocolError();
  }

  /** Whether the backend refused to take up a stream: it has done nothing with it then (RFC 9113, 8.7). */
  static boolean isRefusedStream(IOException failure) {
    return failure.getClass().getName().equals(STREAM_RESET)
        && String.valueOf(failure.getMessage()).endsWith("REFUSED_STREAM");
  }

  /**
   * Whether something of an answer had come: garbage, or headers that broke off. Of a first line that broke off by a reset
   * or a time-out OkHttp tells nothing.
   */
  static boolean isPartOfAnswer(AttemptListener attempt, IOException failure) {
    if (attempt.answerBegun() || failure instanceof ProtocolException) {
      return true;
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (isPartOfLine(cause) || isWithinHeaders(cause)) {
        return true;
      }
    }
    return false;
  }

  /** Okio tells how much of a line there was when the stream ended. */
  private static boolean isPartOfLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof EOFException
        && message.contains("limit=")
        && !message.contains("limit=0 ");
  }

  /** Between two lines nothing tells that there was one but the place in the code. */
  private static boolean isWithinHeaders(Throwable failure) {
    for (StackTraceElement frame : failure.getStackTrace()) {
      if (frame.getMethodName().equals("readHeaders")
          && frame.getClassName().equals(HEADERS_READER)) {
        return true;
      }
    }
    return false;
  }
}
