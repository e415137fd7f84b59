package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Code of the user's that throws makes the call fail with an IOException, as OkHttp's callers expect, and is no backend's
 * fault. Nothing is repeated, and nothing stays in flight.
 */
class UserCodeTest {

  private static final class Bug extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Bug() {
      super("a bug");
    }
  }

  /** Throws in one of its events. */
  private static final class ThrowingListener extends EventListener {
    private final String where;

    ThrowingListener(String where) {
      this.where = where;
    }

    private void at(String event) {
      if (where.equals(event)) {
        throw new Bug();
      }
    }

    @Override
    public void dnsStart(Call call, String domainName) {
      at("dnsStart");
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      at("connectStart");
    }

    @Override
    public void requestHeadersStart(Call call) {
      at("requestHeadersStart");
    }

    @Override
    public void responseHeadersStart(Call call) {
      at("responseHeadersStart");
    }

    @Override
    public void responseHeadersEnd(Call call, Response response) {
      at("responseHeadersEnd");
    }

    @Override
    public void responseBodyEnd(Call call, long bytes) {
      at("responseBodyEnd");
    }

    @Override
    public void callEnd(Call call) {
      at("callEnd");
    }
  }

  private static void assertFails(Fleet fleet, OkHttpClient client) throws Exception {
    assertFails(fleet, client, fleet.get("/"));
  }

  /** A call fails, made on the caller's thread or on the dispatcher's, whose thread survives it. */
  private static void assertFails(Fleet fleet, OkHttpClient client, Request request)
      throws Exception {
    assertThatThrownBy(() -> Fleet.read(client, request))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageContainingAll(Fleet.HOST, "a bug")
        .hasRootCauseInstanceOf(Bug.class);
    fleet.assertIdle();
    assertThatThrownBy(() -> Http2Test.enqueue(client.newCall(request)).get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .hasRootCauseInstanceOf(Bug.class);
    fleet.assertIdle();
    assertThat(fleet.balancer().snapshot().toString())
        .doesNotContain("connect ")
        .doesNotContain("protocol");
  }

  @ParameterizedTest
  @EnumSource
  void dns(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      Dns dns = hostname -> {
        throw new Bug();
      };
      OkHttpClient client =
          fleet.interceptor().install(wire.client().newBuilder().dns(dns).build());
      fleet
          .balancer()
          .pool()
          .update(List.of(Backend.of("a.internal:1"), Backend.of("b.internal:1")));
      assertFails(fleet, client);
    }
  }

  @ParameterizedTest
  @CsvSource({"HTTP, true", "HTTP, false", "HTTPS_2, true", "HTTPS_2, false"})
  void cookieJar(Wire wire, boolean load) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 1)) {
      CookieJar jar = new CookieJar() {
        @Override
        public List<Cookie> loadForRequest(HttpUrl url) {
          if (load) {
            throw new Bug();
          }
          return List.of();
        }

        @Override
        public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
          throw new Bug();
        }
      };
      OkHttpClient client = fleet.client().newBuilder().cookieJar(jar).build();
      for (int i = 0; i < 2; i++) {
        fleet.answer(
            0,
            new mockwebserver3.MockResponse.Builder()
                .addHeader("Set-Cookie", "a=1")
                .build());
      }
      assertFails(fleet, client);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dnsStart",
        "connectStart",
        "requestHeadersStart",
        "responseHeadersStart",
        "responseHeadersEnd"
      })
  void eventListener(String event) throws Exception {
    for (Wire wire : List.of(Wire.HTTP, Wire.HTTPS_2)) {
      try (Fleet fleet = Fleet.inOrder(wire, 2)) {
        OkHttpClient client = fleet
            .client()
            .newBuilder()
            .eventListener(new ThrowingListener(event))
            .build();
        fleet.answer(0, "hello");
        fleet.answer(0, "hello");
        assertFails(fleet, client);
        assertThat(fleet.server(1).getRequestCount()).isZero();
      }
    }
  }

  /** These come while the caller reads the body, and throw there, as with a plain client. */
  @ParameterizedTest
  @ValueSource(strings = {"responseBodyEnd", "callEnd"})
  void eventListener_atTheEnd(String event) throws Exception {
    for (Wire wire : Wire.values()) {
      try (Fleet fleet = Fleet.inOrder(wire, 1)) {
        OkHttpClient client = fleet
            .client()
            .newBuilder()
            .eventListener(new ThrowingListener(event))
            .build();
        fleet.answer(0, "hello");
        Response response = client.newCall(fleet.get("/")).execute();
        assertThatThrownBy(() -> response.body().string()).isInstanceOf(Bug.class);
        fleet.assertIdle();
      }
    }
  }

  /** In the middle of an attempt that is a call of its own. */
  @Test
  void eventListener_ofASecondAttempt() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 3)) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .eventListener(new ThrowingListener("responseHeadersEnd"))
          .build();
      fleet.fail(0);
      fleet.answer(1, "hello");
      assertThatThrownBy(() -> fleet.read(client, "/"))
          .isExactlyInstanceOf(IOException.class)
          .hasRootCauseInstanceOf(Bug.class);
      assertThat(fleet.server(2).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void authenticator(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .authenticator((route, response) -> {
            throw new Bug();
          })
          .build();
      for (int i = 0; i < 2; i++) {
        fleet.answer(0, new mockwebserver3.MockResponse.Builder().code(401).build());
      }
      assertFails(fleet, client);
    }
  }

  @ParameterizedTest
  @EnumSource
  void networkInterceptor(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client()
              .newBuilder()
              .addNetworkInterceptor(chain -> {
                throw new Bug();
              })
              .build());
      assertFails(fleet, client);
    }
  }

  private static RequestBody body(Consumer<BufferedSink> writer, @Nullable IOException failure) {
    return new RequestBody() {
      @Override
      public @Nullable MediaType contentType() {
        return null;
      }

      @Override
      public void writeTo(BufferedSink sink) throws IOException {
        writer.accept(sink);
        if (failure != null) {
          throw failure;
        }
      }
    };
  }

  @ParameterizedTest
  @EnumSource
  void requestBodyThatThrowsARuntimeException(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      RequestBody body = body(
          sink -> {
            throw new Bug();
          },
          null);
      assertFails(fleet, fleet.client(), fleet.get("/").newBuilder().put(body).build());
    }
  }

  /** A file that can't be read, say: no other backend could help. */
  @ParameterizedTest
  @EnumSource
  void requestBodyThatThrowsAnIoException_isThrownAsItIs(Wire wire) throws Exception {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      RequestBody body = body(sink -> {}, new FileNotFoundException("order.json"));
      OkHttpClient client = fleet.client();
      Request request = fleet.get("/").newBuilder().put(body).build();
      for (int i = 0; i < 2; i++) {
        Call call = client.newCall(request);
        assertThatThrownBy(call::execute)
            .isExactlyInstanceOf(FileNotFoundException.class)
            .hasMessage("order.json");
        List<Attempts.Attempt> attempts = call.tag(Attempts.class).all();
        assertThat(attempts).hasSize(1);
        assertThat(attempts.get(0).outcome()).isEqualTo(Outcome.ignored());
        assertThat(attempts.get(0).failure()).isInstanceOf(FileNotFoundException.class);
      }
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void networkInterceptorThatThrowsAnIoException_isThrownAsItIs(boolean afterwards)
      throws Exception {
    for (Wire wire : Wire.values()) {
      try (Fleet fleet = Fleet.inOrder(wire, 2)) {
        OkHttpClient client = fleet
            .interceptor()
            .install(wire.client()
                .newBuilder()
                .addNetworkInterceptor(chain -> {
                  if (afterwards) {
                    chain.proceed(chain.request()).close();
                  }
                  throw new FileNotFoundException("signing.key");
                })
                .build());
        fleet.answer(0, "hello");
        assertThatThrownBy(() -> fleet.read(client, "/"))
            .isExactlyInstanceOf(FileNotFoundException.class)
            .hasMessage("signing.key");
        assertThat(fleet.server(1).getRequestCount()).isZero();
        fleet.assertIdle();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @SuppressWarnings("NullAway") // it is what is tested
  void classifier_thatThrowsOrReturnsNull_teachesNothing(boolean nothing) throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 2)) {
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(fleet.balancer())
          .classifier(response -> {
            if (nothing) {
              return null;
            }
            throw new Bug();
          })
          .build()
          .install(Wire.HTTP.client());
      for (int i = 0; i < 2; i++) {
        fleet.answer(0, "hello");
        try (Response response = client.newCall(fleet.get("/")).execute()) {
          assertThat(response.body().string()).isEqualTo("hello");
          assertThat(Attempts.of(response).last().outcome()).isEqualTo(Outcome.ignored());
        }
      }
      fleet.assertIdle();
    }
  }

  @Test
  void keyFunction() throws Exception {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(fleet.balancer())
          .key(request -> {
            throw new Bug();
          })
          .build()
          .install(Wire.HTTP.client());
      assertFails(fleet, client);
    }
  }

  @Test
  void strategy() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1);
        LoadBalancer orders = LoadBalancer.builder(Fleet.HOST)
            .strategy(Strategy.roundRobin())
            .chance(() -> 0)
            .backends(Fleet.address(fleet.server(0)))
            .strategy(io.fairlead.strategy.Strategy.of(members -> choice -> {
              throw new Bug();
            }))
            .build()) {
      fleet.answer(0, "hello");
      OkHttpClient client = LoadBalancingInterceptor.of(orders).install(Wire.HTTP.client());
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
    }
  }

  @Test
  void keyThatCannotBeRead_isAnIOException() throws Exception {
    CharSequence broken = new CharSequence() {
      @Override
      public int length() {
        throw new IllegalStateException("no characters");
      }

      @Override
      public char charAt(int index) {
        throw new IllegalStateException("no characters");
      }

      @Override
      public CharSequence subSequence(int start, int end) {
        throw new IllegalStateException("no characters");
      }
    };
    try (LoadBalancer balancer = LoadBalancer.builder("orders")
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends("127.0.0.1:1")
        .build()) {
      OkHttpClient client = LoadBalancingInterceptor.builder()
          .balancer(balancer)
          .key(request -> broken)
          .build()
          .install(new OkHttpClient());
      Call call = client.newCall(new Request.Builder().url("http://orders/").build());
      assertThatThrownBy(call::execute)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("key function");
    }
  }

  @Test
  void bodyThatThrowsWhenAskedIfItIsOneShot_isAnIOException() throws Exception {
    RequestBody broken = new RequestBody() {
      @Override
      public MediaType contentType() {
        return null;
      }

      @Override
      public boolean isOneShot() {
        throw new IllegalStateException("do not know");
      }

      @Override
      public void writeTo(BufferedSink sink) {}
    };
    try (LoadBalancer balancer = LoadBalancer.builder("orders")
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends("127.0.0.1:1")
        .build()) {
      OkHttpClient client = LoadBalancingInterceptor.of(balancer).install(new OkHttpClient());
      Call call = client.newCall(
          new Request.Builder().url("http://orders/").post(broken).build());
      assertThatThrownBy(call::execute)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("do not know");
    }
  }
}
