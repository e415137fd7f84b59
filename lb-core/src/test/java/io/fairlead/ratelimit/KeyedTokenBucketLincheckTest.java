package io.fairlead.ratelimit;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A key's first request, and its later ones, are those of one bucket, whoever comes at the same time. */
@Tag("lincheck")
@Param(name = "key", gen = IntGen.class, conf = "1:2")
@Param(name = "permits", gen = IntGen.class, conf = "1:3")
public class KeyedTokenBucketLincheckTest {

  private final KeyedTokenBucket<Integer> bucket = KeyedTokenBucket.<Integer>builder()
      .limit(RateLimit.perSecond(4))
      .maximumKeys(2)
      .time(new FrozenTime())
      .chance(() -> 1)
      .build();

  @Operation
  public boolean tryAcquire(@Param(name = "key") int key, @Param(name = "permits") int permits) {
    return bucket.tryAcquire(key, permits, 0);
  }

  @Operation
  public void refund(@Param(name = "key") int key) {
    bucket.refund(key, 1);
  }

  @Operation
  public long available(@Param(name = "key") int key) {
    return bucket.available(key, 0);
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(5).invocationsPerIteration(100).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(4).invocationsPerIteration(50).check(getClass());
  }
}
