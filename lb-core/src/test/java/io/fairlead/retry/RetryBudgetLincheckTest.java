package io.fairlead.retry;

import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * No retry is withdrawn that is not in the budget, and nothing counts twice or for too long, however many try at once while slices
 * end: also with a reading of the clock that was taken before, and is old by now.
 */
@Tag("lincheck")
public class RetryBudgetLincheckTest {

  private static final long WINDOW = Duration.ofMillis(100).toNanos();

  private final AtomicLong now = new AtomicLong();
  private final RetryBudget budget = RetryBudget.builder()
      .share(0.5)
      .floor(10)
      .window(Duration.ofMillis(100))
      .time(new AtZero())
      .build();

  /** Where the budget begins; later times are handed in. */
  private static final class AtZero implements TimeSource {
    @Override
    public long nanos() {
      return 0;
    }

    @Override
    public Instant instant() {
      return Instant.EPOCH;
    }

    @Override
    public Cancellable at(long nanos, Runnable neverBlocks) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Signal signal() {
      throw new UnsupportedOperationException();
    }
  }

  /** By almost a window, so that after two of them what was counted before is forgotten. */
  @Operation
  public void pass() {
    now.getAndAdd(WINDOW - WINDOW / 20);
  }

  @Operation
  public void deposit() {
    budget.deposit(now.get());
  }

  @Operation
  public boolean withdraw() {
    return budget.tryWithdraw(now.get());
  }

  @Operation
  public long balance() {
    return budget.balance(now.get());
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(5).invocationsPerIteration(300).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(10).invocationsPerIteration(200).check(getClass());
  }
}
