package io.fairlead.lab;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsTest {

  static Stream<Arguments> bad() {
    return Stream.of(
        setting("workers: 0", () -> ServerSpec.builder("s").workers(0)),
        setting("queue: -1", () -> ServerSpec.builder("s").queue(-1)),
        setting("service: PT0S", () -> ServerSpec.builder("s").service(Duration.ZERO)),
        setting("clients: 0", () -> Scenario.builder("x").clients(0)),
        setting("rate: NaN", () -> Scenario.builder("x").rate(Double.NaN)),
        setting("rate: 0.0", () -> Scenario.builder("x").utilisation(0.5)),
        setting("factor: 0.0", () -> Fault.slow(0, Span.ALWAYS)),
        setting("factor: NaN", () -> Fault.cold(Double.NaN, Span.ALWAYS)),
        setting("share: 1.1", () -> Fault.failing(1.1, Span.ALWAYS)),
        setting("sigma: -1.0", () -> Work.lognormal(-1)),
        setting("span: 5000000000 to 5000000000", () -> Span.seconds(5, 5)));
  }

  private static Arguments setting(String message, ThrowingCallable call) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("bad")
  void setter_badValue_isRefusedAtOnce(String message, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(message);
  }

  @Test
  void build_withoutServersOrRate_isRefused() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Scenario.builder("x").servers(1).build())
        .withMessage("x: servers and rate (expected: both are set)");
  }

  @Test
  void run_twoServersOfOneName_isRefused() {
    Scenario scenario = Scenario.builder("x")
        .server(ServerSpec.builder("s"))
        .server(ServerSpec.builder("s"))
        .rate(1)
        .build();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> Simulation.run(scenario, Strategy.roundRobin(), 1))
        .withMessage("x: two servers named s");
  }
}
