package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.okhttp.Harness.Wire;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;

/** A web socket is in flight until it has ended, whoever ends it. */
class WebSocketEndTest {

  private static final class Talk extends WebSocketListener {
    final CountDownLatch opened = new CountDownLatch(1);
    final CountDownLatch over = new CountDownLatch(1);

    @Override
    public void onOpen(WebSocket socket, Response response) {
      opened.countDown();
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
      socket.close(code, reason);
    }

    @Override
    public void onClosed(WebSocket socket, int code, String reason) {
      over.countDown();
    }

    @Override
    public void onFailure(WebSocket socket, Throwable failure, Response response) {
      over.countDown();
    }

    static void await(CountDownLatch latch) throws InterruptedException {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  /** Answers each message with itself; on "die" it goes away without a word. */
  private static final class Echo extends WebSocketListener {
    @Override
    public void onMessage(WebSocket socket, String text) {
      if (text.equals("die")) {
        socket.cancel();
      } else if (text.equals("bye")) {
        socket.close(1000, "bye");
      } else {
        socket.send(text);
      }
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
      socket.close(code, reason);
    }
  }

  private static WebSocket open(Harness orders, Talk talk) throws InterruptedException {
    WebSocket socket = orders.client.newWebSocket(orders.request("/socket").build(), talk);
    Talk.await(talk.opened);
    orders.assertInFlight(1, 0);
    return socket;
  }

  private static void enqueue(MockWebServer server) {
    server.enqueue(new MockResponse.Builder().webSocketUpgrade(new Echo()).build());
  }

  @Test
  void closedByTheServer_releases() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      enqueue(server);
      Talk talk = new Talk();
      open(orders, talk).send("bye");
      Talk.await(talk.over);
      orders.assertNothingInFlight();
    }
  }

  @Test
  void serverGone_releases() throws Exception {
    try (MockWebServer server = Wire.HTTP_1.start();
        Harness orders = Harness.of(Harness.backend(server))) {
      enqueue(server);
      Talk talk = new Talk();
      open(orders, talk).send("die");
      Talk.await(talk.over);
      orders.assertNothingInFlight();
    }
  }
}
