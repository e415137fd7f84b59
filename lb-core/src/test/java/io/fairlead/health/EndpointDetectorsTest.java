package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointDetectorsTest {

  private final FakeClock clock = new FakeClock();
  private final List<String> opened = new ArrayList<>();
  private final EndpointDetectors<String> detectors = new EndpointDetectors<>(
      "orders",
      CircuitBreaker.builder().consecutiveFailures(2).jitter(0).time(clock),
      () -> new EjectionCap(0.5, () -> 4, () -> 4),
      opened::add);

  private void answered(String member, String endpoint, Outcome outcome) {
    detectors.answered(member, endpoint, null, outcome, 0, clock.nanos());
  }

  @Test
  void nothingIsRemembered_beforeAFailure() {
    answered("a", "read", Outcome.success());
    answered("a", "read", Outcome.throttled(Duration.ZERO));
    answered("a", "read", Outcome.connectFailure());

    assertThat(detectors.known()).isZero();
    answered("a", "read", Outcome.serverError());
    assertThat(detectors.known()).isEqualTo(1);
  }

  @Test
  void soManyAreRemembered_andNoneThatIsForgottenCountsAsOpen() {
    for (int i = 0; i < 3 * EndpointDetectors.MOST; i++) {
      answered("a", "endpoint " + i, Outcome.serverError());
      answered("a", "endpoint " + i, Outcome.serverError());
    }

    assertThat(opened).hasSize(3 * EndpointDetectors.MOST);
    assertThat(detectors.known()).isBetween(1, EndpointDetectors.MOST);
    assertThat(detectors.isAnyOpen()).isTrue();
    detectors.forget("a");
    assertThat(detectors.known()).isZero();
    assertThat(detectors.isAnyOpen()).isFalse();
  }

  @Test
  void onePairOfEach_underTheCapOfTheEndpoint() {
    for (String member : List.of("a", "b", "c", "d")) {
      answered(member, "read", Outcome.serverError());
      answered(member, "read", Outcome.serverError());
    }
    answered("d", "write", Outcome.serverError());
    answered("d", "write", Outcome.serverError());

    assertThat(opened).containsExactly("a", "b", "d");
    assertThat(detectors.turnsAway("a", "read", clock.nanos())).isTrue();
    assertThat(detectors.turnsAway("c", "read", clock.nanos())).isFalse();
    assertThat(detectors.turnsAway("a", "write", clock.nanos())).isFalse();
    assertThat(detectors.turnsAway("d", "write", clock.nanos())).isTrue();
  }

  @Test
  void whoLeaves_makesRoomForAnother() {
    for (String member : List.of("a", "b")) {
      answered(member, "read", Outcome.serverError());
      answered(member, "read", Outcome.serverError());
    }
    detectors.forget("a");
    answered("c", "read", Outcome.serverError());
    answered("c", "read", Outcome.serverError());

    assertThat(opened).containsExactly("a", "b", "c");
  }

  @Test
  void afterAMinuteWithoutAFailure_aSuccessForgetsIt() {
    answered("a", "read", Outcome.serverError());
    clock.advance(Duration.ofMinutes(1));
    answered("a", "read", Outcome.success());
    assertThat(detectors.known()).isEqualTo(1);
    clock.advance(Duration.ofNanos(1));

    answered("a", "read", Outcome.success());

    assertThat(detectors.known()).isZero();
  }

  @Test
  void aTrialThatIsNotMade_leavesThePermitToOthers() {
    answered("a", "read", Outcome.serverError());
    answered("a", "read", Outcome.serverError());
    assertThat(detectors.tryAcquire("a", "read", clock.nanos()))
        .matches(EndpointDetectors.Trial::isRefused);
    clock.advance(Duration.ofSeconds(5));
    EndpointDetectors.Trial trial = detectors.tryAcquire("a", "read", clock.nanos());
    assertThat(trial).matches(lent -> !lent.isRefused());
    assertThat(detectors.tryAcquire("a", "read", clock.nanos()))
        .matches(EndpointDetectors.Trial::isRefused);

    trial.cancel();

    EndpointDetectors.Trial second = detectors.tryAcquire("a", "read", clock.nanos());
    detectors.answered("a", "read", second, Outcome.success(), 0, clock.nanos());
    assertThat(detectors.isAnyOpen()).isFalse();
    assertThat(detectors.tryAcquire("a", "read", clock.nanos()))
        .as("needs none")
        .isNull();
  }
}
