package io.fairlead.examples.quickstart;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** An HTTP server on the loopback interface that says hello, after a while. */
final class DemoServer implements AutoCloseable {

  static {
    // The JDK's server writes headers and body one by one, and without this the body would wait
    // for the client to acknowledge the headers, for 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private static final byte[] BODY = "hello\n".getBytes(StandardCharsets.UTF_8);

  private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
    Thread thread = new Thread(task, "demo-server");
    thread.setDaemon(true);
    return thread;
  });
  private final ReadWriteLock answering = new ReentrantReadWriteLock();
  private final Duration delay;
  private HttpServer server;

  private DemoServer(Duration delay) {
    this.delay = delay;
    this.server = listen(0);
  }

  /**
   * Starts one on a free port.
   *
   * @param delay how long it thinks about each request
   */
  static DemoServer start(Duration delay) {
    return new DemoServer(delay);
  }

  private HttpServer listen(int port) {
    try {
      InetSocketAddress address =
          new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
      HttpServer created = HttpServer.create(address, 0);
      created.createContext("/", this::answer);
      created.setExecutor(executor);
      created.start();
      return created;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    LockSupport.parkNanos(delay.toNanos());
    answering.readLock().lock();
    try {
      exchange.sendResponseHeaders(200, BODY.length);
      exchange.getResponseBody().write(BODY);
      exchange.close();
    } finally {
      answering.readLock().unlock();
    }
  }

  synchronized int port() {
    return server.getAddress().getPort();
  }

  /**
   * Stops listening, and breaks all connections off. What it was asked and has not begun to answer it never will. An answer that
   * has begun it ends: one that breaks off after its headers, which the caller has read by then, no client can make good.
   */
  synchronized void stop() {
    answering.writeLock().lock();
    try {
      server.stop(0);
    } finally {
      answering.writeLock().unlock();
    }
  }

  /** Listens again, on the same port. */
  synchronized void restart() {
    server = listen(port());
  }

  @Override
  public void close() {
    stop();
    executor.shutdownNow();
  }
}
