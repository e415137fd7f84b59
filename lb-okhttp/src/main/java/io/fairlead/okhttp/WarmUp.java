package io.fairlead.okhttp;

import io.fairlead.HealthProbe;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Member;
import io.fairlead.time.NanoClock;
import java.io.IOException;
import java.time.Duration;

/**
 * A check over HTTP that sees to it that there are some connections: OkHttp makes one only for a request, so it sends one for each
 * that is missing.
 */
final class WarmUp implements HealthProbe {

  private static final int MAX_CONNECTIONS = 64;

  private final HttpHealthCheck check;
  private final int connections;

  WarmUp(HttpHealthCheck check, int connections) {
    if (connections < 1 || connections > MAX_CONNECTIONS) {
      throw new IllegalArgumentException(
          "warmUp: " + connections + " (expected: 1 to " + MAX_CONNECTIONS + ")");
    }
    this.check = check;
    this.connections = connections;
  }

  @Override
  public void begin(LoadBalancer balancer) {
    check.begin(balancer);
  }

  @Override
  public void check(Member member, Duration timeout) throws IOException {
    NanoClock clock = NanoClock.system(); // of the network, as in the check
    long end = clock.nanos() + timeout.toNanos();
    check.check(member, timeout);
    Endpoint endpoint = check.route().endpoint(member);
    boolean multiplexed = endpoint.multiplexed(); // known by the answer to the check
    int wanted = multiplexed ? Math.min(connections, endpoint.slots()) : connections;
    for (int i = 0; i < wanted && endpoint.sockets() < wanted; i++) {
      long left = end - clock.nanos();
      if (left <= 0) {
        return;
      }
      // One over HTTP/2 takes the slots in turn; else an idle connection would be taken again.
      IOException failure =
          check.send(new DirectedCall(member, !multiplexed, HttpHealthCheck.millis(left)), left);
      if (failure != null) {
        throw failure;
      }
    }
  }

  @Override
  public String toString() {
    return check + " over " + connections + " connections";
  }
}
