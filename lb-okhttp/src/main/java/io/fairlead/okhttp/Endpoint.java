package io.fairlead.okhttp;

import java.net.InetAddress;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/**
 * How one member of a pool is dialled. It holds the member's address and not the member, because OkHttp never forgets a
 * route that failed, and with it what is in here.
 */
final class Endpoint {

  private final String host;
  private final int port;
  private final @Nullable InetAddress address;
  private final Set<String> logicalHosts;
  private final AtomicInteger epoch = new AtomicInteger();
  private volatile @Nullable Dialing dialing;

  /**
   * @param logicalHosts the hosts in URLs that stand for this member's service
   */
  Endpoint(io.fairlead.backend.Backend backend, Set<String> logicalHosts) {
    this.host = backend.host();
    this.port = backend.port();
    this.address = backend.address();
    this.logicalHosts = logicalHosts;
  }

  String host() {
    return host;
  }

  int port() {
    return port;
  }

  /** The host's address, or null if it is a name. */
  @Nullable
  InetAddress address() {
    return address;
  }

  boolean isLogical(String hostname) {
    return logicalHosts.contains(hostname);
  }

  /**
   * The present way of dialling, for a client with these settings. Connections are found again by it, so it is the same
   * object for the same settings, until {@link #retire}.
   */
  Dialing dialing(Interceptor.Chain chain, boolean probeable) {
    int now = epoch.get();
    Dialing known = dialing;
    if (known != null && known.fits(chain, probeable, now)) {
      return known;
    }
    Dialing fresh = new Dialing(this, now, chain, probeable);
    dialing = fresh;
    return fresh;
  }

  /** Connections made in this way are not used again; those in use finish. */
  void retire(Dialing old) {
    epoch.compareAndSet(old.epoch(), old.epoch() + 1);
  }

  @Override
  public String toString() {
    return Objects.requireNonNull(host) + ":" + port;
  }
}
