package io.fairlead.okhttp;

import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/**
 * One generation of the connections in one slot of an endpoint. Connections of one epoch are interchangeable, and never with those
 * of another: once it is {@linkplain Endpoint#retire retired}, what is in use finishes, and nothing new comes to them.
 *
 * <p>OkHttp would keep what is idle of it until its keep-alive is over. But nobody uses a connection of an epoch without having
 * entered it, so that they can be closed as soon as the last one has left.
 *
 * <p>Thread-safe.
 */
final class Epoch {

  private final Endpoint endpoint;
  private final int slot;
  private final AtomicInteger users = new AtomicInteger();
  private volatile boolean retired;
  private volatile boolean shutting;
  private volatile boolean shut;
  private volatile long endNanos; // 0 as long as nothing was connected
  private volatile @Nullable Dialing dialing;

  Epoch(Endpoint endpoint, int slot) {
    this.endpoint = endpoint;
    this.slot = slot;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  int slot() {
    return slot;
  }

  /** How many attempts use it or are about to. */
  int users() {
    return users.get();
  }

  /**
   * Says that somebody is about to use its connections; {@link #leave} must follow, once.
   *
   * @return false if it was retired: its successor is to be used
   */
  boolean enter() {
    users.incrementAndGet();
    if (!retired) { // read after the count was raised, as retire reads the count after this was set
      return true;
    }
    leave();
    return false;
  }

  /** Says that who has entered has done with its connection, even if that one is not closed. */
  void leave() {
    users.decrementAndGet();
    shutIfOver();
  }

  /** Lets nobody in any more. To be called once its successor is there. */
  void retire() {
    retired = true;
    shutIfOver();
  }

  private void shutIfOver() {
    if (retired && users.get() == 0) { // in this order: nobody has come in between
      shut();
    }
  }

  /** Closes all connections of it, and those that are still to be made. */
  void shut() {
    shutting = true; // before they are looked for: who makes one from now on closes it himself
    endpoint.closeSockets(this);
    shut = true;
  }

  /** Whether connections of it are closed as soon as they are made. */
  boolean isShutting() {
    return shutting;
  }

  /** Whether all connections of it are closed, and will be. */
  boolean isShut() {
    return shut;
  }

  /** A connection of it was made: its time runs from the first one on. */
  void connected() {
    Lifetime lifetime = endpoint.lifetime();
    if (lifetime != null && endNanos == 0) {
      endNanos = lifetime.endNanos();
    }
  }

  /**
   * Whether its connections may be as old as they are allowed to become.
   *
   * @param nowNanos on the balancer's clock
   */
  boolean isOver(long nowNanos) {
    long end = endNanos;
    return end != 0 && nowNanos - end >= 0;
  }

  /**
   * The way of dialling for a client with these settings. Connections are found again by it, so it is the same object for the same
   * settings, as long as no other client comes between.
   */
  Dialing dialing(Interceptor.Chain chain, boolean probeable) {
    Dialing known = dialing;
    if (known != null && known.fits(chain, probeable)) {
      return known;
    }
    Dialing changed = new Dialing(this, chain, probeable, false);
    dialing = changed;
    return changed;
  }

  @Override
  public String toString() {
    return endpoint + " #" + slot + " (" + users + " in use" + (retired ? ", retired)" : ")");
  }
}
