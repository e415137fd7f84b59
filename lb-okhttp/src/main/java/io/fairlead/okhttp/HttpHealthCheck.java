package io.fairlead.okhttp;

import io.fairlead.HealthProbe;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Member;
import io.fairlead.time.NanoClock;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * A {@link HealthProbe} that asks each server over HTTP: a GET that has to be answered with a given status, from 200 to 299 unless
 * said otherwise.
 *
 * <pre>{@code
 * OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
 * orders.check(HealthCheck.builder(HttpHealthCheck.get(client, "http://orders/health")).build());
 * }</pre>
 *
 * <p>A check goes the way of the calls that it stands for: through the client's interceptors, with its TLS, certificates and
 * protocols, over the same connections, so that it keeps one open too. But it goes to the server that is checked, past limits,
 * strategy and accounts; nothing comes from the client's cache, no redirect is followed, and it is sent once (and once more if the
 * kept connection had been closed by the server). The client's event listener hears of it as of any call.
 *
 * <p>Certificates are verified when a connection is made: one that has expired fails the first check over a new connection, and
 * not those over a kept one.
 *
 * <p>Immutable and thread-safe.
 */
public final class HttpHealthCheck implements HealthProbe {

  /** Which answer is a good one. */
  private record Expected(Predicate<? super Response> condition, String text) {}

  private final OkHttpClient client;
  private final Route route;
  private final Request request;
  private final Expected expected;

  private HttpHealthCheck(OkHttpClient client, Route route, Request request, Expected expected) {
    this.client = client;
    this.route = route;
    this.request = request;
    this.expected = expected;
  }

  /**
   * A check by a GET.
   *
   * @param client one that a {@link LoadBalancingInterceptor} is installed on
   * @param url with the host that stands for the service, as in calls: {@code https://orders/health}
   * @throws IllegalArgumentException if it is no URL, or the client has no balancer for its host, or has an explicit proxy
   */
  public static HttpHealthCheck get(OkHttpClient client, String url) {
    HttpUrl parsed = HttpUrl.parse(Objects.requireNonNull(url, "url"));
    if (parsed == null) {
      throw new IllegalArgumentException(
          "url: " + url + " (expected: a URL as in http://orders/health)");
    }
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.of(Objects.requireNonNull(client, "client"), parsed.host());
    if (balancing == null) {
      throw new IllegalArgumentException("url: " + url
          + " (expected: a host that a LoadBalancingInterceptor of the client has a balancer for)");
    }
    LoadBalancingInterceptor.checkProxy(client.proxy());
    Route route = balancing.route(parsed.host());
    OkHttpClient.Builder builder = client.newBuilder().followRedirects(false);
    builder
        .interceptors()
        .replaceAll(
            each -> each == balancing ? DirectedCall.interceptor(route, balancing.probes()) : each);
    return new HttpHealthCheck(
        builder.build(), route, new Request.Builder().url(parsed).build(), between(200, 299));
  }

  /** The same, with one more header. */
  public HttpHealthCheck header(String name, String value) {
    Request changed = request.newBuilder().addHeader(name, value).build();
    return new HttpHealthCheck(client, route, changed, expected);
  }

  /** The same, for which a good answer has this status. */
  public HttpHealthCheck status(int status) {
    return status(status, status);
  }

  /**
   * The same, for which a good answer has a status between these two.
   *
   * @param from 100 to 599
   * @param to from {@code from} to 599
   */
  public HttpHealthCheck status(int from, int to) {
    if (from < 100 || to < from || to > 599) {
      throw new IllegalArgumentException(
          "status: " + from + " to " + to + " (expected: 100 to 599, in this order)");
    }
    return new HttpHealthCheck(client, route, request, between(from, to));
  }

  private static Expected between(int from, int to) {
    return new Expected(
        response -> response.code() >= from && response.code() <= to,
        from == to ? String.valueOf(from) : from + " to " + to);
  }

  /**
   * The same, for which a good answer is one that fulfils this condition, whatever its status.
   *
   * @param condition may read the body, within the check's time-out, and need not close it. What it throws fails the check
   */
  public HttpHealthCheck answer(Predicate<? super Response> condition) {
    return new HttpHealthCheck(
        client,
        route,
        request,
        new Expected(Objects.requireNonNull(condition, "condition"), "what the condition demands"));
  }

  /**
   * A probe that checks in the same way and keeps at least this many connections to each server open: a server that is {@linkplain
   * io.fairlead.HealthCheck.Builder#initially taken for down} at first has them before it gets its first request. Each one that is
   * missing is opened by a further request of the check, one after the other and within its time-out; what is not done by then is
   * left to the next check. Over HTTP/2 there are no more than {@link LoadBalancingInterceptor.Builder#connectionsPerBackend}.
   *
   * @param connections 1 to 64
   */
  public HealthProbe warmUp(int connections) {
    return new WarmUp(this, connections);
  }

  Route route() {
    return route;
  }

  @Override
  public void begin(LoadBalancer begun) {
    if (begun != route.balancer()) {
      throw new IllegalArgumentException("probe: " + this + " is for the balancer "
          + route.balancer().name() + " of its client (expected: for " + begun.name() + ")");
    }
  }

  @Override
  public void check(Member member, Duration timeout) throws IOException {
    NanoClock clock = NanoClock.system(); // of the network, which no fake clock moves
    long end = clock.nanos() + timeout.toNanos();
    DirectedCall first = new DirectedCall(member, false, millis(timeout.toNanos()));
    IOException failure = send(first, timeout.toNanos());
    if (failure != null && first.connectionLost()) {
      long left = end - clock.nanos();
      failure = left > 0 ? send(new DirectedCall(member, true, millis(left)), left) : failure;
    }
    if (failure != null) {
      throw failure;
    }
  }

  static int millis(long nanos) {
    return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
  }

  /** What is wrong with the server; null if it is well. */
  @Nullable
  IOException send(DirectedCall directed, long timeoutNanos) {
    Call call =
        client.newCall(request.newBuilder().tag(DirectedCall.class, directed).build());
    // A quarter more than each read has: see there.
    call.timeout().timeout(timeoutNanos + timeoutNanos / 4, TimeUnit.NANOSECONDS);
    try (Response response = call.execute()) {
      return expected.condition().test(response)
          ? null
          : new IOException("answered " + response.code() + " (expected: " + expected.text() + ")");
    } catch (IOException e) {
      directed.failed(e);
      return e;
    }
  }

  /** As in {@code GET http://orders/health}. */
  @Override
  public String toString() {
    return request.method() + " " + request.url();
  }
}
