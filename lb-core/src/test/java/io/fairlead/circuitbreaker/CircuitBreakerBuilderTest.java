package io.fairlead.circuitbreaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CircuitBreakerBuilderTest {

  private static Arguments of(String message, UnaryOperator<CircuitBreaker.Builder> settings) {
    return Arguments.of(message, settings);
  }

  static Stream<Arguments> badValues() {
    Duration day = Duration.ofDays(1);
    return Stream.of(
        of("name: blank (expected: some text)", b -> b.name(" ")),
        of("consecutiveFailures: 0 (expected: 1 to 1000000)", b -> b.consecutiveFailures(0)),
        of("consecutiveFailures: -1 (expected: 1 to 1000000)", b -> b.consecutiveFailures(-1)),
        of(
            "failureRate: 0.0 (expected: above 0 to 100; 0 would be always true)",
            b -> b.failureRate(0)),
        of(
            "failureRate: -1.0 (expected: above 0 to 100; 0 would be always true)",
            b -> b.failureRate(-1)),
        of(
            "failureRate: 100.1 (expected: above 0 to 100; 0 would be always true)",
            b -> b.failureRate(100.1)),
        of(
            "failureRate: NaN (expected: above 0 to 100; 0 would be always true)",
            b -> b.failureRate(Double.NaN)),
        of(
            "slowCallRate: 120.0 (expected: above 0 to 100; 0 would be always true)",
            b -> b.slowCallRate(120)),
        of("slowCall: PT0S (expected: PT0.000000001S to PT24H)", b -> b.slowCall(Duration.ZERO)),
        of("countWindow: 0 (expected: 1 to 100000)", b -> b.countWindow(0)),
        of("countWindow: 100001 (expected: 1 to 100000)", b -> b.countWindow(100_001)),
        of("timeWindow: PT0S (expected: PT0.01S to PT24H)", b -> b.timeWindow(Duration.ZERO)),
        of(
            "timeWindow: PT24H0.000000001S (expected: PT0.01S to PT24H)",
            b -> b.timeWindow(day.plusNanos(1))),
        of("minimumCalls: 0 (expected: 1 to 1000000)", b -> b.minimumCalls(0)),
        of(
            "openTime: PT-1S (expected: PT0.001S to PT24H)",
            b -> b.openTime(Duration.ofSeconds(-1))),
        of(
            "openTime: PT2562047788015215H30M7S (expected: PT0.001S to PT24H)",
            b -> b.openTime(Duration.ofSeconds(Long.MAX_VALUE))),
        of(
            "maximumOpenTime: PT0S (expected: PT0.001S to PT24H)",
            b -> b.maximumOpenTime(Duration.ZERO)),
        of("jitter: -0.1 (expected: 0 to 1)", b -> b.jitter(-0.1)),
        of("jitter: 1.1 (expected: 0 to 1)", b -> b.jitter(1.1)),
        of("halfOpenPermits: 0 (expected: 1 to 100)", b -> b.halfOpenPermits(0)),
        of("halfOpenPermits: 101 (expected: 1 to 100)", b -> b.halfOpenPermits(101)),
        of("halfOpenSuccesses: 0 (expected: 1 to 1000)", b -> b.halfOpenSuccesses(0)),
        of(
            "permitTimeout: PT0S (expected: PT0.01S to PT24H)",
            b -> b.permitTimeout(Duration.ZERO)));
  }

  @ParameterizedTest
  @MethodSource("badValues")
  void setter_badValue_isRefusedAtOnce(
      String message, UnaryOperator<CircuitBreaker.Builder> settings) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings.apply(CircuitBreaker.builder()))
        .withMessage(message);
  }

  static Stream<Arguments> contradictions() {
    Duration second = Duration.ofSeconds(1);
    return Stream.of(
        of("countWindow and timeWindow: one of them", b -> b.countWindow(20).timeWindow(second)),
        of("slowCallRate without slowCall: both or none", b -> b.slowCallRate(50)),
        of("slowCall without slowCallRate: both or none", b -> b.slowCall(second)),
        of(
            "minimumCalls: 21, countWindow: 20: no more calls than the window holds",
            b -> b.countWindow(20).minimumCalls(21)),
        of(
            "openTime: PT2S, maximumOpenTime: PT1S: no shorter",
            b -> b.openTime(Duration.ofSeconds(2)).maximumOpenTime(second)),
        of(
            "halfOpenPermits: 3, halfOpenSuccesses: 2: no fewer",
            b -> b.halfOpenPermits(3).halfOpenSuccesses(2)),
        of(
            "slowCall: PT1S, permitTimeout: PT1S: longer, or no trial could be slow",
            b -> b.slowCallRate(50).slowCall(second).permitTimeout(second)),
        of(
            "countWindow without failureRate and slowCallRate: they are what it is for",
            b -> b.consecutiveFailures(5).countWindow(20)),
        of(
            "timeWindow without failureRate and slowCallRate: they are what it is for",
            b -> b.consecutiveFailures(5).timeWindow(second)),
        of(
            "minimumCalls without failureRate and slowCallRate: they are what it is for",
            b -> b.consecutiveFailures(5).minimumCalls(20)));
  }

  @ParameterizedTest
  @MethodSource("contradictions")
  void build_settingsThatContradict_areRefusedByName(
      String message, UnaryOperator<CircuitBreaker.Builder> settings) {
    assertThatIllegalStateException()
        .isThrownBy(() -> settings.apply(CircuitBreaker.builder()).build())
        .withMessage(message);
  }

  @Test
  void setters_null_areRefused() {
    CircuitBreaker.Builder builder = CircuitBreaker.builder();
    assertThatNullPointerException().isThrownBy(() -> builder.listener(null));
    assertThatNullPointerException().isThrownBy(() -> builder.gate(null));
    assertThatNullPointerException().isThrownBy(() -> builder.time(null));
    assertThatNullPointerException().isThrownBy(() -> builder.chance(null));
    assertThatNullPointerException().isThrownBy(() -> builder.failureIf(null));
    assertThatNullPointerException().isThrownBy(() -> builder.name(null));
    assertThatNullPointerException().isThrownBy(() -> builder.openTime(null));
  }

  @Test
  void build_smallCountWindow_lowersTheMinimum() {
    CircuitBreaker breaker =
        CircuitBreaker.builder().failureRate(100).countWindow(5).build();
    for (int i = 0; i < 4; i++) {
      breaker.failed(breaker.tryAcquire(), 1);
    }
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    breaker.failed(breaker.tryAcquire(), 1);
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }

  @Test
  void build_twice_givesIndependentBreakers() {
    CircuitBreaker.Builder builder = CircuitBreaker.builder().consecutiveFailures(1);
    CircuitBreaker one = builder.name("one").build();
    CircuitBreaker other = builder.name("other").build();

    one.failed(one.tryAcquire(), 1);

    assertThat(one).hasToString("one: open");
    assertThat(other).hasToString("other: closed");
  }

  @Test
  void copy_changed_leavesTheOriginal() {
    CircuitBreaker.Builder original = CircuitBreaker.builder().consecutiveFailures(2);
    original.build();
    CircuitBreaker.Builder copy = original.copy().consecutiveFailures(1);

    CircuitBreaker ofOriginal = original.build();
    CircuitBreaker ofCopy = copy.build();
    ofOriginal.failed(ofOriginal.tryAcquire(), 1);
    ofCopy.failed(ofCopy.tryAcquire(), 1);

    assertThat(ofOriginal.state()).isEqualTo(State.CLOSED);
    assertThat(ofCopy.state()).isEqualTo(State.OPEN);
  }

  @Test
  void of_defaults_openByTenInARow() {
    CircuitBreaker breaker = CircuitBreaker.of("orders");
    for (int i = 0; i < 10; i++) {
      assertThat(breaker.state()).isEqualTo(State.CLOSED);
      breaker.failed(breaker.tryAcquire(), 1);
    }
    assertThat(breaker.state()).isEqualTo(State.OPEN);
    assertThat(breaker.retryAfter()).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));
  }

  @Test
  void of_defaults_openByHalfOfTwenty() {
    CircuitBreaker breaker = CircuitBreaker.of("orders");
    for (int i = 0; i < 10; i++) {
      assertThat(breaker.state()).isEqualTo(State.CLOSED);
      breaker.succeeded(breaker.tryAcquire(), 1);
      breaker.failed(breaker.tryAcquire(), 1);
    }
    assertThat(breaker.state()).isEqualTo(State.OPEN);
  }
}
