package io.fairlead.lab;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPlan.Event;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request of one client, over all its attempts: does in virtual time what its {@link CallPlan} says. */
final class Call {

  private final Simulation simulation;
  private final LoadBalancer balancer;
  private final RequestContext context;
  private final CallPlan plan;
  private final double work;
  private final long start;
  private final List<Attempt> underway = new ArrayList<>(1);
  private @Nullable Attempt newest;
  private @Nullable Outcome last;

  Call(Simulation simulation, LoadBalancer balancer, RequestContext context, double work) {
    this.simulation = simulation;
    this.balancer = balancer;
    this.context = context;
    this.plan = balancer.plan(context);
    this.work = work;
    this.start = simulation.clock().nanos();
    if (!simulation.scenario().repeats()) {
      plan.sendNoMore();
    }
  }

  void begin() {
    simulation.tally().began();
    tell(Event.START, 0, null);
  }

  private void tell(Event event, int attempt, @Nullable Outcome outcome) {
    switch (plan.next(event, attempt, outcome, simulation.clock().nanos())) {
      case SEND -> send();
      case WAIT -> await();
      case DELIVER, FAIL -> end();
      case NOTHING -> {}
    }
  }

  private void await() {
    if (plan.until() != CallPlan.NEVER) {
      simulation.clock().at(plan.until(), () -> tell(Event.TIMER, 0, null));
    }
  }

  private void send() {
    int number = plan.attempt();
    Lease lease;
    try {
      lease = newest == null ? balancer.acquire(context) : newest.lease.another(plan.target());
    } catch (LoadBalancingException e) {
      tell(Event.NOBODY, number, null);
      return;
    }
    letGo();
    Attempt attempt = new Attempt(lease, number);
    newest = attempt;
    underway.add(attempt);
    if (number == 1 && plan.mayHedge()) {
      tell(Event.LEASED, 1, null);
    }
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

  /** A closing balancer would know the call by its leases: the last one is given back when there is another. */
  private void letGo() {
    if (newest != null && newest.over) {
      newest.lease.close();
    }
  }

  private void end() {
    List.copyOf(underway).forEach(attempt -> attempt.end(Outcome.abandoned()));
    letGo();
    Ending ending = last == null ? Ending.REFUSED : Ending.of(last);
    simulation.tally().ended(ending, start, simulation.clock().nanos());
  }

  private final class Attempt implements Job {
    private final Lease lease;
    private final int number;
    private boolean over;

    Attempt(Lease lease, int number) {
      this.lease = lease;
      this.number = number;
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
        end(outcome);
        last = outcome;
        boolean answered = outcome.kind() != Outcome.Kind.TIMEOUT && !outcome.isUnsent();
        tell(answered ? Event.ANSWERED : Event.FAILED, number, outcome);
      }
    }

    private void end(Outcome outcome) {
      over = true;
      underway.remove(this);
      lease.record(outcome);
      if (this != newest) {
        lease.close();
      }
    }
  }
}
