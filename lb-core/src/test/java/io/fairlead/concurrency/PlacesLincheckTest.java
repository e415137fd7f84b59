package io.fairlead.concurrency;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No more are in flight than may be, none is given back that was not taken, and none is lost, while the limit changes. */
@Tag("lincheck")
public class PlacesLincheckTest {

  private final Places places = new Places(2);

  @Operation
  public boolean take() {
    return places.take();
  }

  @Operation
  public boolean giveBack() {
    return places.giveBack();
  }

  @Operation
  public int taken() {
    return places.taken();
  }

  @Operation
  public boolean narrow() {
    return places.allow(1);
  }

  @Operation
  public boolean widen() {
    return places.allow(3);
  }

  @Operation
  public boolean takeOrWait() {
    return places.takeOrWait();
  }

  @Operation
  public boolean takeForWaiter() {
    return places.takeForWaiter();
  }

  @Operation
  public void nobodyWaits() {
    places.nobodyWaits();
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(5).invocationsPerIteration(300).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(5).invocationsPerIteration(200).check(getClass());
  }
}
