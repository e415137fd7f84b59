package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerClosedException;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.UnknownHostException;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can't work is refused as early as possible, and says what it is. */
class BadInputTest {

  private static LoadBalancer balancer(String name) {
    return LoadBalancer.builder(name)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .build();
  }

  @Test
  void twoBalancersForOneHost() {
    assertThatThrownBy(() -> LoadBalancingInterceptor.of(balancer("orders"), balancer("ORDERS")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("host: orders", "expected: one balancer for each host");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "my service",
        "http://x",
        "a:80",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "a\\b",
        "a%20b",
        "a%2fb",
        "..",
        "127.0.0.1",
        "::1",
        "[::1]",
        "10.1",
        "a\tb"
      })
  void nameThatIsNoHostName(String name) {
    assertThatThrownBy(() -> LoadBalancingInterceptor.of(balancer(name)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("host: " + name, "expected: a host name");
    assertThatThrownBy(() -> LoadBalancingInterceptor.builder().host(name, balancer("orders")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("host: " + name, "expected: a host name");
  }

  @Test
  void emptyHost() {
    assertThatThrownBy(() -> LoadBalancingInterceptor.builder().host("", balancer("orders")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: a host name");
  }

  @Test
  void noBalancer() {
    assertThatThrownBy(LoadBalancingInterceptor::of)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("balancers: none (expected: at least one)");
  }

  @ParameterizedTest
  @NullSource
  @SuppressWarnings({"NullAway", "NullableProblems"}) // it is what is tested
  void nulls(Object none) {
    LoadBalancingInterceptor.Builder builder = LoadBalancingInterceptor.builder();
    assertThatThrownBy(() -> LoadBalancingInterceptor.of((LoadBalancer[]) none))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("balancers");
    assertThatThrownBy(() -> LoadBalancingInterceptor.of((LoadBalancer) none))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("balancer");
    assertThatThrownBy(() -> builder.host((String) none, balancer("orders")))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("host");
    assertThatThrownBy(() -> builder.host("orders", (LoadBalancer) none))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("balancer");
    assertThatThrownBy(() -> builder.classifier((ResponseClassifier) none))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("classifier");
    assertThatThrownBy(() -> builder.key(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("key");
    assertThatThrownBy(
            () -> LoadBalancingInterceptor.of(balancer("orders")).install((OkHttpClient) none))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("client");
    assertThatThrownBy(() -> CallOptions.of(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("context");
    assertThatThrownBy(() -> CallOptions.withKey(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("key");
  }

  @Test
  void asANetworkInterceptor_isRefusedByInstall() {
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of(balancer("orders"));
    OkHttpClient client =
        new OkHttpClient.Builder().addNetworkInterceptor(interceptor).build();
    assertThatThrownBy(() -> interceptor.install(client))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("networkInterceptors", "expected");
  }

  @Test
  void asANetworkInterceptor_failsTheCall() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client =
          fleet.plain().newBuilder().addNetworkInterceptor(fleet.interceptor()).build();
      assertThatThrownBy(() -> Fleet.read(
              client, fleet.get("/").newBuilder().url(fleet.urlAt(0, "/")).build()))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("network interceptor", "expected");
    }
  }

  @Test
  void closedBalancer() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client = fleet.client();
      fleet.balancer().close();
      assertThatThrownBy(() -> fleet.read(client, "/"))
          .isInstanceOf(LoadBalancerClosedException.class)
          .hasMessageContaining(Fleet.HOST);
    }
  }

  private static Proxy proxy(Proxy.Type type) throws UnknownHostException {
    return new Proxy(
        type, new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 4711));
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP", "SOCKS"})
  void clientWithAProxy_isRefusedByInstall(Proxy.Type type) throws IOException {
    OkHttpClient client = new OkHttpClient.Builder().proxy(proxy(type)).build();
    assertThatThrownBy(() -> LoadBalancingInterceptor.of(balancer("orders")).install(client))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("proxy", "4711", "expected");
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP", "SOCKS"})
  void derivedClientWithAProxy_failsTheCall(Proxy.Type type) throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client = fleet.client().newBuilder().proxy(proxy(type)).build();
      assertThatThrownBy(() -> fleet.read(client, "/"))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll(Fleet.HOST, "proxy", "4711", "expected");
      fleet.assertIdle();
    }
  }

  @Test
  void clientWithoutAnyProxy_isTaken() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      fleet.answer(0, "hello");
      OkHttpClient client = fleet
          .interceptor()
          .install(Wire.HTTP.client().newBuilder().proxy(Proxy.NO_PROXY).build());
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
    }
  }
}
