package io.fairlead.lab;

import static io.fairlead.lab.Runs.SEED;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.retry.Hedging;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Calls that are hedged, in virtual time: the lab does what the same plans say as the interceptor does. */
class HedgedCallsTest {

  /** Ten servers that stop now and then, and calls that may go to a second one. */
  private static Result run(Consumer<LoadBalancer.Builder> settings) {
    Scenario.Builder scenario = Scenario.builder("pauses").retries(1).balancers(settings);
    for (int i = 0; i < 10; i++) {
      scenario.server(
          ServerSpec.builder("s" + i).pauses(Duration.ofSeconds(10), Duration.ofMillis(200)));
    }
    return Simulation.run(
        scenario.utilisation(0.4).duration(Duration.ofSeconds(60)).build(),
        Strategy.roundRobin(),
        SEED);
  }

  private static double sentPerCall(Result result) {
    return (double) Arrays.stream(result.sent()).sum() / result.calls();
  }

  @Test
  void hedges_shortenTheTail_withinTheirBudget() {
    Result plain = run(balancer -> {});
    Result hedged = run(balancer -> balancer.hedging(Hedging.atQuantile(0.95)));

    assertThat(hedged.latencyMillis(0.99)).isLessThan(0.7 * plain.latencyMillis(0.99));
    assertThat(sentPerCall(plain)).isEqualTo(1);
    assertThat(sentPerCall(hedged)).isBetween(1.01, 1.06);
    assertThat(hedged.leftInFlight()).isZero();
  }

  @Test
  void everythingIsSlow_hedgesStayWithinTheirBudget() {
    Result hedged = run(balancer -> balancer.hedging(Hedging.after(Duration.ofNanos(1))));

    assertThat(sentPerCall(hedged)).isBetween(1.04, 1.051);
    assertThat(hedged.endedInAll()).isEqualTo(hedged.begunInAll());
  }
}
