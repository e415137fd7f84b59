package io.fairlead.okhttp;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;

/** What a server does with each request: for tests in which one server waits for what happens at another. */
final class Scripted extends Dispatcher {

  /** Not sent: the request is not answered as long as the server runs. */
  static final MockResponse SILENCE = new MockResponse.Builder().build();

  private static final MockResponse RESET = new MockResponse.Builder().build();

  /** Answers a request, perhaps after something else has happened. */
  @FunctionalInterface
  interface Script {
    MockResponse answer(RecordedRequest request) throws Exception;
  }

  /** An event that tests and servers tell each other of, once for each who waits. */
  static final class Signal {
    private final Semaphore permits = new Semaphore(0);

    void raise() {
      permits.release();
    }

    void await() throws InterruptedException, TimeoutException {
      if (!permits.tryAcquire(10, TimeUnit.SECONDS)) {
        throw new TimeoutException("nobody raised the signal");
      }
    }

    /** Whether it comes within the time in which a hedge would have been sent. */
    boolean comes() throws InterruptedException {
      return permits.tryAcquire(300, TimeUnit.MILLISECONDS);
    }
  }

  private final Script script;
  private final CountDownLatch closed = new CountDownLatch(1);

  private Scripted(Script script) {
    this.script = script;
  }

  static void serve(MockWebServer server, Script script) {
    server.setDispatcher(new Scripted(script));
  }

  /** Raises the signal when a request has come, and does not answer it. */
  static void silent(MockWebServer server, Signal arrived) {
    serve(server, request -> {
      arrived.raise();
      return SILENCE;
    });
  }

  /** No answer: the connection is closed, or of one that carries several requests the stream reset. */
  static MockResponse broken(boolean multiplexed) {
    return multiplexed
        ? RESET
        : new MockResponse.Builder()
            .onResponseStart(new SocketEffect.CloseSocket())
            .build();
  }

  static MockResponse ok(String body) {
    return new MockResponse.Builder().body(body).build();
  }

  static MockResponse status(int code) {
    return new MockResponse.Builder().code(code).body("status " + code).build();
  }

  @Override
  public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
    try {
      MockResponse answer = script.answer(request);
      // Of a dispatcher's own answers, HTTP/2 takes no notice of what they do to the socket.
      if (answer == SILENCE) {
        closed.await();
      } else if (answer == RESET) {
        Scripted.<RuntimeException>raise(
            new IOException("broken as the test will have it"));
      }
      return answer;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      Scripted.<RuntimeException>raise(e);
      return SILENCE; // not reached
    }
  }

  /** Throws an exception that the dispatcher may throw, but Java would not let it declare. */
  @SuppressWarnings("unchecked")
  private static <E extends Exception> void raise(Exception e) throws E {
    throw (E) e;
  }

  @Override
  public void close() {
    closed.countDown();
  }

  static String path(RecordedRequest request) {
    return request.getUrl().encodedPath();
  }
}
