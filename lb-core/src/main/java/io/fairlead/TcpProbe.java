package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.time.NanoClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Whether a backend accepts connections. */
final class TcpProbe implements HealthProbe {

  static final TcpProbe INSTANCE = new TcpProbe();

  private TcpProbe() {}

  @Override
  public void check(Member member, Duration timeout) throws IOException {
    Backend backend = member.backend();
    InetAddress literal = backend.address();
    InetAddress[] addresses =
        literal == null ? InetAddress.getAllByName(backend.host()) : new InetAddress[] {literal};
    NanoClock clock = NanoClock.system(); // of the network, which no fake clock moves
    long end = clock.nanos() + timeout.toNanos();
    IOException failure = new SocketTimeoutException("no time left");
    for (int i = 0; i < addresses.length; i++) {
      // An equal part for each that is left: one that is silent is not to use up the others' time.
      long millis = TimeUnit.NANOSECONDS.toMillis((end - clock.nanos()) / (addresses.length - i));
      if (millis <= 0) {
        break;
      }
      try (Socket socket = new Socket(Proxy.NO_PROXY)) {
        InetSocketAddress address = new InetSocketAddress(addresses[i], backend.port());
        socket.connect(address, (int) Math.min(millis, Integer.MAX_VALUE));
        return;
      } catch (IOException e) {
        failure = e;
      }
    }
    throw failure;
  }

  @Override
  public String toString() {
    return "tcp";
  }
}
