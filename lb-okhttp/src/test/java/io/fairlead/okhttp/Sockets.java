package io.fairlead.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.function.UnaryOperator;
import javax.net.SocketFactory;

/** A client's own socket factory, which sees where sockets are connected to, and may lead them elsewhere. */
final class Sockets extends SocketFactory {

  private final UnaryOperator<InetSocketAddress> route;

  private Sockets(UnaryOperator<InetSocketAddress> route) {
    this.route = route;
  }

  static SocketFactory of(UnaryOperator<InetSocketAddress> route) {
    return new Sockets(route);
  }

  @Override
  public Socket createSocket() {
    return new Socket() {
      @Override
      public void connect(SocketAddress address, int timeout) throws IOException {
        super.connect(route.apply((InetSocketAddress) address), timeout);
      }
    };
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(
      InetAddress address, int port, InetAddress localAddress, int localPort) {
    throw new UnsupportedOperationException();
  }
}
