package io.fairlead.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A port of 127.0.0.1 that refuses connections, and is given to nobody else meanwhile: bound, but not listened at. */
final class DeadPort implements AutoCloseable {

  private final Socket socket = new Socket();

  DeadPort() throws IOException {
    socket.bind(
        new InetSocketAddress(InetAddress.getByAddress("localhost", new byte[] {127, 0, 0, 1}), 0));
  }

  int port() {
    return socket.getLocalPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
