package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.okhttp.Harness.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import javax.net.SocketFactory;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A caller that is interrupted gets an IOException; nothing is repeated, and nothing stays in flight. */
class InterruptTest {

  /** A thread that makes a call, and what it got. */
  private static class Caller extends Thread {
    private final Harness orders;
    private final CountDownLatch headers = new CountDownLatch(1);
    private volatile Throwable failure;
    private volatile boolean flag;

    Caller(Harness orders) {
      this.orders = orders;
      setDaemon(true);
    }

    @Override
    public void run() {
      try (Response response = orders.get("/").execute()) {
        headers.countDown();
        response.body().string();
      } catch (Throwable e) {
        failure = e;
      }
      flag = isInterrupted();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void beforeTheCall(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        MockWebServer other = wire.start();
        Harness orders = wire.harness(Harness.backend(server), Harness.backend(other))) {
      Caller caller = new Caller(orders) {
        @Override
        public void run() {
          interrupt();
          super.run();
        }
      };
      caller.start();
      caller.join();
      assertThat(caller.failure).isInstanceOf(IOException.class);
      assertThat(caller.flag).isTrue();
      assertThat(orders.events.leased).isEqualTo(1);
      orders.assertNothingInFlight();
    }
  }

  @Test
  void whileConnecting() throws Exception {
    CountDownLatch connecting = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (RawServer other = RawServer.start(RawServer.ok("hello"));
        Harness orders = Harness.with(
            builder -> builder.socketFactory(new Connecting(connecting, never)),
            Harness.refusing(),
            other.backend())) {
      Caller caller = new Caller(orders);
      caller.start();
      connecting.await();
      caller.interrupt();
      caller.join();
      never.countDown();
      assertThat(caller.failure).isInstanceOf(IOException.class);
      assertThat(caller.flag).isTrue();
      assertThat(orders.events.leased).isEqualTo(1);
      orders.assertNothingInFlight();
    }
  }

  /** Sockets that connect when they are told to. */
  private static final class Connecting extends SocketFactory {
    private final CountDownLatch connecting;
    private final CountDownLatch go;

    Connecting(CountDownLatch connecting, CountDownLatch go) {
      this.connecting = connecting;
      this.go = go;
    }

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void connect(SocketAddress address, int timeout) throws IOException {
          connecting.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          super.connect(address, timeout);
        }
      };
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void whileTheServerThinks(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        MockWebServer other = wire.start();
        // A plain socket does not hear of the interrupt until its own time is up, as in plain
        // OkHttp.
        Harness orders = wire.harness(
            builder -> builder.readTimeout(Duration.ofSeconds(1)),
            Harness.backend(server),
            Harness.backend(other))) {
      server.enqueue(new MockResponse.Builder()
          .onResponseStart(SocketEffect.Stall.INSTANCE)
          .build());
      Caller caller = new Caller(orders);
      caller.start();
      server.takeRequest();
      caller.interrupt();
      caller.join();
      assertThat(caller.failure).isInstanceOf(IOException.class);
      assertThat(caller.flag).isTrue();
      assertThat(other.getRequestCount()).isZero();
      assertThat(orders.events.leased).isEqualTo(1);
      orders.assertNothingInFlight();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void whileReadingTheBody(Wire wire) throws Exception {
    try (MockWebServer server = wire.start();
        Harness orders = wire.harness(
            builder -> builder.readTimeout(Duration.ofSeconds(1)), Harness.backend(server))) {
      server.enqueue(new MockResponse.Builder()
          .body("0123456789".repeat(100_000))
          .onResponseBody(SocketEffect.Stall.INSTANCE)
          .build());
      Caller caller = new Caller(orders);
      caller.start();
      caller.headers.await();
      caller.interrupt();
      caller.join();
      assertThat(caller.failure).isInstanceOf(IOException.class);
      assertThat(caller.flag).isTrue();
      orders.assertNothingInFlight();
      assertThat(orders.outcomes(0)).isEqualTo("SUCCESS 1");
    }
  }
}
