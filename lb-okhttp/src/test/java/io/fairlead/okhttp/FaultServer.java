package io.fairlead.okhttp;

import io.fairlead.backend.Backend;
import io.fairlead.okhttp.FaultExchange.Http2;
import io.fairlead.okhttp.Harness.Wire;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import okhttp3.tls.HandshakeCertificates;

/**
 * A server that does with each request as it is told, over any {@link Wire}, byte by byte, and knows how many it has got. It
 * has a thread for each connection.
 */
final class FaultServer implements AutoCloseable {

  private static final int PATIENCE_SECONDS = 10;
  private static final int PREFACE_BYTES = 24;

  /** What is done with a connection, before anything is read from it. */
  @FunctionalInterface
  interface Welcome {
    Welcome NONE = socket -> true;

    /** Whether to go on with it. */
    boolean to(Socket socket) throws IOException;
  }

  /** What is done with a request. */
  @FunctionalInterface
  interface Answer {
    void to(FaultExchange exchange) throws IOException;
  }

  private final Wire wire;
  private final HandshakeCertificates certificates;
  private final Welcome welcome;
  private final Answer answer;
  private final int good;
  private final Duration delay;
  private final ReadWriteLock answering = new ReentrantReadWriteLock();
  private final ServerSocket listening;
  private final AtomicInteger requests = new AtomicInteger();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  private FaultServer(
      Wire wire,
      int port,
      HandshakeCertificates certificates,
      Welcome welcome,
      Answer answer,
      int good,
      Duration delay)
      throws IOException {
    this.wire = wire;
    this.certificates = certificates;
    this.welcome = welcome;
    this.answer = answer;
    this.good = good;
    this.delay = delay;
    this.listening = new ServerSocket();
    listening.setReuseAddress(true);
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
    start("fault-server-" + port(), this::accept);
  }

  /**
   * Starts one.
   *
   * @param good how many requests it answers as it should, before it does as it is told
   */
  static FaultServer start(
      Wire wire, HandshakeCertificates certificates, Welcome welcome, Answer answer, int good)
      throws IOException {
    return new FaultServer(wire, 0, certificates, welcome, answer, good, Duration.ZERO);
  }

  /** One that answers as it should. */
  static FaultServer good(Wire wire) throws IOException {
    return good(wire, 0, Duration.ZERO);
  }

  /**
   * One that answers as it should.
   *
   * @param port that of one which was closed, or 0 for any
   * @param delay how long it thinks about each request
   */
  static FaultServer good(Wire wire, int port, Duration delay) throws IOException {
    return new FaultServer(
        wire,
        port,
        Harness.SERVER,
        Welcome.NONE,
        FaultExchange::close, // never
        Integer.MAX_VALUE,
        delay);
  }

  private void answerWell(FaultExchange exchange) throws IOException {
    answering.readLock().lock();
    try {
      exchange.answer(200, Fault.BODY);
    } finally {
      answering.readLock().unlock();
    }
  }

  int port() {
    return listening.getLocalPort();
  }

  Backend backend() {
    return Backend.of("127.0.0.1", port());
  }

  /** How many requests were read to their end. */
  int requests() {
    return requests.get();
  }

  /** How many connections are open. */
  int connections() {
    return open.size();
  }

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
        open.add(socket);
        if (listening.isClosed()) { // close() may have missed it
          socket.close();
        }
        start("fault-connection-" + port(), () -> serve(socket));
      } catch (IOException e) {
        // closed
      }
    }
  }

  private void serve(Socket raw) {
    try (raw) {
      raw.setTcpNoDelay(true);
      if (!welcome.to(raw)) {
        return;
      }
      try (Socket talking = wire.isTls() ? secure(raw) : raw) {
        DataInputStream in = new DataInputStream(new BufferedInputStream(talking.getInputStream()));
        if (speaksHttp2(talking)) {
          converse2(raw, talking, in);
        } else {
          converse1(raw, talking, in);
        }
      }
    } catch (IOException e) {
      // the client's doing, or close()
    } finally {
      open.remove(raw);
    }
  }

  private SSLSocket secure(Socket raw) throws IOException {
    SSLSocket socket = (SSLSocket)
        certificates.sslSocketFactory().createSocket(raw, "client", raw.getPort(), true);
    socket.setUseClientMode(false);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(
        wire.protocols().stream().map(Object::toString).toArray(String[]::new));
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private boolean speaksHttp2(Socket talking) {
    return talking instanceof SSLSocket secure
        ? secure.getApplicationProtocol().equals("h2")
        : wire == Wire.PRIOR_KNOWLEDGE;
  }

  private void answer(FaultExchange exchange) throws IOException {
    if (requests.incrementAndGet() <= good) {
      exchange.pause(delay);
      answerWell(exchange);
    } else {
      answer.to(exchange);
    }
  }

  private void converse1(Socket raw, Socket talking, DataInputStream in) throws IOException {
    while (RawServer.read(in) != null) {
      FaultExchange exchange = new FaultExchange.Http1(raw, talking, in);
      answer(exchange);
      if (exchange.isOver()) {
        return;
      }
    }
  }

  private void converse2(Socket raw, Socket talking, DataInputStream in) throws IOException {
    in.skipNBytes(PREFACE_BYTES);
    Http2 connection = new Http2(raw, talking, in, 0);
    connection.frame(Http2.SETTINGS, 0, 0, new byte[0]);
    while (true) {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = in.readNBytes(length);
      boolean acknowledges = (flags & Http2.ACK) != 0;
      if (type == Http2.SETTINGS && !acknowledges) {
        connection.frame(Http2.SETTINGS, Http2.ACK, 0, new byte[0]);
      } else if (type == Http2.PING && !acknowledges) {
        connection.frame(Http2.PING, Http2.ACK, 0, payload);
      } else if ((type == Http2.HEADERS || type == Http2.DATA) && (flags & Http2.END_STREAM) != 0) {
        Http2 exchange = new Http2(raw, talking, in, stream);
        answer(exchange);
        if (exchange.isOver()) {
          // What the client says meanwhile must be read, or its end of stream would be a reset.
          talking.shutdownOutput();
          in.transferTo(OutputStream.nullOutputStream());
          return;
        }
      }
    }
  }

  /** Stops listening and breaks all connections off, but not within a good answer: no client could make that good. */
  @Override
  public void close() throws IOException {
    answering.writeLock().lock();
    try {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    } finally {
      answering.writeLock().unlock();
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
