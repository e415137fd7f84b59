package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.AttemptsFailedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code install} makes of a client, and how it goes together with all that a client may have already. */
class InstallTest {

  private static final Interceptor NOTHING = chain -> chain.proceed(chain.request());

  private static Interceptor another() {
    return new Interceptor() {
      @Override
      public Response intercept(Chain chain) throws IOException {
        return chain.proceed(chain.request());
      }
    };
  }

  private static Interceptor last(List<Interceptor> interceptors) {
    return interceptors.get(interceptors.size() - 1);
  }

  @Test
  void originalClient_isLeftAsItIs() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient original = Wire.HTTP.client();
      Runnable idle = () -> {};
      original.dispatcher().setIdleCallback(idle);
      OkHttpClient installed = fleet.interceptor().install(original);
      assertThat(installed.dispatcher().getIdleCallback()).isSameAs(idle);
      assertThat(original.interceptors()).isEmpty();
      assertThat(original.networkInterceptors()).isEmpty();
      assertThat(original.dispatcher().getMaxRequestsPerHost()).isEqualTo(5);
      assertThat(installed.connectionPool()).isNotSameAs(original.connectionPool());
      assertThat(installed.dispatcher()).isNotSameAs(original.dispatcher());
      assertThat(installed.dispatcher().executorService())
          .isSameAs(original.dispatcher().executorService());
      assertThat(installed.dispatcher().getMaxRequestsPerHost())
          .isEqualTo(original.dispatcher().getMaxRequests());
    }
  }

  @Test
  void poolAndDispatcher_areKeptIfWanted() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient original = Wire.HTTP.client();
      OkHttpClient installed = LoadBalancingInterceptor.builder()
          .balancer(fleet.balancer())
          .keepConnectionPool()
          .keepDispatcher()
          .build()
          .install(original);
      assertThat(installed.connectionPool()).isSameAs(original.connectionPool());
      assertThat(installed.dispatcher()).isSameAs(original.dispatcher());
      fleet.answer(0, "hello");
      assertThat(fleet.read(installed, "/")).isEqualTo("hello");
    }
  }

  @Test
  void ours_isTheLastApplicationInterceptor_andTheGuardTheFirstNetworkOne() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      Interceptor before = another();
      OkHttpClient client = fleet
          .interceptor()
          .install(Wire.HTTP
              .client()
              .newBuilder()
              .addInterceptor(before)
              .addNetworkInterceptor(before)
              .build());
      assertThat(client.interceptors()).hasSize(2);
      assertThat(last(client.interceptors())).isInstanceOf(LoadBalancingInterceptor.class);
      assertThat(client.networkInterceptors()).hasSize(2);
      assertThat(client.networkInterceptors().get(0)).isInstanceOf(ConnectionGuard.class);
    }
  }

  @Test
  void installingAgain_isHarmless_andPutsOursLast() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      LoadBalancingInterceptor interceptor = fleet.interceptor();
      OkHttpClient once = interceptor.install(Wire.HTTP.client());
      OkHttpClient derived = once.newBuilder().addInterceptor(NOTHING).build();
      OkHttpClient twice = interceptor.install(derived);
      assertThat(twice.interceptors()).hasSize(2);
      assertThat(twice.interceptors().get(0)).isSameAs(NOTHING);
      assertThat(last(twice.interceptors())).isInstanceOf(LoadBalancingInterceptor.class);
      assertThat(twice.networkInterceptors()).hasSize(1);
      assertThat(twice.connectionPool()).isSameAs(once.connectionPool());
      assertThat(twice.dispatcher()).isSameAs(once.dispatcher());
      // The guard must have stayed first, whatever was put before it.
      OkHttpClient thrice = interceptor.install(withFirstNetworkInterceptor(twice));
      assertThat(thrice.networkInterceptors().get(0)).isInstanceOf(ConnectionGuard.class);
    }
  }

  private static OkHttpClient withFirstNetworkInterceptor(OkHttpClient client) {
    OkHttpClient.Builder builder = client.newBuilder();
    builder.networkInterceptors().add(0, NOTHING);
    return builder.build();
  }

  @ParameterizedTest
  @EnumSource
  void installedAgain_movesOn(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      LoadBalancingInterceptor interceptor = fleet.interceptor();
      OkHttpClient client = interceptor.install(interceptor
          .install(wire.client())
          .newBuilder()
          .addInterceptor(NOTHING)
          .build());
      fleet.fail(0);
      fleet.answer(1, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void addInterceptor_worksTooWhileNoConnectionIsHeld(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      OkHttpClient client =
          wire.client().newBuilder().addInterceptor(fleet.interceptor()).build();
      fleet.answer(0, "one");
      assertThat(fleet.read(client, "/")).isEqualTo("one");
      fleet.server(0).close();
      client.connectionPool().evictAll();
      fleet.answer(1, "two");
      assertThat(fleet.read(client, "/")).isEqualTo("two");
      fleet.assertIdle();
    }
  }

  @Test
  void addInterceptor_overHttp2_doesNotMoveOnFromAStream() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTPS_2, 2)) {
      OkHttpClient client =
          Wire.HTTPS_2.client().newBuilder().addInterceptor(fleet.interceptor()).build();
      fleet.fail(0);
      assertThatThrownBy(() -> fleet.read(client, "/")).isInstanceOf(AttemptsFailedException.class);
      assertThat(fleet.server(1).getRequestCount()).isZero();
      fleet.assertIdle();
    }
  }

  @Test
  void addInterceptor_isLoggedOnce() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      OkHttpClient client =
          Wire.HTTP.client().newBuilder().addInterceptor(fleet.interceptor()).build();
      ByteArrayOutputStream log = new ByteArrayOutputStream();
      PrintStream before = System.err;
      System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
      try {
        for (int i = 0; i < 3; i++) {
          fleet.answer(0, "hello");
          fleet.read(client, "/");
        }
      } finally {
        System.setErr(before);
      }
      assertThat(log.toString(StandardCharsets.UTF_8).lines())
          .filteredOn(line -> line.contains("not installed"))
          .hasSize(1)
          .allMatch(line -> line.contains(Fleet.HOST) && line.contains("install(client)"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void addedAndInstalled_isInstalled(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      LoadBalancingInterceptor interceptor = fleet.interceptor();
      OkHttpClient client = interceptor.install(
          wire.client().newBuilder().addInterceptor(interceptor).build());
      assertThat(client.interceptors()).hasSize(1);
      fleet.fail(0);
      fleet.answer(1, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      assertThat(fleet.balancer().snapshot().toString()).contains("success 1");
      fleet.assertIdle();
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoInterceptorsOnOneClient_bothWork(Wire wire) throws IOException {
    try (Fleet orders = Fleet.named("orders.example", wire, 2);
        Fleet items = Fleet.named("items.example", wire, 2)) {
      OkHttpClient client =
          items.interceptor().install(orders.interceptor().install(wire.client()));
      for (Fleet fleet : List.of(orders, items)) {
        fleet.fail(0);
        fleet.answer(1, "two");
        fleet.answer(0, "one");
        assertThat(fleet.read(client, "/")).isEqualTo("two");
        assertThat(fleet.read(client, "/")).isEqualTo("one");
        fleet.assertIdle();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void twoInterceptorsForOneHost_areRefused(boolean justAdded) throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      LoadBalancingInterceptor first = fleet.interceptor();
      OkHttpClient client = justAdded
          ? Wire.HTTP.client().newBuilder().addInterceptor(first).build()
          : first.install(Wire.HTTP.client());
      assertThatThrownBy(() -> fleet.interceptor().install(client))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("interceptors", Fleet.HOST, "expected");
    }
  }

  @Test
  void clientOfALibraryThatTakesACallFactory() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1)) {
      Call.Factory factory = fleet.client();
      fleet.answer(0, "hello");
      try (Response response = factory.newCall(fleet.get("/")).execute()) {
        assertThat(response.body().string()).isEqualTo("hello");
        assertThat(Attempts.of(response).all()).hasSize(1);
      }
    }
  }
}
