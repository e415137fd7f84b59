package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.HealthCheck;
import io.fairlead.HealthProbe;
import io.fairlead.backend.Member;
import io.fairlead.testing.FakeClock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that are there before the first request. */
class WarmUpTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final WatchedSockets sockets = new WatchedSockets();

  private static void answering(Fleet fleet, int code) {
    fleet.server(0).setDispatcher(new Dispatcher() {
      @Override
      public MockResponse dispatch(RecordedRequest request) {
        return new MockResponse.Builder().code(code).body("hello").build();
      }
    });
  }

  private OkHttpClient client(Fleet fleet, Wire wire, int slots) {
    return LoadBalancingInterceptor.builder()
        .balancer(fleet.balancer())
        .connectionsPerBackend(slots)
        .maxConnectionAge(Duration.ofMinutes(1))
        .build()
        .install(wire.client().newBuilder().socketFactory(sockets).build());
  }

  private static HttpHealthCheck check(OkHttpClient client, Wire wire) {
    return HttpHealthCheck.get(client, wire.url(Fleet.HOST, "/health").toString());
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP, 4, 1, 4",
    "HTTP, 4, 2, 4",
    "HTTPS_1, 3, 1, 3",
    "HTTPS_2, 4, 1, 1",
    "HTTPS_2, 4, 3, 3",
    "HTTPS_2, 9, 3, 3",
    "HTTP, 1, 1, 1"
  })
  void check_seesToIt(Wire wire, int asked, int slots, int expected) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      answering(fleet, 200);
      OkHttpClient client = client(fleet, wire, slots);
      Member member = fleet.balancer().pool().members().get(0);
      HealthProbe probe = check(client, wire).warmUp(asked);
      for (int i = 0; i < 3; i++) {
        probe.check(member, PATIENCE);
        assertThat(sockets.open()).isEqualTo(expected);
      }
      List<Response> open = new ArrayList<>();
      for (int i = 0; i < expected; i++) {
        open.add(client.newCall(fleet.get("/")).execute());
      }
      open.forEach(Response::close);
      assertThat(sockets.open()).as("those that were there are used").isEqualTo(expected);
    }
  }

  @Test
  void newServers_haveThem_beforeTheyGetRequests() throws Exception {
    FakeClock clock = new FakeClock();
    try (Fleet fleet =
        Fleet.inOrder(Wire.HTTP, 1, builder -> builder.time(clock).executor(Runnable::run))) {
      answering(fleet, 200);
      OkHttpClient client = client(fleet, Wire.HTTP, 1);
      fleet
          .balancer()
          .check(HealthCheck.builder(check(client, Wire.HTTP).warmUp(3))
              .initially(HealthCheck.State.DOWN)
              .build());
      clock.runDue();
      assertThat(sockets.open()).isEqualTo(3);
      assertThat(fleet.balancer().pool().members()).allMatch(Member::available);
    }
  }

  /** A check is no exception: its connection is closed with the others when the time of all is over. */
  @Test
  void checks_goByTheMaximumAge_andKeepNothingOpen() throws Exception {
    FakeClock clock = new FakeClock();
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 1, builder -> builder.time(clock))) {
      answering(fleet, 200);
      HealthProbe probe = check(client(fleet, Wire.HTTPS_2, 1), Wire.HTTPS_2);
      Member member = fleet.balancer().pool().members().get(0);
      for (int i = 0; i < 3; i++) {
        probe.check(member, PATIENCE);
        assertThat(sockets.open()).isEqualTo(1);
        clock.advance(Duration.ofMinutes(1));
      }
      fleet.balancer().pool().update(List.of());
      for (int i = 0; i < 3; i++) {
        sockets.awaitClosing();
      }
      assertThatThrownBy(() -> probe.check(member, PATIENCE)).isInstanceOf(IOException.class);
      assertThat(sockets.open()).as("nobody dials who has left").isZero();
    }
  }

  @Test
  void failedCheck_opensNothingFurther() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      answering(fleet, 503);
      HealthProbe probe = check(client(fleet, Wire.HTTP, 1), Wire.HTTP).warmUp(3);
      Member member = fleet.balancer().pool().members().get(0);
      assertThatThrownBy(() -> probe.check(member, PATIENCE)).isInstanceOf(IOException.class);
      assertThat(sockets.open()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65})
  void warmUp_isChecked(int connections) throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      HttpHealthCheck check = check(fleet.client(), Wire.HTTP);
      assertThatThrownBy(() -> check.warmUp(connections))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("warmUp: " + connections + " (expected: 1 to 64)");
    }
  }
}
