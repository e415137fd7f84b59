package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.Dns;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Several servers of one service, and their balancer. */
final class Fleet implements AutoCloseable {

  static final String HOST = "orders.example";

  /** The members in their order, from the first: what a test expects is the same each time. */
  static final Strategy IN_ORDER = Strategy.of(members -> choice -> {
    for (int i = 0; i < members.size(); i++) {
      if (choice.accepts(members.get(i))) {
        return members.get(i);
      }
    }
    return null;
  });

  private final Wire wire;
  private final String host;
  private final List<MockWebServer> servers = new ArrayList<>();
  private final LoadBalancer balancer;

  private Fleet(Wire wire, String host, int size, UnaryOperator<LoadBalancer.Builder> settings)
      throws IOException {
    this.wire = wire;
    this.host = host;
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      servers.add(wire.server(host));
      backends.add(Backend.builder(address(servers.get(i))).id("s" + i).build());
    }
    LoadBalancer.Builder builder =
        LoadBalancer.builder(host).chance(() -> 0).backends(backends).strategy(IN_ORDER);
    this.balancer = settings.apply(builder).build();
  }

  /** Calls go to the first server, and after a failure to the next. */
  static Fleet inOrder(Wire wire, int size) throws IOException {
    return inOrder(wire, size, builder -> builder);
  }

  /** As {@link #inOrder(Wire, int)}, and with further settings. */
  static Fleet inOrder(Wire wire, int size, UnaryOperator<LoadBalancer.Builder> settings)
      throws IOException {
    return new Fleet(wire, HOST, size, settings);
  }

  /** Calls go to one server after the other. */
  static Fleet inTurn(Wire wire, int size) throws IOException {
    return new Fleet(wire, HOST, size, builder -> builder.strategy(Strategy.roundRobin()));
  }

  static Fleet named(String host, Wire wire, int size) throws IOException {
    return new Fleet(wire, host, size, builder -> builder);
  }

  static String address(MockWebServer server) {
    return "127.0.0.1:" + server.getPort();
  }

  /** Answers these hosts with 127.0.0.1, and knows no others. */
  static Dns dns(String... hosts) {
    return hostname -> {
      if (List.of(hosts).contains(hostname)) {
        return List.of(InetAddress.getByAddress(hostname, new byte[] {127, 0, 0, 1}));
      }
      throw new UnknownHostException(hostname + ": not in the test's Dns");
    };
  }

  static Dns dns(Map<String, List<InetAddress>> addresses) {
    return hostname -> {
      List<InetAddress> found = addresses.get(hostname);
      if (found == null) {
        throw new UnknownHostException(hostname + ": not in the test's Dns");
      }
      return found;
    };
  }

  MockWebServer server(int i) {
    return servers.get(i);
  }

  LoadBalancer balancer() {
    return balancer;
  }

  LoadBalancingInterceptor interceptor() {
    return LoadBalancingInterceptor.of(balancer);
  }

  /** A balanced client without anything else. */
  OkHttpClient client() {
    return interceptor().install(wire.client());
  }

  /** A client without a balancer, for whom the host is the given server. Its URLs are {@link #urlAt}. */
  OkHttpClient plain() {
    return wire.client().newBuilder().dns(dns(host)).build();
  }

  HttpUrl url(String path) {
    return wire.url(host, path);
  }

  /** The logical URL with a server's port, for a plain client. */
  HttpUrl urlAt(int server, String path) {
    return url(path).newBuilder().port(server(server).getPort()).build();
  }

  Request get(String path) {
    return new Request.Builder().url(url(path)).build();
  }

  Request post(String path, String body) {
    return new Request.Builder()
        .url(url(path))
        .post(RequestBody.create(body, null))
        .build();
  }

  /** The body of the response to a GET. */
  String read(OkHttpClient client, String path) throws IOException {
    return read(client, get(path));
  }

  static String read(OkHttpClient client, Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return response.body().string();
    }
  }

  /** What the server is to answer next. */
  void answer(int server, MockResponse response) {
    server(server).enqueue(response);
  }

  void answer(int server, String body) {
    answer(server, new MockResponse.Builder().body(body).build());
  }

  /**
   * The server is to fail the next request, which goes on in the call's own chain over HTTP/1.1, and as a call of its own
   * over HTTP/2.
   */
  void fail(int server) {
    answer(server, failure(wire));
  }

  static MockResponse failure(Wire wire) {
    return new MockResponse.Builder()
        .onResponseStart(
            wire == Wire.HTTPS_2
                ? new SocketEffect.CloseStream(7) // REFUSED_STREAM
                : new SocketEffect.CloseSocket())
        .build();
  }

  /** The next request that the server has got. */
  RecordedRequest taken(int server) {
    return taken(server(server));
  }

  static RecordedRequest taken(MockWebServer server) {
    try {
      RecordedRequest request = server.takeRequest(0, java.util.concurrent.TimeUnit.SECONDS);
      assertThat(request).as("a request at %s", server).isNotNull();
      return request;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** That nothing is in flight or outstanding. */
  void assertIdle() {
    assertThat(balancer.pool().members())
        .allMatch(member -> member.inFlight() == 0 && member.outstanding() == 0);
  }

  @Override
  public void close() {
    balancer.close();
    servers.forEach(MockWebServer::close);
  }
}
