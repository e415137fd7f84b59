package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.testing.FakeClock;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that may not become older than told: what comes after goes over new ones, and the old ones end with their last call. */
class ConnectionAgeTest {

  private static final int LARGE = 4_000_000; // too much to be on its way unread
  private static final Duration AGE = Duration.ofSeconds(10);

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 5_000_000_000L);
  private final WatchedSockets sockets = new WatchedSockets();

  private Fleet fleet(Wire wire) throws IOException {
    return Fleet.inOrder(wire, 1, builder -> builder.time(clock));
  }

  private OkHttpClient client(Fleet fleet, Wire wire) {
    return LoadBalancingInterceptor.builder()
        .balancer(fleet.balancer())
        .maxConnectionAge(AGE)
        .build()
        .install(wire.client().newBuilder().socketFactory(sockets).build());
  }

  private static int connectionOf(Fleet fleet, OkHttpClient client) throws IOException {
    fleet.answer(0, "hello");
    assertThat(fleet.read(client, "/")).isEqualTo("hello");
    return fleet.taken(0).getConnectionIndex();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void afterItsTime_theNextRequestHasANewOne_andTheOldOneIsClosed(Wire wire) throws Exception {
    try (Fleet fleet = fleet(wire)) {
      OkHttpClient client = client(fleet, wire);
      clock.advance(Duration.ofSeconds(30)); // counts from the first connection only
      assertThat(connectionOf(fleet, client)).isZero();
      for (int connection = 1; connection < 4; connection++) {
        clock.advance(Duration.ofMillis(7_900)); // shortened by no more than a fifth
        assertThat(connectionOf(fleet, client)).isEqualTo(connection - 1);
        clock.advance(Duration.ofMillis(2_100));
        assertThat(connectionOf(fleet, client)).isEqualTo(connection);
        sockets.awaitClosing();
        assertThat(sockets.open()).isEqualTo(1);
      }
      assertThat(connectionOf(fleet, client)).isEqualTo(3);
      assertThat(client.connectionPool().connectionCount()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void bodyOnTheOldOne_isReadToItsEnd_andItIsClosedThen(Wire wire) throws Exception {
    try (Fleet fleet = fleet(wire)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(
          0,
          new MockResponse.Builder().body(new Buffer().write(new byte[LARGE])).build());
      try (Response response = client.newCall(fleet.get("/")).execute()) {
        fleet.taken(0);
        clock.advance(AGE);
        assertThat(connectionOf(fleet, client)).isEqualTo(1);
        assertThat(sockets.open()).isEqualTo(2);
        assertThat(response.body().bytes()).hasSize(LARGE);
      }
      sockets.awaitClosing();
      assertThat(sockets.open()).isEqualTo(1);
      assertThat(connectionOf(fleet, client)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void abandonedBody_closesTheOldOneToo(Wire wire) throws Exception {
    try (Fleet fleet = fleet(wire)) {
      OkHttpClient client = client(fleet, wire);
      fleet.answer(
          0,
          new MockResponse.Builder().body(new Buffer().write(new byte[LARGE])).build());
      okhttp3.Call call = client.newCall(fleet.get("/"));
      try (Response response = call.execute()) {
        assertThat(response.code()).isEqualTo(200);
        clock.advance(AGE);
        fleet.taken(0);
        assertThat(connectionOf(fleet, client)).isEqualTo(1);
        call.cancel();
        sockets.awaitClosing();
        assertThat(sockets.open()).isEqualTo(1);
      }
      assertThat(connectionOf(fleet, client)).isEqualTo(1);
    }
  }

  @Test
  void newOne_looksTheNameUpAgain() throws Exception {
    AtomicInteger lookups = new AtomicInteger();
    try (Fleet fleet = fleet(Wire.HTTP)) {
      Backend named = Backend.of("backend.example", fleet.server(0).getPort());
      fleet.balancer().pool().update(List.of(named));
      OkHttpClient client = client(fleet, Wire.HTTP)
          .newBuilder()
          .dns(hostname -> {
            lookups.incrementAndGet();
            return List.of(InetAddress.getByAddress(hostname, new byte[] {127, 0, 0, 1}));
          })
          .build();
      connectionOf(fleet, client);
      connectionOf(fleet, client);
      assertThat(lookups).hasValue(1);
      clock.advance(AGE);
      connectionOf(fleet, client);
      assertThat(lookups).hasValue(2);
    }
  }

  /** Or each round of attempts would leave OkHttp a route that failed, for ever. */
  @Test
  void backendThatIsDown_doesNotAge() {
    Endpoint endpoint = new Endpoint(
        Backend.of("127.0.0.1:8080"),
        Set.of("orders"),
        1,
        new Lifetime(AGE.toNanos(), clock, () -> 0));
    Epoch epoch = endpoint.present(0);
    clock.advance(AGE.multipliedBy(100));
    assertThat(epoch.isOver(clock.nanos())).isFalse();
    epoch.connected();
    clock.advance(AGE.minusNanos(1));
    epoch.connected();
    assertThat(epoch.isOver(clock.nanos())).isFalse();
    clock.advance(Duration.ofNanos(1));
    assertThat(epoch.isOver(clock.nanos())).isTrue();
  }

  @Test
  void lifetime_isShortenedByUpToAFifth_atRandom() {
    long age = AGE.toNanos();
    long now = clock.nanos();
    assertThat(new Lifetime(age, clock, () -> 0).endNanos() - now).isEqualTo(age);
    assertThat(new Lifetime(age, clock, () -> 1L << 63).endNanos() - now).isEqualTo(age / 10 * 9);
    assertThat(new Lifetime(age, clock, () -> -1).endNanos() - now)
        .isBetween(age / 10 * 8, age / 10 * 8 + 10);
    assertThat(new Lifetime(1, () -> -1, () -> 0).endNanos()).as("0 is none").isEqualTo(1);
  }

  @Test
  void maxConnectionAge_isChecked() {
    LoadBalancingInterceptor.Builder builder = LoadBalancingInterceptor.builder();
    assertThatThrownBy(() -> builder.maxConnectionAge(Duration.ofMillis(999)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxConnectionAge: PT0.999S (expected: 1 second to 365 days)");
    assertThatThrownBy(() -> builder.maxConnectionAge(Duration.ofDays(365).plusNanos(1)))
        .isInstanceOf(IllegalArgumentException.class);
    try (LoadBalancer orders = LoadBalancer.builder("orders").build()) {
      builder
          .balancer(orders)
          .maxConnectionAge(Duration.ofSeconds(1))
          .maxConnectionAge(Duration.ofDays(365))
          .build();
    }
  }
}
