package io.fairlead.okhttp;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Member;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What leads from a logical host to a balancer, and to its members. */
final class Route {

  /** How many endpoints more than members there may be before those of the departed are looked for. */
  private static final int SLACK = 64;

  private final LoadBalancer balancer;
  private final Set<String> hosts;
  private final Map<Member, Endpoint> endpoints = new ConcurrentHashMap<>();

  Route(LoadBalancer balancer, Set<String> hosts) {
    this.balancer = balancer;
    this.hosts = Set.copyOf(hosts);
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
    if (endpoints.size() >= 2 * balancer.pool().members().size() + SLACK) {
      // One that drains and has nothing in flight is gone, and never comes back as the same member.
      endpoints.keySet().removeIf(other -> other.draining() && other.inFlight() == 0);
    }
    return endpoints.computeIfAbsent(member, joined -> new Endpoint(joined.backend(), hosts));
  }
}
