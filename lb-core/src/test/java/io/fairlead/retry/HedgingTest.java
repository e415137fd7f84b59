package io.fairlead.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HedgingTest {

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT24H0.000000001S"})
  void delay_outOfRange_isRefused(String delay) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Hedging.after(Duration.parse(delay)))
        .withMessage("delay: " + delay + " (expected: more than zero, up to 24 hours)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.49, 0.9991, 1, 95, -0.5, Double.NaN, Double.POSITIVE_INFINITY})
  void quantile_outOfRange_isRefused(double quantile) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Hedging.atQuantile(quantile))
        .withMessage("quantile: " + quantile + " (expected: 0.5 to 0.999)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
  void budget_outOfRange_isRefused(double budget) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Hedging.atQuantile(0.9).budget(budget))
        .withMessage("budget: " + budget + " (expected: more than 0, up to 1)");
  }

  @Test
  void null_isRefusedByName() {
    assertThatNullPointerException().isThrownBy(() -> Hedging.after(null)).withMessage("delay");
  }

  @Test
  void extremes_areAllowed() {
    assertThat(Hedging.after(Duration.ofNanos(1)).delayNanos()).isEqualTo(1);
    assertThat(Hedging.after(Duration.ofDays(1)).delayNanos())
        .isEqualTo(Duration.ofDays(1).toNanos());
    assertThat(Hedging.atQuantile(0.5).newQuantile(0)).isNotNull();
    assertThat(Hedging.atQuantile(0.999).budget(1)).isNotNull();
  }

  @Test
  void after_goesByNoQuantile() {
    assertThat(Hedging.after(Duration.ofMillis(5)).newQuantile(0)).isNull();
  }

  @Test
  void budget_byDefault_isOneInTwenty_orWhatIsAboveTheQuantile() {
    assertThat(Hedging.after(Duration.ofMillis(5)))
        .hasToString("Hedging{delay=PT0.005S, budget=0.05}");
    assertThat(Hedging.atQuantile(0.99)).hasToString("Hedging{quantile=0.99, budget=0.05}");
    assertThat(Hedging.atQuantile(0.75)).hasToString("Hedging{quantile=0.75, budget=0.25}");
    assertThat(Hedging.atQuantile(0.75).budget(0.1))
        .hasToString("Hedging{quantile=0.75, budget=0.1}");
  }

  @Test
  void budget_isAShareAndNothingBeyond() {
    RetryBudget budget = Hedging.after(Duration.ofMillis(5)).newBudget(new FakeClock());

    for (int request = 0; request < 19; request++) {
      budget.deposit();
    }
    assertThat(budget.tryWithdraw()).isFalse();
    budget.deposit();
    assertThat(budget.tryWithdraw()).as("one in twenty").isTrue();
    assertThat(budget.tryWithdraw()).isFalse();
  }
}
