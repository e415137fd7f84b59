package io.fairlead.lab;

import static io.fairlead.lab.Runs.SEED;
import static io.fairlead.lab.Runs.bad;
import static io.fairlead.lab.Runs.run;
import static io.fairlead.lab.Runs.ten;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.strategy.Draws;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.Arrays;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The laboratory itself: what it gives can be relied on. What theory and faults say of it is in tests of their own. */
class SimulationTest {

  /** For contrast: whoever, without a look at anything. */
  private static final Strategy RANDOM =
      Strategy.of(members -> choice -> members.get(Draws.index(choice.random(), members.size())));

  @Test
  void run_sameSeed_sameResult() {
    Scenario scenario = Troubles.oneSlow();

    Result one = Simulation.run(scenario, Strategy.leastConnections(), 1);
    Result again = Simulation.run(scenario, Strategy.leastConnections(), 1);

    assertThat(CsvReport.figures(again)).isEqualTo(CsvReport.figures(one));
    assertThat(again.sentBySecond()).isDeepEqualTo(one.sentBySecond());
  }

  @Test
  void run_otherSeed_otherResult() {
    Scenario scenario = Troubles.oneSlow();

    Result one = Simulation.run(scenario, Strategy.leastConnections(), 1);
    Result other = Simulation.run(scenario, Strategy.leastConnections(), 2);

    assertThat(CsvReport.figures(other)).isNotEqualTo(CsvReport.figures(one));
  }

  @Test
  void run_otherStrategy_sameRequests() {
    Result one = run(ten(bad()), Strategy.roundRobin());
    Result other = run(ten(bad()), RANDOM);

    assertThat(other.begunInAll()).isEqualTo(one.begunInAll());
    assertThat(perSecond(other)).containsExactly(perSecond(one));
    assertThat(other.sent()).isNotEqualTo(one.sent());
  }

  private static int[] perSecond(Result result) {
    return Arrays.stream(result.sentBySecond())
        .mapToInt(second -> Arrays.stream(second).sum())
        .toArray();
  }

  @ParameterizedTest
  @MethodSource("io.fairlead.lab.Scenarios#all")
  void run_everyScenario_whatBeginsEnds(Scenario scenario) {
    Result result = Simulation.run(scenario, Strategy.leastConnections(), SEED);

    assertThat(result.begunInAll()).isGreaterThan(1000);
    assertThat(result.endedInAll()).isEqualTo(result.begunInAll());
    assertThat(result.leftInFlight()).isZero();
    assertThat(result.calls()).isPositive().isLessThanOrEqualTo(result.begunInAll());
  }

  @Test
  void run_allMeasured_everyCallIsCountedOnce() {
    Result result = run(ten(bad().fault(Fault.failing(0.5, Span.ALWAYS))));

    assertThat(result.calls()).isEqualTo(result.begunInAll());
    assertThat(Arrays.stream(result.sent()).sum()).isEqualTo(result.begunInAll());
    assertThat(Arrays.stream(perSecond(result)).sum()).isEqualTo((int) result.begunInAll());
  }

  @Test
  void run_poissonArrivals_rateIsMet() {
    Result result = run(Scenario.builder("rate").servers(10).rate(500));

    assertThat((double) result.begunInAll()).isCloseTo(500 * 130, Percentage.withPercentage(2));
  }

  @Test
  void run_unevenCapacity_loadIsInProportionToIt() {
    Result result = run(Scenario.builder("uneven")
        .server(ServerSpec.builder("small").workers(1))
        .server(ServerSpec.builder("large").workers(3))
        .utilisation(0.3));

    // Round robin gives each a half, of which the small one has 1.5 times its mean load.
    assertThat(result.maxOverMeanLoad()).isCloseTo(1.5, within(0.01));
    assertThat(result.badShare()).isNaN();
  }

  @Test
  void run_weights_balancersAreToldThem() {
    Result result = run(
        Scenario.builder("weights")
            .server(ServerSpec.builder("off").weight(0).bad())
            .servers(2)
            .utilisation(0.3),
        RANDOM);

    assertThat(result.badShare()).isZero();
  }

  @Test
  void run_severalClients_eachCountsItsOwn() {
    Scenario.Builder scenario = Scenario.builder("clients").servers(10).utilisation(0.8);

    double alone = run(scenario, Strategy.leastConnections()).meanMillis();
    double many = run(scenario.clients(20), Strategy.leastConnections()).meanMillis();

    assertThat(many).isGreaterThan(1.3 * alone);
  }

  @Test
  void run_settings_reachEachBalancer() {
    int[] asked = {0};

    run(Scenario.builder("settings")
        .servers(1)
        .rate(10)
        .duration(Duration.ofSeconds(1))
        .clients(3)
        .balancers(balancer -> asked[0]++));

    assertThat(asked[0]).isEqualTo(3);
  }
}
