package io.fairlead.okhttp;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Member;
import io.fairlead.time.Cancellable;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What leads from a logical host to a balancer, and to its members: as long as they have requests, and no longer. */
final class Route {

  private final LoadBalancer balancer;
  private final Set<String> hosts;
  private final int slots;
  private final @Nullable Lifetime lifetime;
  private final ResponseClassifier classifier;
  private final Map<Member, Endpoint> endpoints = new ConcurrentHashMap<>();

  /**
   * @param slots how many connections to each member there are to be if one can carry many requests
   * @param lifetime how long connections are used; null for as long as they last
   */
  Route(LoadBalancer balancer, Set<String> hosts, int slots, @Nullable Lifetime lifetime) {
    this.balancer = balancer;
    this.hosts = Set.copyOf(hosts);
    this.slots = slots;
    this.lifetime = lifetime;
    this.classifier = new StatusClassifier(balancer.clock());
    Departures departures = new Departures(this);
    departures.listening = balancer.addListener(departures);
  }

  /** By status, and by the balancer's wall clock. */
  ResponseClassifier classifier() {
    return classifier;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  Set<String> hosts() {
    return hosts;
  }

  Endpoint endpoint(Member member) {
    Endpoint known = endpoints.get(member);
    if (known != null) {
      return known;
    }
    Endpoint made = endpoints.computeIfAbsent(
        member, joined -> new Endpoint(joined.backend(), hosts, slots, lifetime));
    if (member.draining() && member.inFlight() == 0) { // gone, which may have been told before
      drained(member);
    }
    return made;
  }

  private void drained(Member member) {
    Endpoint endpoint = endpoints.remove(member);
    if (endpoint != null) {
      endpoint.close();
    }
  }

  /** Hears who has left; a balancer is not to keep each interceptor that it was ever given to. */
  private static final class Departures implements LoadBalancerListener {
    private final WeakReference<Route> route;
    private volatile @Nullable Cancellable listening;

    Departures(Route route) {
      this.route = new WeakReference<>(route);
    }

    @Override
    public void drained(Member member) {
      Route present = route.get();
      Cancellable known = listening;
      if (present != null) {
        present.drained(member);
      } else if (known != null) {
        known.cancel();
      }
    }
  }
}
