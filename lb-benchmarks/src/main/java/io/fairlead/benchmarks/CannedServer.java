package io.fairlead.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A server on the loopback interface that takes whatever comes for GETs, and costs little beside the system calls. */
final class CannedServer implements AutoCloseable {

  static final String BODY = "hello";

  private static final byte[] ANSWER = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
          + "Content-Length: " + BODY.length() + "\r\n\r\n" + BODY)
      .getBytes(StandardCharsets.US_ASCII);

  private final ServerSocket listening;
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();

  CannedServer() throws IOException {
    listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "canned-server");
    thread.setDaemon(true);
    thread.start();
  }

  int port() {
    return listening.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = listening.accept();
        connection.setTcpNoDelay(true);
        connections.add(connection);
        start(() -> answer(connection));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void answer(Socket connection) {
    byte[] buffer = new byte[8192];
    int matched = 0; // so much of the empty line that ends a request
    try (connection) {
      InputStream in = connection.getInputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++) {
          matched = buffer[i] == (matched % 2 == 0 ? '\r' : '\n')
              ? matched + 1
              : buffer[i] == '\r' ? 1 : 0;
          if (matched == 4) {
            connection.getOutputStream().write(ANSWER);
            matched = 0;
          }
        }
      }
    } catch (IOException e) {
      // The client has gone.
    } finally {
      connections.remove(connection);
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket connection : connections) {
      connection.close();
    }
  }
}
