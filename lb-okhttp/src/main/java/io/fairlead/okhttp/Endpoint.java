package io.fairlead.okhttp;

import io.fairlead.backend.Backend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/**
 * How one member of a pool is dialled, and what connections there are to it. It holds the member's address and not the member,
 * because OkHttp never forgets a route that failed, and with it what is in here.
 *
 * <p>It has one or several slots, each with an {@link Epoch} of connections that are used now. Several make for several HTTP/2
 * connections: OkHttp takes one connection for all requests whose Dns is equal, as long as the server lets it.
 *
 * <p>Thread-safe.
 */
final class Endpoint {

  private final String host;
  private final int port;
  private final @Nullable InetAddress address;
  private final Set<String> logicalHosts;
  private final @Nullable Lifetime lifetime;
  private final AtomicReferenceArray<Epoch> epochs; // by slot: those that are used now
  private final Set<BackendSocket> sockets = ConcurrentHashMap.newKeySet(); // that are not closed
  private final AtomicInteger turn = new AtomicInteger();
  private volatile int lostSlot; // where a fresh connection goes, in place of the one that was lost
  private volatile boolean multiplexed;
  private volatile boolean closesConnections;
  private volatile boolean closed;

  /**
   * @param logicalHosts the hosts in URLs that stand for this member's service
   * @param slots how many connections there are to be if one can carry many requests
   * @param lifetime how long connections are used; null for as long as they last
   */
  Endpoint(Backend backend, Set<String> logicalHosts, int slots, @Nullable Lifetime lifetime) {
    this.host = backend.host();
    this.port = backend.port();
    this.address = backend.address();
    this.logicalHosts = logicalHosts;
    this.lifetime = lifetime;
    this.epochs = new AtomicReferenceArray<>(slots);
    for (int slot = 0; slot < slots; slot++) {
      epochs.set(slot, new Epoch(this, slot));
    }
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

  Set<String> logicalHosts() {
    return logicalHosts;
  }

  boolean isLogical(String hostname) {
    return logicalHosts.contains(hostname);
  }

  @Nullable
  Lifetime lifetime() {
    return lifetime;
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

  /** Whether its last answer came over a connection that carries many requests: for any other, slots would but split the pool. */
  void multiplexed(boolean multiplexed) {
    if (multiplexed != this.multiplexed) {
      this.multiplexed = multiplexed;
    }
  }

  boolean multiplexed() {
    return multiplexed;
  }

  /** How many connections there are to be if one can carry many requests. */
  int slots() {
    return epochs.length();
  }

  /**
   * The way of dialling for one attempt by a client with these settings. Its epoch has been entered: {@link Dialing#leave} must
   * follow, once, when the attempt has done with its connection.
   *
   * @param fresh whether the attempt is to use no connection that is there already
   * @param nowNanos on the balancer's clock
   */
  Dialing dialing(Interceptor.Chain chain, boolean probeable, boolean fresh, long nowNanos) {
    Epoch epoch = enter(fresh ? lostSlot : slot(), nowNanos);
    return fresh ? new Dialing(epoch, chain, probeable, true) : epoch.dialing(chain, probeable);
  }

  private Epoch enter(int slot, long nowNanos) {
    while (true) {
      Epoch present = present(slot);
      if (lifetime != null && present.isOver(nowNanos)) {
        retire(present);
      } else if (present.enter()) {
        return present;
      }
    }
  }

  /** The epoch that a slot has now. */
  Epoch present(int slot) {
    return epochs.get(slot);
  }

  /** One after the other; or the next, if that one has less to do: streams that hang show in what is in use. */
  private int slot() {
    int slots = epochs.length();
    if (slots == 1 || !multiplexed) {
      return 0;
    }
    int one = Math.floorMod(turn.getAndIncrement(), slots);
    int next = one + 1 == slots ? 0 : one + 1;
    return present(next).users() < present(one).users() ? next : one;
  }

  /** Connections of this epoch are not used again; those in use finish, and all are closed then. */
  void retire(Epoch old) {
    Epoch successor = new Epoch(this, old.slot());
    if (epochs.compareAndSet(old.slot(), old, successor)) {
      if (closed) { // which may have missed it
        successor.shut();
      }
      lostSlot = old.slot();
      old.retire();
    }
  }

  /** The member is gone for good, with nothing in flight: closes all connections, and those that are still to be made. */
  void close() {
    closed = true;
    for (int slot = 0; slot < epochs.length(); slot++) {
      present(slot).shut();
    }
    sockets.forEach(socket -> socket.epoch().shut()); // of epochs that somebody has never left
  }

  /** A socket is there, to be connected. */
  void opened(BackendSocket socket) throws IOException {
    sockets.add(socket);
    if (socket.epoch().isShutting()) { // read after the socket could be found by who shuts it
      socket.close();
      throw new SocketException("connections to " + this + " are closed: it is not used any more");
    }
  }

  void closed(BackendSocket socket) {
    sockets.remove(socket);
  }

  /** How many are not closed. */
  int sockets() {
    return sockets.size();
  }

  void closeSockets(Epoch epoch) {
    for (BackendSocket socket : sockets) {
      if (socket.epoch() == epoch) {
        try {
          socket.close();
        } catch (IOException | RuntimeException e) {
          // OkHttp closes quietly too; and it is not used again, whatever became of it
        }
      }
    }
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
