package io.fairlead.retry;

import java.time.Duration;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No retry is withdrawn that is not in the budget, however many try at once within a slice. */
@Tag("lincheck")
public class RetryBudgetLincheckTest {

  private final RetryBudget budget =
      RetryBudget.builder().share(0.5).floor(1).window(Duration.ofSeconds(1)).build();

  @Operation
  public void deposit() {
    budget.deposit(0);
  }

  @Operation
  public boolean withdraw() {
    return budget.tryWithdraw(0);
  }

  @Operation
  public void refund() {
    budget.refund(0);
  }

  @Operation
  public long balance() {
    return budget.balance(0);
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(10).invocationsPerIteration(500).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(10).invocationsPerIteration(200).check(getClass());
  }
}
