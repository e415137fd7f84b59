package io.fairlead.lab;

import io.fairlead.LoadBalancer;
import io.fairlead.request.RequestContext;
import java.util.List;
import java.util.stream.IntStream;

/** The requests as they arrive: a Poisson process, each request some user's and by way of any client alike. */
final class Traffic {

  /** Made once: a context takes longer to make than a request to simulate. */
  private static final List<RequestContext> USERS =
      IntStream.range(0, 10_000).mapToObj(Traffic::user).toList();

  private final Simulation simulation;
  private final List<LoadBalancer> clients;
  private final Randomness randomness;
  private final double meanGapNanos;

  Traffic(Simulation simulation, List<LoadBalancer> clients, Randomness randomness) {
    this.simulation = simulation;
    this.clients = clients;
    this.randomness = randomness;
    this.meanGapNanos = 1e9 / simulation.scenario().rate();
  }

  private static RequestContext user(int number) {
    return RequestContext.withKey("user " + number)
        .session("session " + number)
        .clientIp("10.0." + number / 250 + "." + number % 250)
        .repeatable();
  }

  void begin() {
    scheduleNext(0);
  }

  private void scheduleNext(long after) {
    long next = after + Math.round(randomness.exponential() * meanGapNanos);
    if (next < simulation.scenario().durationNanos()) {
      simulation.clock().at(next, () -> arrive(next));
    }
  }

  // Nothing is drawn here that depends on what becomes of a request: every strategy gets the same
  // ones.
  private void arrive(long now) {
    LoadBalancer client = clients.get(randomness.index(clients.size()));
    RequestContext user = USERS.get(randomness.index(USERS.size()));
    double work = simulation.scenario().work().draw(randomness);
    new Call(simulation, client, user, work).begin();
    scheduleNext(now);
  }
}
