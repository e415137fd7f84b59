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
  private volatile boolean closesConnections;

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

  /** Whether it closed the connection after its last answer without having said so, and will again. */
  boolean closesConnections() {
    return closesConnections;
  }

  void closesConnections(boolean closes) {
    if (closes != closesConnections) { // a write for each answer would cost other threads more
      closesConnections = closes;
    }
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
    Dialing changed = new Dialing(this, now, chain, probeable, false);
    dialing = changed;
    return changed;
  }

  /** A way of dialling for one attempt, which will use no connection that is there already. */
  Dialing freshDialing(Interceptor.Chain chain, boolean probeable) {
    return new Dialing(this, epoch.get(), chain, probeable, true);
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
