package io.fairlead.pool;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No request enters after the member drains, and exactly one caller learns that the last one has ended. */
@Tag("lincheck")
public class OccupancyLincheckTest {

  private final Occupancy occupancy = new Occupancy();

  @Operation
  public int enter() {
    return occupancy.enter();
  }

  @Operation
  public boolean drain() {
    return occupancy.drain();
  }

  @Operation
  public boolean revive() {
    return occupancy.revive();
  }

  @Operation
  public boolean gone() {
    return occupancy.gone();
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
