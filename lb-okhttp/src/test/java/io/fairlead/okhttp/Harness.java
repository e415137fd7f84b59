package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.BufferedSink;

/** A balancer "orders", a client that it is installed on, and a record of what happened to the attempts. */
final class Harness implements AutoCloseable {

  static final MediaType TEXT = MediaType.get("text/plain");

  /** Always the first of the list that may be taken: which backend gets which attempt is certain. */
  static final Strategy IN_ORDER = Strategy.of(members -> choice -> {
    for (int i = 0; i < members.size(); i++) {
      if (choice.accepts(members.get(i))) {
        return members.get(i);
      }
    }
    return null;
  });

  private static final HeldCertificate CERTIFICATE =
      new HeldCertificate.Builder().addSubjectAlternativeName("orders").build();

  /** Of a server that is "orders". */
  static final HandshakeCertificates SERVER =
      new HandshakeCertificates.Builder().heldCertificate(CERTIFICATE).build();

  private static final HeldCertificate FOREIGN_CERTIFICATE =
      new HeldCertificate.Builder().addSubjectAlternativeName("invoices").build();

  /** Of a server that is somebody else. */
  static final HandshakeCertificates FOREIGN_SERVER =
      new HandshakeCertificates.Builder().heldCertificate(FOREIGN_CERTIFICATE).build();

  private static final HandshakeCertificates CLIENT = new HandshakeCertificates.Builder()
      .addTrustedCertificate(CERTIFICATE.certificate())
      .addTrustedCertificate(FOREIGN_CERTIFICATE.certificate())
      .build();

  final LoadBalancer balancer;
  final OkHttpClient client;
  final Happenings events = new Happenings();
  String scheme = "http";

  Harness(Strategy strategy, Consumer<OkHttpClient.Builder> settings, Backend... backends) {
    this(settings, balancer -> balancer.strategy(strategy), backends);
  }

  private Harness(
      Consumer<OkHttpClient.Builder> settings,
      UnaryOperator<LoadBalancer.Builder> balancing,
      Backend... backends) {
    balancer = balancing
        .apply(LoadBalancer.builder("orders")
            .strategy(IN_ORDER)
            .chance(() -> 0)
            .backends(backends)
            .listener(events))
        .build();
    OkHttpClient.Builder builder = new OkHttpClient.Builder()
        .sslSocketFactory(CLIENT.sslSocketFactory(), CLIENT.trustManager());
    settings.accept(builder);
    client = LoadBalancingInterceptor.of(balancer).install(builder.build());
  }

  static Harness of(Backend... backends) {
    return with(builder -> {}, backends);
  }

  static Harness with(Consumer<OkHttpClient.Builder> settings, Backend... backends) {
    return new Harness(IN_ORDER, settings, backends);
  }

  /** How the client and the servers speak. */
  enum Wire {
    HTTP_1,
    TLS_HTTP_1,
    TLS_HTTP_2,
    PRIOR_KNOWLEDGE;

    /** Starts a server that speaks so. */
    MockWebServer start() throws IOException {
      MockWebServer server = new MockWebServer();
      prepare(server);
      server.start();
      return server;
    }

    void prepare(MockWebServer server) {
      if (isTls()) {
        server.useHttps(SERVER.sslSocketFactory());
      }
      server.setProtocols(protocols());
    }

    boolean isTls() {
      return this == TLS_HTTP_1 || this == TLS_HTTP_2;
    }

    List<Protocol> protocols() {
      return switch (this) {
        case HTTP_1, TLS_HTTP_1 -> List.of(Protocol.HTTP_1_1);
        case TLS_HTTP_2 -> List.of(Protocol.HTTP_2, Protocol.HTTP_1_1);
        case PRIOR_KNOWLEDGE -> List.of(Protocol.H2_PRIOR_KNOWLEDGE);
      };
    }

    Harness harness(Consumer<OkHttpClient.Builder> settings, Backend... backends) {
      return harness(balancer -> balancer, settings, backends);
    }

    Harness harness(
        UnaryOperator<LoadBalancer.Builder> balancing,
        Consumer<OkHttpClient.Builder> settings,
        Backend... backends) {
      Harness harness = new Harness(
          builder -> {
            builder.protocols(protocols());
            settings.accept(builder);
          },
          balancing,
          backends);
      harness.scheme = isTls() ? "https" : "http";
      return harness;
    }

    Harness harness(Backend... backends) {
      return harness(builder -> {}, backends);
    }
  }

  static Backend backend(MockWebServer server) {
    return Backend.of("127.0.0.1", server.getPort());
  }

  /** Where nobody listens. */
  static Backend refusing() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Backend.of("127.0.0.1", socket.getLocalPort());
    }
  }

  Request.Builder request(String path) {
    return new Request.Builder().url(scheme + "://orders" + path);
  }

  Call get(String path) {
    return client.newCall(request(path).build());
  }

  Call post(String path) {
    return client.newCall(request(path).post(RequestBody.create("posted", TEXT)).build());
  }

  Call send(String method, RequestBody body) {
    return client.newCall(request("/").method(method, body).build());
  }

  /** A body that can be written once only. */
  static RequestBody oneShot() {
    return new RequestBody() {
      private boolean written;

      @Override
      public MediaType contentType() {
        return TEXT;
      }

      @Override
      public boolean isOneShot() {
        return true;
      }

      @Override
      public void writeTo(BufferedSink sink) throws IOException {
        if (written) {
          throw new IOException("written twice");
        }
        written = true;
        sink.writeUtf8("once");
      }
    };
  }

  /** Executes it and reads the answer to its end. */
  static String read(Call call) throws IOException {
    try (Response response = call.execute()) {
      return response.body().string();
    }
  }

  Member member(int index) {
    return balancer.pool().members().get(index);
  }

  /** What attempts came to at a member, in the order of {@link Outcome.Kind}. */
  String outcomes(int index) {
    StringBuilder text = new StringBuilder();
    for (Outcome.Kind kind : Outcome.Kind.values()) {
      long count = member(index).count(kind);
      if (count > 0) {
        text.append(text.isEmpty() ? "" : ", ").append(kind).append(' ').append(count);
      }
    }
    return text.toString();
  }

  int inFlight() {
    return balancer.snapshot().members().stream()
        .mapToInt(member -> member.inFlight())
        .sum();
  }

  int outstanding() {
    return balancer.snapshot().members().stream()
        .mapToInt(member -> member.outstanding())
        .sum();
  }

  /** Everything was given back, exactly once: now, or as soon as another thread is done with it. */
  void assertNothingInFlight() throws InterruptedException {
    events.await("all to be released", () -> events.released == events.leased);
    assertThat(events.answered).isEqualTo(events.leased);
    assertThat(balancer.snapshot().members())
        .allMatch(member -> member.inFlight() == 0 && member.outstanding() == 0);
  }

  /** Everything was given back before this was asked. */
  void assertNothingInFlightNow() {
    assertThat(inFlight()).isZero();
    assertThat(outstanding()).isZero();
  }

  void assertInFlight(int inFlight, int outstanding) {
    assertThat(inFlight()).isEqualTo(inFlight);
    assertThat(outstanding()).isEqualTo(outstanding);
  }

  @Override
  public void close() {
    balancer.close();
    client.connectionPool().evictAll();
    client.dispatcher().executorService().shutdown();
  }

  /** What happened, and a way to wait for it. */
  static final class Happenings implements LoadBalancerListener {
    int leased;
    int answered;
    int released;
    int leaked;
    int retried;
    final List<Outcome> outcomes = new ArrayList<>();
    final List<LoadBalancingException> rejections = new ArrayList<>();

    private synchronized void note(Runnable change) {
      change.run();
      notifyAll();
    }

    @Override
    public void leased(Member member, RequestContext context) {
      note(() -> leased++);
    }

    @Override
    public void answered(Member member, Outcome outcome, Duration elapsed) {
      note(() -> {
        answered++;
        outcomes.add(outcome);
      });
    }

    @Override
    public void released(Member member) {
      note(() -> released++);
    }

    @Override
    public void leaked(Member member) {
      note(() -> leaked++);
    }

    @Override
    public void retried(Member from, Member to) {
      note(() -> retried++);
    }

    @Override
    public void rejected(LoadBalancingException reason) {
      note(() -> rejections.add(reason));
    }

    synchronized boolean await(Duration patience, BooleanSupplier condition)
        throws InterruptedException {
      long end = System.nanoTime() + patience.toNanos();
      while (!condition.getAsBoolean()) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
      }
      return true;
    }

    void await(String what, BooleanSupplier condition) throws InterruptedException {
      assertThat(await(Duration.ofSeconds(10), condition))
          .as("waited for " + what)
          .isTrue();
    }
  }
}
