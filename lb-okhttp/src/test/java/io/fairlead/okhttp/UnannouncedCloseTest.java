package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Strategy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that closes each connection after one answer, and does not say so. */
class UnannouncedCloseTest {

  private static final int THREADS = 8;
  private static final int CALLS = 250; // of each thread

  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile String head = "";
  private ServerSocket server;
  private LoadBalancer balancer;
  private OkHttpClient client;

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
    executor.execute(this::serve);
    balancer = LoadBalancer.builder("orders")
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .backends("127.0.0.1:" + server.getLocalPort())
        .build();
    client = LoadBalancingInterceptor.of(balancer).install(new OkHttpClient());
  }

  @AfterEach
  void stop() throws IOException {
    client.connectionPool().evictAll();
    server.close();
    executor.shutdownNow();
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        connections.incrementAndGet();
        executor.execute(() -> answer(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void answer(Socket socket) {
    try (socket) {
      BufferedReader request = new BufferedReader(
          new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      for (String line = request.readLine();
          line != null && !line.isEmpty();
          line = request.readLine()) {
        // The end of the headers is the end of a GET.
      }
      String answer = head + "\r\nContent-Length: 5\r\n\r\nhello";
      socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // The client will notice.
    }
  }

  private void get() throws IOException {
    Request request = new Request.Builder().url("http://orders/").build();
    try (Response response = client.newCall(request).execute()) {
      assertThat(response.body().string()).isEqualTo("hello");
    }
  }

  // In a pool of one nobody else can help: the call must get a connection that is really new, and
  // must know whether it had one.
  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.0 200 OK", "HTTP/1.1 200 OK"})
  void getsByManyThreads_toOneBackend_allSucceed(String head) throws Exception {
    this.head = head;
    List<Future<?>> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      threads.add(executor.submit(() -> {
        for (int call = 0; call < CALLS; call++) {
          get();
        }
        return null;
      }));
    }
    for (Future<?> thread : threads) {
      thread.get();
    }
    Member member = balancer.pool().members().get(0);
    assertThat(member.count(Outcome.Kind.SUCCESS)).isEqualTo(THREADS * CALLS);
    assertThat(member.count(Outcome.Kind.PROTOCOL)).isZero();
    assertThat(connections).hasValue(THREADS * CALLS);
  }

  @Test
  void http10_isNotedAfterTheFirstAnswer_soThatNothingIsSentTwice() throws IOException {
    head = "HTTP/1.0 200 OK";
    for (int i = 0; i < 10; i++) {
      get();
    }
    Member member = balancer.pool().members().get(0);
    assertThat(member.count(Outcome.Kind.IGNORED)).isEqualTo(1); // lost
    assertThat(client.connectionPool().idleConnectionCount()).isZero();
  }

  @Test
  void http10WithKeepAlive_isLeftOpen() throws IOException {
    head = "HTTP/1.0 200 OK\r\nConnection: keep-alive";
    get();
    assertThat(client.connectionPool().idleConnectionCount()).isEqualTo(1);
  }

  @Test
  void http10_replacedByHttp11_isNoted() throws IOException {
    head = "HTTP/1.0 200 OK";
    get();
    get();
    head = "HTTP/1.1 200 OK";
    get(); // still asked to close
    get();
    assertThat(client.connectionPool().idleConnectionCount()).isEqualTo(1);
  }
}
