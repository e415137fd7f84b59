package io.fairlead.okhttp;

import io.fairlead.backend.Backend;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** An HTTP/1.1 server that misbehaves as it is told, byte by byte. It has a thread for each connection. */
final class RawServer implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 10;

  /** A request that was read to its end. */
  record Seen(String method, String path, String head, String body) {}

  /** What is done with a request. */
  @FunctionalInterface
  interface Answer {
    void to(Exchange exchange) throws IOException, InterruptedException;
  }

  /** One request, and the connection that it came over. */
  static final class Exchange {
    private final Socket socket;
    final Seen request;
    private boolean close;

    Exchange(Socket socket, Seen request) {
      this.socket = socket;
      this.request = request;
    }

    void write(String text) throws IOException {
      OutputStream out = socket.getOutputStream();
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }

    void close() {
      close = true;
    }

    /** So that the client gets a reset and no end of stream. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
      close = true;
    }
  }

  private final ServerSocket listening;
  private final @Nullable SSLSocketFactory tls;
  private final Queue<Answer> script;
  private final AtomicInteger accepted = new AtomicInteger();
  private final Semaphore arrivals = new Semaphore(0);
  private final Semaphore closings = new Semaphore(0);
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  private RawServer(int port, @Nullable SSLSocketFactory tls, Answer... script) throws IOException {
    this.tls = tls;
    this.script = new ConcurrentLinkedQueue<>(List.of(script));
    this.listening = new ServerSocket();
    listening.setReuseAddress(true);
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
    start("raw-server-" + listening.getLocalPort(), this::accept);
  }

  /** A server that gives these answers one after the other, and the last one for ever. */
  static RawServer start(Answer... script) throws IOException {
    return new RawServer(0, null, script);
  }

  static RawServer startTls(SSLSocketFactory tls, Answer... script) throws IOException {
    return new RawServer(0, tls, script);
  }

  /** At the port of one that was closed. */
  static RawServer startOn(int port, Answer... script) throws IOException {
    return new RawServer(port, null, script);
  }

  static RawServer startTlsOn(int port, SSLSocketFactory tls, Answer... script) throws IOException {
    return new RawServer(port, tls, script);
  }

  // ---- answers ----

  static Answer ok(String body) {
    return exchange -> exchange.write(response(body));
  }

  static String response(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  /** Without having said so, as servers do with what has been idle for too long. */
  static Answer okThenClose(String body) {
    return exchange -> {
      exchange.write(response(body));
      exchange.close();
    };
  }

  /** These, each with its end of line; an empty one ends the headers. */
  static String lines(String... lines) {
    return String.join("\r\n", lines) + "\r\n";
  }

  static Answer closing(String bytes) {
    return exchange -> {
      exchange.write(bytes);
      exchange.close();
    };
  }

  static Answer bytes(String bytes) {
    return exchange -> exchange.write(bytes);
  }

  static Answer resetting() {
    return Exchange::reset;
  }

  /** Waits before it does something. */
  static Answer after(CountDownLatch latch, Answer then) {
    return exchange -> {
      if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("nobody opened the latch");
      }
      then.to(exchange);
    };
  }

  /** Never answers. */
  static Answer silence() {
    return exchange -> {
      while (exchange.socket.getInputStream().read() != -1) {
        // nobody sends anything
      }
      exchange.close();
    };
  }

  // ---- what was seen ----

  Backend backend() {
    return Backend.of("127.0.0.1", port());
  }

  int port() {
    return listening.getLocalPort();
  }

  int connections() {
    return accepted.get();
  }

  List<Seen> requests() {
    return seen;
  }

  /** Waits for a request that nobody has waited for. */
  void awaitRequest() throws InterruptedException {
    if (!arrivals.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("no request came");
    }
  }

  /** Waits until a connection more is closed, and the client's side knows it. */
  void awaitClosing() throws InterruptedException {
    if (!closings.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("no connection was closed");
    }
  }

  // ---- at work ----

  private void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        accepted.incrementAndGet();
        open.add(socket);
        if (listening.isClosed()) { // stop() may have missed it
          socket.shutdownInput();
        }
        start("raw-connection-" + port(), () -> serve(socket));
      } catch (IOException e) {
        // closed
      }
    }
  }

  private void serve(Socket raw) {
    try (raw) {
      // Makes close() wait for the other side's kernel to confirm that it has heard of it.
      raw.setSoLinger(true, PATIENCE_SECONDS);
      raw.setTcpNoDelay(true);
      Socket socket = raw;
      if (tls != null) {
        SSLSocket secure = (SSLSocket) tls.createSocket(raw, "client", raw.getPort(), true);
        secure.setUseClientMode(false);
        socket = secure;
      }
      try (Socket talking = socket) {
        converse(talking);
      }
    } catch (IOException e) {
      // the client's doing, or close()
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(raw);
      closings.release();
    }
  }

  private void converse(Socket socket) throws IOException, InterruptedException {
    InputStream in = new BufferedInputStream(socket.getInputStream());
    for (Seen request = read(in); request != null; request = read(in)) {
      seen.add(request);
      arrivals.release();
      Exchange exchange = new Exchange(socket, request);
      next().to(exchange);
      if (exchange.close) {
        return;
      }
    }
  }

  private Answer next() {
    synchronized (script) {
      Answer answer = script.remove();
      if (script.isEmpty()) {
        script.add(answer);
      }
      return answer;
    }
  }

  static @Nullable Seen read(InputStream in) throws IOException {
    List<String> head = new ArrayList<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      head.add(line);
    }
    if (head.isEmpty()) {
      return null;
    }
    int length = 0;
    boolean chunked = false;
    for (String header : head) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(lower.indexOf(':') + 1).trim());
      }
      chunked |= lower.startsWith("transfer-encoding: chunked");
    }
    String body;
    if (chunked) {
      StringBuilder chunks = new StringBuilder();
      for (int size = Integer.parseInt(line(in), 16);
          size > 0;
          size = Integer.parseInt(line(in), 16)) {
        chunks.append(text(in, size));
        line(in);
      }
      line(in);
      body = chunks.toString();
    } else {
      body = text(in, length);
    }
    String[] first = head.get(0).split(" ", -1);
    return new Seen(first[0], first[1], String.join("\n", head), body);
  }

  private static String text(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next == -1) {
        return "";
      }
      if (next != '\r') {
        line.write(next);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    stop();
  }

  /** Closes all connections, and returns when the clients' side knows. */
  void stop() throws IOException {
    listening.close();
    for (Socket socket : open) {
      try {
        socket.shutdownInput(); // its own thread closes it
      } catch (IOException e) {
        // closed already
      }
    }
    for (Thread thread : threads) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
