package io.fairlead.lab;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerSnapshot.MemberSnapshot;
import io.fairlead.backend.Backend;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A scenario as it happens with one strategy, once. */
final class Simulation {

  private final Scenario scenario;
  private final FakeClock clock = new FakeClock();
  private final Map<String, Server> servers = new HashMap<>();
  private final List<LoadBalancer> clients = new ArrayList<>();
  private final Tally tally;

  private Simulation(Scenario scenario) {
    this.scenario = scenario;
    this.tally = new Tally(scenario);
  }

  /** Lets a scenario happen. The same seed gives the same result. */
  static Result run(Scenario scenario, Strategy strategy, long seed) {
    Simulation simulation = new Simulation(scenario);
    simulation.setUp(strategy, seed);
    try {
      return simulation.run(seed);
    } finally {
      simulation.clients.forEach(LoadBalancer::close);
    }
  }

  private void setUp(Strategy strategy, long seed) {
    for (ServerSpec spec : scenario.servers()) {
      Server server = new Server(spec, servers.size(), clock, seed);
      if (servers.put(spec.id(), server) != null) {
        throw new IllegalArgumentException(scenario.name() + ": two servers named " + spec.id());
      }
      server.pauseNowAndThen(scenario.durationNanos());
    }
    for (int i = 0; i < scenario.clients(); i++) {
      LoadBalancer.Builder balancer = LoadBalancer.builder("client-" + i)
          .backends(present())
          .strategy(strategy)
          .maxEjected(0) // or it would not be the strategy that is seen
          .retries(retries())
          .time(clock)
          .chance(Randomness.chance(seed, Randomness.Stream.CLIENT, i));
      scenario.applySettings(balancer);
      clients.add(balancer.build());
    }
    scenario.servers().stream().flatMap(spec -> spec.absences().stream()).forEach(absence -> {
      clock.at(absence.from(), this::updatePools);
      clock.at(absence.until(), this::updatePools);
    });
  }

  /** How often is the scenario's to say: no budget comes between. */
  private RetryPolicy retries() {
    return RetryPolicy.builder()
        .maxAttempts(1 + scenario.retries())
        .budget(RetryBudget.builder().share(1).floor(1_000_000))
        .build();
  }

  private List<Backend> present() {
    long now = clock.nanos();
    return scenario.servers().stream()
        .filter(spec -> spec.present(now))
        .map(ServerSpec::backend)
        .toList();
  }

  private void updatePools() {
    List<Backend> present = present();
    clients.forEach(client -> client.pool().update(present));
  }

  private Result run(long seed) {
    new Traffic(this, clients, Randomness.of(seed, Randomness.Stream.ARRIVALS, 0)).begin();
    clock.advance(Duration.ofNanos(scenario.durationNanos()));
    // No attempt takes longer than its time-out.
    clock.advance(Duration.ofNanos(scenario.timeoutNanos() * (1L + scenario.retries())));
    return new Result(scenario, tally, inFlight());
  }

  private long inFlight() {
    return clients.stream()
        .flatMap(client -> client.snapshot().members().stream())
        .mapToLong(MemberSnapshot::inFlight)
        .sum();
  }

  Scenario scenario() {
    return scenario;
  }

  FakeClock clock() {
    return clock;
  }

  Tally tally() {
    return tally;
  }

  /** The server of this name. */
  Server server(String id) {
    return Objects.requireNonNull(servers.get(id), id);
  }
}
