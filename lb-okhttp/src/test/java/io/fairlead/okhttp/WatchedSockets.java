package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;

/** A client's own sockets that tell when the client closes one; they are no channels. */
final class WatchedSockets extends SocketFactory {

  private final Semaphore closings = new Semaphore(0);
  private final AtomicInteger open = new AtomicInteger();

  /** Waits until a socket more is closed. */
  void awaitClosing() throws InterruptedException {
    assertThat(closings.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
  }

  /** How many were made and not closed. */
  int open() {
    return open.get();
  }

  @Override
  public Socket createSocket() {
    open.incrementAndGet();
    return new Socket() {
      @Override
      public synchronized void close() throws IOException {
        boolean first = !isClosed();
        super.close();
        if (first) {
          open.decrementAndGet();
          closings.release();
        }
      }

      @Override
      public InputStream getInputStream() throws IOException {
        return new FilterInputStream(super.getInputStream()) {};
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
