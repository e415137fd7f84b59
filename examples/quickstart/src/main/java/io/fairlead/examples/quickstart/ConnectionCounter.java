package io.fairlead.examples.quickstart;

import io.fairlead.okhttp.Attempts;
import java.net.InetSocketAddress;
import java.net.Proxy;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * Counts the connections that are opened to each backend. OkHttp knows a connection by the host of the URL alone, which is
 * that of all backends; whose it is tells the attempt that it was opened for.
 */
final class ConnectionCounter extends EventListener {

  private final Results results;

  ConnectionCounter(Results results) {
    this.results = results;
  }

  @Override
  public void connectEnd(
      Call call, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
    Attempts attempts = Attempts.of(call);
    if (attempts != null) {
      results.connected(attempts.last().backend());
    }
  }
}
