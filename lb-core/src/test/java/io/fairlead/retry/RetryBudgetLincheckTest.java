package io.fairlead.retry;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No retry is withdrawn that is not in the budget, however many try at once, and while slices end. */
@Tag("lincheck")
public class RetryBudgetLincheckTest {

  private static final long WINDOW = Duration.ofSeconds(1).toNanos();

  private final RetryBudget budget = RetryBudget.builder()
      .share(0.5)
      .floor(1)
      .window(Duration.ofSeconds(1))
      .time(new FakeClock())
      .build();

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
  public long laterBalance() {
    return budget.balance(3 * WINDOW);
  }

  @Operation
  public boolean withdrawLater() {
    return budget.tryWithdraw(3 * WINDOW);
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(20).invocationsPerIteration(1_000).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(20).invocationsPerIteration(500).check(getClass());
  }
}
