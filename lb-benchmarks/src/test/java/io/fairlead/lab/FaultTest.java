package io.fairlead.lab;

import static io.fairlead.lab.Runs.bad;
import static io.fairlead.lab.Runs.run;
import static io.fairlead.lab.Runs.ten;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.Arrays;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Everything that can be wrong with a server, and what it does to calls. */
class FaultTest {

  @Test
  void run_slowServer_takesLonger() {
    Result normal = run(Scenario.builder("normal")
        .server(ServerSpec.builder("s").workers(1))
        .work(Work.exponential())
        .rate(0.5)
        .duration(Duration.ofSeconds(10_000))
        .measured(Span.ALWAYS));
    Result slow = run(Scenario.builder("slow")
        .server(ServerSpec.builder("s").workers(1).fault(Fault.slow(10, Span.ALWAYS)))
        .work(Work.exponential())
        .timeout(Duration.ofHours(1))
        .rate(0.5)
        .duration(Duration.ofSeconds(10_000))
        .measured(Span.ALWAYS));

    assertThat(normal.meanMillis()).isCloseTo(20 / 0.99, Percentage.withPercentage(4));
    assertThat(slow.meanMillis()).isCloseTo(200 / 0.9, Percentage.withPercentage(6));
  }

  @Test
  void run_slowForATime_isSlowInThatTimeOnly() {
    ServerSpec.Builder server = bad().fault(Fault.slow(10, Span.seconds(10, 20)));
    Scenario.Builder scenario = ten(server).utilisation(0.1);

    double before = run(scenario.measured(Span.until(10))).latencyMillis(0.99);
    double during = run(scenario.measured(Span.seconds(10, 20))).latencyMillis(0.99);
    double after = run(scenario.measured(Span.since(22))).latencyMillis(0.99);

    assertThat(during).isGreaterThan(3 * before).isGreaterThan(3 * after);
  }

  @Test
  void run_failingFast_failsItsShareAtOnce() {
    Result all = run(ten(bad().fault(Fault.failing(1, Span.ALWAYS))));
    Result some = run(ten(bad().fault(Fault.failing(0.3, Span.ALWAYS))));

    assertThat(all.badShare()).isCloseTo(0.1, within(0.001));
    assertThat(all.count(Ending.FAILED)).isEqualTo(all.sent()[0]);
    assertThat((double) some.count(Ending.FAILED))
        .isCloseTo(0.3 * some.sent()[0], Percentage.withPercentage(8));
  }

  /** The reason for which least connections needs ejection beside it. */
  @Test
  void run_failingFastWithLeastConnections_drawsRequests() {
    Result result =
        run(ten(bad().fault(Fault.failing(1, Span.ALWAYS))), Strategy.leastConnections());

    assertThat(result.badShare()).isGreaterThan(0.2);
  }

  @Test
  void run_failingFastAndOneRetry_anotherAnswers() {
    Result result = run(ten(bad().fault(Fault.failing(1, Span.ALWAYS))).retries(1));

    assertThat(result.failedShare()).isZero();
    assertThat(Arrays.stream(result.sent()).sum())
        .isEqualTo(result.calls() + result.sent()[0]);
  }

  @Test
  void run_failingAndNobodyElse_retryEndsAsTheFirstAttempt() {
    Result result = run(Scenario.builder("alone")
        .server(bad().fault(Fault.failing(1, Span.ALWAYS)))
        .rate(50)
        .retries(1));

    assertThat(result.count(Ending.FAILED)).isEqualTo(result.calls()).isPositive();
    assertThat(result.endedInAll()).isEqualTo(result.begunInAll());
    assertThat(result.leftInFlight()).isZero();
    assertThat(result.meanMillis()).isNaN();
  }

  @Test
  void run_silent_timesOut() {
    Result result = run(ten(bad().fault(Fault.silent(Span.ALWAYS))));

    assertThat(result.count(Ending.TIMED_OUT)).isEqualTo(result.sent()[0]).isPositive();
    assertThat(result.endedInAll()).isEqualTo(result.begunInAll());
    assertThat(result.leftInFlight()).isZero();
  }

  /** Each request that it holds counts for two seconds; few others are in flight for as long. */
  @Test
  void run_silentWithLeastConnections_getsLittle() {
    Result result = run(ten(bad().fault(Fault.silent(Span.ALWAYS))), Strategy.leastConnections());

    assertThat(result.badShare()).isBetween(0.0001, 0.01);
  }

  @Test
  void run_silentAndOneRetry_takesTheTimeOutLonger() {
    Result result = run(ten(bad().fault(Fault.silent(Span.ALWAYS))).retries(1));

    assertThat(result.failedShare()).isZero();
    assertThat(result.latencyMillis(0.95)).isBetween(2000.0, 2500.0);
    assertThat(result.latencyMillis(0.85)).isLessThan(200);
  }

  @Test
  void run_cold_warmsUp() {
    ServerSpec.Builder server = ServerSpec.builder("s").fault(Fault.cold(10, Span.until(1000)));
    Scenario.Builder scenario = Scenario.builder("cold")
        .server(server)
        .rate(1)
        .work(Work.exponential())
        .duration(Duration.ofSeconds(2000));

    // Two workers, and little to do: nobody waits.
    assertThat(run(scenario.measured(Span.seconds(0, 500))).meanMillis())
        .isCloseTo(20 * 7.75, Percentage.withPercentage(12));
    assertThat(run(scenario.measured(Span.seconds(500, 1000))).meanMillis())
        .isCloseTo(20 * 3.25, Percentage.withPercentage(12));
    assertThat(run(scenario.measured(Span.seconds(1000, 2000))).meanMillis())
        .isCloseTo(20, Percentage.withPercentage(12));
  }

  @Test
  void run_absent_getsNothingUntilItReturns() {
    Result result = run(ten(bad().absent(Span.seconds(10, 20))));

    int[] bySecond =
        Arrays.stream(result.sentBySecond()).mapToInt(second -> second[0]).toArray();
    assertThat(Arrays.copyOfRange(bySecond, 0, 10)).doesNotContain(0);
    assertThat(Arrays.copyOfRange(bySecond, 10, 20)).containsOnly(0);
    assertThat(Arrays.copyOfRange(bySecond, 20, 30)).doesNotContain(0);
    assertThat(result.failedShare()).isZero();
  }

  @Test
  void run_nobodyPresent_isRefused() {
    Result result = run(Scenario.builder("nobody")
        .server(ServerSpec.builder("s").absent(Span.seconds(5, 10)))
        .rate(50)
        .duration(Duration.ofSeconds(10))
        .measured(Span.seconds(5, 10)));

    assertThat(result.count(Ending.REFUSED)).isEqualTo(result.calls()).isPositive();
  }

  /** A pause lengthens what is under way, by as long as it lasts, and holds up what comes meanwhile. */
  @Test
  void run_pauses_lengthenTheTail() {
    ServerSpec.Builder server =
        ServerSpec.builder("s").pauses(Duration.ofSeconds(10), Duration.ofSeconds(1));
    Scenario.Builder scenario = Scenario.builder("pauses")
        .server(server)
        .rate(5)
        .timeout(Duration.ofMinutes(10))
        .duration(Duration.ofSeconds(4000));

    Result result = run(scenario);

    // Paused 1/11 of the time; who comes then waits 1 s on average, since lengths are exponential.
    assertThat(result.meanMillis()).isBetween(90.0, 140.0);
    assertThat(result.latencyMillis(0.5)).isLessThan(30);
    assertThat(result.latencyMillis(0.99)).isGreaterThan(1000);
  }
}
