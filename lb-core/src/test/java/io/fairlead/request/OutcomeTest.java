package io.fairlead.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fairlead.request.Outcome.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OutcomeTest {

  private static final Duration TEN = Duration.ofSeconds(10);

  /** The outcome, its kind, failed, censored, unsent, connection lost, its text. */
  static List<Arguments> outcomes() {
    return List.of(
        arguments(Outcome.success(), Kind.SUCCESS, false, false, false, false, "success"),
        arguments(Outcome.connectFailure(), Kind.CONNECT, true, false, true, false, "connect"),
        arguments(Outcome.timeout(), Kind.TIMEOUT, true, true, false, false, "timeout"),
        arguments(Outcome.protocolError(), Kind.PROTOCOL, true, false, false, false, "protocol"),
        arguments(
            Outcome.serverError(), Kind.SERVER_ERROR, true, false, false, false, "server error"),
        arguments(
            Outcome.unavailable(TEN),
            Kind.UNAVAILABLE,
            false,
            false,
            false,
            false,
            "unavailable for PT10S"),
        arguments(
            Outcome.throttled(Duration.ZERO),
            Kind.THROTTLED,
            false,
            false,
            false,
            false,
            "throttled for PT0S"),
        arguments(Outcome.abandoned(), Kind.ABANDONED, false, true, false, false, "abandoned"),
        arguments(Outcome.ignored(), Kind.IGNORED, false, false, false, false, "ignored"),
        arguments(
            Outcome.connectionLost(), Kind.IGNORED, false, false, false, true, "connection lost"));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void outcome_tellsWhatItMeans(
      Outcome outcome,
      Kind kind,
      boolean failed,
      boolean censored,
      boolean unsent,
      boolean connectionLost,
      String text) {
    assertThat(outcome.kind()).isEqualTo(kind);
    assertThat(outcome.failed()).isEqualTo(failed);
    assertThat(outcome.censored()).isEqualTo(censored);
    assertThat(outcome.isUnsent()).isEqualTo(unsent);
    assertThat(outcome.isConnectionLost()).isEqualTo(connectionLost);
    assertThat(outcome).hasToString(text);
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void unsent_keepsTheRest(
      Outcome outcome,
      Kind kind,
      boolean failed,
      boolean censored,
      boolean unsent,
      boolean connectionLost,
      String text) {
    Outcome changed = outcome.unsent();

    assertThat(changed.isUnsent()).isTrue();
    assertThat(changed.kind()).isEqualTo(kind);
    assertThat(changed.failed()).isEqualTo(failed);
    assertThat(changed.censored()).isEqualTo(censored);
    assertThat(changed.isConnectionLost()).isEqualTo(connectionLost);
    assertThat(changed.retryAfter()).isEqualTo(outcome.retryAfter());
    assertThat(changed).hasToString(kind == Kind.CONNECT ? text : text + ", unsent");
    assertThat(changed.equals(outcome)).isEqualTo(unsent);
    assertThat(changed.unsent()).isEqualTo(changed).hasSameHashCodeAs(changed);
  }

  static List<Arguments> exceptions() {
    return List.of(
        arguments(new ConnectException(), Outcome.connectFailure()),
        arguments(new NoRouteToHostException(), Outcome.connectFailure()),
        arguments(new UnknownHostException(), Outcome.connectFailure()),
        arguments(new UnresolvedAddressException(), Outcome.connectFailure()),
        arguments(new SSLHandshakeException("no"), Outcome.connectFailure()),
        arguments(new SSLPeerUnverifiedException("no"), Outcome.connectFailure()),
        arguments(new SocketTimeoutException(), Outcome.timeout()),
        arguments(new HttpConnectTimeoutException("slow"), Outcome.connectFailure()),
        arguments(new HttpTimeoutException("slow"), Outcome.timeout()),
        arguments(new InterruptedIOException(), Outcome.abandoned()),
        arguments(new InterruptedException(), Outcome.abandoned()),
        arguments(new IOException(), Outcome.protocolError()),
        arguments(new EOFException(), Outcome.protocolError()),
        arguments(new SocketException("Connection reset"), Outcome.protocolError()),
        arguments(new SSLException("no"), Outcome.protocolError()),
        arguments(new SSLProtocolException("no"), Outcome.protocolError()),
        arguments(new IllegalStateException(), Outcome.ignored()),
        arguments(new AssertionError(), Outcome.ignored()),
        arguments(new Exception(), Outcome.ignored()));
  }

  @ParameterizedTest
  @MethodSource("exceptions")
  void of_anException(Throwable failure, Outcome expected) {
    assertThat(Outcome.of(failure)).isEqualTo(expected);
  }

  @Test
  void of_null_isRefused() {
    assertThatNullPointerException().isThrownBy(() -> Outcome.of(null)).withMessage("failure");
  }

  @Test
  void retryAfter_ofThoseThatAskForIt() {
    assertThat(Outcome.unavailable(TEN).retryAfter()).isEqualTo(TEN);
    assertThat(Outcome.throttled(TEN).retryAfter()).isEqualTo(TEN);
    assertThat(Outcome.serverError().retryAfter()).isNull();
  }

  @Test
  void retryAfter_negativeOrNull_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Outcome.unavailable(Duration.ofMillis(-1)))
        .withMessage("retryAfter: PT-0.001S (expected: zero or more)");
    assertThatIllegalArgumentException().isThrownBy(() -> Outcome.throttled(Duration.ofDays(-1)));
    assertThatNullPointerException()
        .isThrownBy(() -> Outcome.throttled(null))
        .withMessage("retryAfter");
  }

  @Test
  void equals_everythingInIt() {
    assertThat(Outcome.unavailable(TEN)).isEqualTo(Outcome.unavailable(Duration.ofSeconds(10)));
    assertThat(Outcome.unavailable(TEN)).hasSameHashCodeAs(Outcome.unavailable(TEN));
    assertThat(Outcome.unavailable(TEN)).isNotEqualTo(Outcome.unavailable(TEN.plusNanos(1)));
    assertThat(Outcome.unavailable(TEN)).isNotEqualTo(Outcome.throttled(TEN));
    assertThat(Outcome.ignored()).isNotEqualTo(Outcome.connectionLost());
    assertThat(Outcome.success()).isNotEqualTo("success").isNotEqualTo(null);
  }

  @Test
  void overloaded_timeoutsAndWhatAsksForLess() {
    assertThat(List.of(
            Outcome.timeout(),
            Outcome.unavailable(Duration.ZERO),
            Outcome.throttled(Duration.ZERO),
            Outcome.timeout().unsent()))
        .allMatch(Outcome::overloaded);
    assertThat(List.of(
            Outcome.success(),
            Outcome.connectFailure(),
            Outcome.protocolError(),
            Outcome.serverError(),
            Outcome.abandoned(),
            Outcome.ignored()))
        .noneMatch(Outcome::overloaded);
  }
}
