package io.fairlead.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RetryPolicyTest {

  private static final Duration MILLI = Duration.ofMillis(1);
  private static final Duration DAY = Duration.ofDays(1);

  static List<Arguments> bad() {
    return List.of(
        bad(b -> b.maxAttempts(0), "maxAttempts: 0 (expected: 1 to 32)"),
        bad(b -> b.maxAttempts(33), "maxAttempts: 33 (expected: 1 to 32)"),
        bad(b -> b.maxAttempts(-1), "maxAttempts: -1 (expected: 1 to 32)"),
        bad(
            b -> b.backoff(Duration.ZERO, MILLI),
            "backoff: first PT0S (expected: more than zero, up to PT1M)"),
        bad(
            b -> b.backoff(MILLI.negated(), MILLI),
            "backoff: first PT-0.001S (expected: more than zero, up to PT1M)"),
        bad(
            b -> b.backoff(DAY, DAY),
            "backoff: first PT24H (expected: more than zero, up to PT1M)"),
        bad(
            b -> b.backoff(MILLI, MILLI.minusNanos(1)),
            "backoff: longest PT0.000999999S (expected: PT0.001S to PT1M)"),
        bad(
            b -> b.backoff(MILLI, Duration.ofMinutes(1).plusNanos(1)),
            "backoff: longest PT1M0.000000001S (expected: PT0.001S to PT1M)"),
        bad(
            b -> b.attemptTimeout(Duration.ZERO),
            "attemptTimeout: PT0S (expected: more than zero, up to 24 hours)"),
        bad(
            b -> b.attemptTimeout(MILLI.negated()),
            "attemptTimeout: PT-0.001S (expected: more than zero, up to 24 hours)"),
        bad(
            b -> b.attemptTimeout(DAY.plusNanos(1)),
            "attemptTimeout: PT24H0.000000001S (expected: more than zero, up to 24 hours)"));
  }

  private static Arguments bad(Consumer<RetryPolicy.Builder> setting, String message) {
    return arguments(setting, message);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void badSetting_isRefusedAtOnce(Consumer<RetryPolicy.Builder> setting, String message) {
    RetryPolicy.Builder builder = RetryPolicy.builder();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> setting.accept(builder))
        .withMessage(message);
    assertThat(builder.build())
        .as("unchanged")
        .hasToString(RetryPolicy.standard().toString());
  }

  @Test
  void extremes_areAllowed() {
    RetryPolicy least = RetryPolicy.builder()
        .maxAttempts(1)
        .backoff(Duration.ofNanos(1), Duration.ofNanos(1))
        .attemptTimeout(Duration.ofNanos(1))
        .build();
    assertThat(least.attemptTimeoutNanos()).isEqualTo(1);
    RetryPolicy most = RetryPolicy.builder()
        .maxAttempts(32)
        .backoff(Duration.ofMinutes(1), Duration.ofMinutes(1))
        .attemptTimeout(DAY)
        .build();
    assertThat(most.maxAttempts()).isEqualTo(32);
    assertThat(most.backoffNanos(1_000)).isEqualTo(Duration.ofMinutes(1).toNanos());
  }

  @Test
  void null_isRefusedByName() {
    RetryPolicy.Builder builder = RetryPolicy.builder();

    assertThatNullPointerException()
        .isThrownBy(() -> builder.backoff(null, MILLI))
        .withMessage("first");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.backoff(MILLI, null))
        .withMessage("longest");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.attemptTimeout(null))
        .withMessage("attemptTimeout");
    assertThatNullPointerException().isThrownBy(() -> builder.budget(null)).withMessage("budget");
  }

  @Test
  void defaults() {
    RetryPolicy standard = RetryPolicy.standard();

    assertThat(standard.maxAttempts()).isEqualTo(3);
    assertThat(standard.backoffNanos(0)).isEqualTo(25_000_000);
    assertThat(standard.longestBackoff()).isEqualTo(Duration.ofSeconds(1));
    assertThat(standard.attemptTimeoutNanos()).isZero();
    assertThat(standard.newBudget(new FakeClock()).balance()).isEqualTo(100);
    assertThat(standard)
        .hasToString("RetryPolicy{maxAttempts=3, backoff=PT0.025S to PT1S}")
        .hasToString(RetryPolicy.builder().build().toString());
    assertThat(RetryPolicy.never().maxAttempts()).isEqualTo(1);
    assertThat(RetryPolicy.builder().attemptTimeout(MILLI).build())
        .hasToString(
            "RetryPolicy{maxAttempts=3, backoff=PT0.025S to PT1S, attemptTimeout=PT0.001S}");
  }

  @Test
  void backoff_doublesWithoutOverflow() {
    RetryPolicy policy =
        RetryPolicy.builder().backoff(MILLI, Duration.ofMinutes(1)).build();

    assertThat(policy.backoffNanos(0)).isEqualTo(1_000_000);
    assertThat(policy.backoffNanos(3)).isEqualTo(8_000_000);
    for (int before : new int[] {16, 31, 32, 63, 64, Integer.MAX_VALUE}) {
      assertThat(policy.backoffNanos(before))
          .as("after %d", before)
          .isEqualTo(Duration.ofMinutes(1).toNanos());
    }
  }

  @Test
  void budget_isARecipe_whichIsCopied() {
    RetryBudget.Builder recipe = RetryBudget.builder().share(0).floor(1);
    RetryPolicy policy = RetryPolicy.builder().budget(recipe).build();
    recipe.floor(7);
    FakeClock clock = new FakeClock();
    RetryBudget one = policy.newBudget(clock);
    assertThat(one.tryWithdraw()).isTrue();

    assertThat(policy.newBudget(clock).balance()).as("another's").isEqualTo(10);
    assertThat(one.balance()).isEqualTo(9);
    clock.advance(Duration.ofSeconds(20));
    assertThat(one.balance()).as("by the balancer's clock").isEqualTo(10);
  }
}
