package io.fairlead.concurrency;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No more are in flight than may be, none is given back that was not taken, and none is lost, while the limit changes. */
@Tag("lincheck")
public class ConcurrencyLimitLincheckTest {

  private final ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();

  @Operation
  public boolean tryAcquire() {
    return limit.tryAcquire();
  }

  @Operation
  public void release() {
    limit.release();
  }

  @Operation
  public int inFlight() {
    return limit.inFlight();
  }

  @Operation
  public void narrow() {
    limit.open(1);
  }

  @Operation
  public void widen() {
    limit.open(3);
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(10).invocationsPerIteration(400).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(10).invocationsPerIteration(200).check(getClass());
  }
}
