package io.fairlead.lab;

import static io.fairlead.lab.Runs.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One server, against what queueing theory says of it. */
class TheoryTest {

  /** One server with patient clients, and as much work as theory likes to have. */
  private static Scenario.Builder theory(int workers, double utilisation) {
    return Scenario.builder("theory")
        .server(ServerSpec.builder("s").workers(workers).queue(1_000_000))
        .work(Work.exponential())
        .timeout(Duration.ofHours(1))
        .utilisation(utilisation)
        .duration(Duration.ofSeconds(6000 / workers))
        .measured(Span.ALWAYS);
  }

  /**
   * M/M/k by Erlang: the mean sojourn is the service time (20 ms) and the wait C / (k mu - lambda), where C is the probability
   * of having to wait. Some 200 000 calls or more: the standard error is below 2 % at 80 %, where waits are correlated the longest.
   */
  @ParameterizedTest
  @CsvSource({"1, 0.5", "1, 0.8", "2, 0.5", "2, 0.8", "4, 0.7"})
  void run_oneServer_waitsAsErlangSays(int workers, double utilisation) {
    Result result = run(theory(workers, utilisation).duration(Duration.ofSeconds(8000 / workers)));

    double expected = 20 + erlangC(workers, utilisation) * 20 / (workers * (1 - utilisation));
    assertThat(result.meanMillis()).isCloseTo(expected, Percentage.withPercentage(5));
    assertThat(result.failedShare()).isZero();
  }

  private static double erlangC(int workers, double utilisation) {
    double offered = workers * utilisation;
    double term = 1;
    double sum = 0;
    for (int i = 0; i < workers; i++) {
      sum += term;
      term *= offered / (i + 1);
    }
    double waiting = term / (1 - utilisation);
    return waiting / (sum + waiting);
  }

  /** Sojourns in M/M/1 are exponential, so that all percentiles are known: 1 / (mu - lambda) = 40 ms times ln(1 / (1 - p)). */
  @Test
  void run_oneServerOneWorker_percentilesAreThoseOfTheory() {
    Result result = run(theory(1, 0.5));

    assertThat(result.meanMillis()).isCloseTo(40, Percentage.withPercentage(4));
    assertThat(result.latencyMillis(0.5)).isCloseTo(27.7, Percentage.withPercentage(4));
    assertThat(result.latencyMillis(0.99)).isCloseTo(184.2, Percentage.withPercentage(6));
  }

  /** By Pollaczek and Khinchine: the wait is that of M/M/1 times (1 + CV²) / 2, where CV² = e - 1 for sigma 1. */
  @Test
  void run_lognormalWork_waitsAsPollaczekAndKhinchineSay() {
    Result result = run(theory(1, 0.5).work(Work.lognormal(1)).duration(Duration.ofMinutes(200)));

    assertThat(result.meanMillis()).isCloseTo(20 + 20 * Math.E / 2, Percentage.withPercentage(6));
  }

  @Test
  void run_fullQueue_refusesAtOnce() {
    Result result = run(Scenario.builder("full")
        .server(ServerSpec.builder("s").workers(1).queue(0))
        .utilisation(1)
        .work(Work.exponential()));

    // M/M/1/1: half of what comes finds it busy; and who gets in has no wait.
    assertThat(result.failedShare()).isCloseTo(0.5, within(0.02));
    assertThat(result.meanMillis()).isCloseTo(20, Percentage.withPercentage(5));
  }
}
