package io.fairlead.lab;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import org.jspecify.annotations.Nullable;

/** One request of one client, over all its attempts. */
final class Call {

  private final Simulation simulation;
  private final LoadBalancer balancer;
  private final RequestContext context;
  private final double work;
  private final long start;
  private int retriesLeft;

  Call(Simulation simulation, LoadBalancer balancer, RequestContext context, double work) {
    this.simulation = simulation;
    this.balancer = balancer;
    this.context = context;
    this.work = work;
    this.start = simulation.clock().nanos();
    this.retriesLeft = simulation.scenario().retries();
  }

  void begin() {
    simulation.tally().began();
    try {
      send(balancer.acquire(context));
    } catch (LoadBalancingException e) {
      end(Ending.REFUSED);
    }
  }

  private void send(Lease lease) {
    Attempt attempt = new Attempt(lease);
    Server server = simulation.server(lease.backend().id());
    simulation.tally().sent(server.index(), lease.startNanos());
    // Not called off if the answer comes first: it is then without effect, which is cheaper.
    simulation
        .clock()
        .at(
            lease.startNanos() + simulation.scenario().timeoutNanos(),
            () -> attempt.answer(Outcome.timeout()));
    server.accept(attempt);
  }

  private void ended(Lease lease, Outcome outcome) {
    lease.record(outcome);
    Lease next = outcome.failed() && retriesLeft-- > 0 ? another(lease) : null;
    lease.close();
    if (next == null) {
      end(Ending.of(outcome));
    } else {
      send(next);
    }
  }

  private static @Nullable Lease another(Lease lease) {
    try {
      return lease.another(Target.UNTRIED);
    } catch (LoadBalancingException e) {
      return null; // the call then ends as its last attempt did
    }
  }

  private void end(Ending ending) {
    simulation.tally().ended(ending, start, simulation.clock().nanos());
  }

  private final class Attempt implements Job {
    private final Lease lease;
    private boolean over;

    Attempt(Lease lease) {
      this.lease = lease;
    }

    @Override
    public double work() {
      return work;
    }

    @Override
    public boolean givenUp() {
      return over;
    }

    @Override
    public void answer(Outcome outcome) {
      if (!over) {
        over = true;
        ended(lease, outcome);
      }
    }
  }
}
