package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.HealthCheck.State;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The settings of health checks, and the probe that comes with them. */
class HealthCheckTest {

  private static final HealthProbe WELL = (member, timeout) -> {};

  @Test
  void defaults() {
    HealthCheck check = HealthCheck.builder(WELL).build();

    assertThat(check.intervalNanos()).isEqualTo(5_000_000_000L);
    assertThat(check.jitter()).isEqualTo(0.2);
    assertThat(check.timeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(check.rise()).isEqualTo(2);
    assertThat(check.fall()).isEqualTo(3);
    assertThat(check.initially()).isEqualTo(State.UP);
    assertThat(HealthCheck.tcp()).hasToString("HealthCheck{tcp every PT5S}");
  }

  @Test
  void settingsOutOfRange_areRefused() {
    refused(
        b -> b.interval(Duration.ofMillis(99)), "interval: PT0.099S (expected: PT0.1S to PT24H)");
    refused(b -> b.interval(Duration.ofHours(25)), "interval: PT25H (expected: PT0.1S to PT24H)");
    refused(b -> b.jitter(-0.1), "jitter: -0.1 (expected: 0 to 0.9)");
    refused(b -> b.jitter(Double.NaN), "jitter: NaN (expected: 0 to 0.9)");
    refused(b -> b.timeout(Duration.ZERO), "timeout: PT0S (expected: PT0.001S to PT1H)");
    refused(b -> b.timeout(Duration.ofHours(2)), "timeout: PT2H (expected: PT0.001S to PT1H)");
    refused(b -> b.rise(0), "rise: 0 (expected: 1 or more)");
    refused(b -> b.fall(-1), "fall: -1 (expected: 1 or more)");
  }

  private static void refused(Consumer<HealthCheck.Builder> setting, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> setting.accept(HealthCheck.builder(WELL)))
        .withMessage(message);
  }

  @Test
  void null_isRefused() {
    assertThatNullPointerException().isThrownBy(() -> HealthCheck.builder(null));
    assertThatNullPointerException()
        .isThrownBy(() -> HealthCheck.builder(WELL).initially(null))
        .withMessage("initially");
  }

  private static void tcp(String host, int port) throws Exception {
    LoadBalancer balancer =
        LoadBalancer.builder("orders").backends(List.of(Backend.of(host, port))).build();
    Member member = balancer.pool().members().get(0);
    HealthProbe.tcp().check(member, Duration.ofSeconds(20));
  }

  @Test
  void tcp_listening_isWell_byAddressAndByName() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      tcp("127.0.0.1", server.getLocalPort());
      tcp("localhost", server.getLocalPort());
    }
  }

  @Test
  void tcp_notListening_isNot() throws IOException {
    int port;
    try (ServerSocket server = new ServerSocket(0)) {
      port = server.getLocalPort();
    }

    assertThat(catchThrowable(() -> tcp("127.0.0.1", port))).isInstanceOf(ConnectException.class);
  }

  @Test
  void tcp_unknownHost_isNot() {
    assertThat(catchThrowable(() -> tcp("nobody.invalid", 80)))
        .isInstanceOf(UnknownHostException.class);
  }
}
