package io.fairlead.ratelimit;

import java.time.Duration;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No permit is given twice or lost, whoever takes, gives back, reserves, or replaces the limits at the same time. */
@Tag("lincheck")
@Param(name = "permits", gen = IntGen.class, conf = "1:3")
public class TokenBucketLincheckTest {

  private static final RateLimit LIMIT = RateLimit.perSecond(4);

  private final TokenBucket bucket =
      TokenBucket.builder().limit(LIMIT).time(new FrozenTime()).build();

  @Operation
  public boolean tryAcquire(@Param(name = "permits") int permits) {
    return bucket.tryAcquire(permits, 0);
  }

  @Operation
  public long reserve(@Param(name = "permits") int permits) {
    return bucket.reserve(permits, Duration.ofSeconds(1), 0);
  }

  @Operation
  public void refund(@Param(name = "permits") int permits) {
    bucket.refund(permits, 0);
  }

  @Operation
  public long available() {
    return bucket.available(0);
  }

  @Operation
  public void replace() {
    bucket.replace(Carry.KEEP, LIMIT);
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(8).invocationsPerIteration(200).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(8).invocationsPerIteration(100).check(getClass());
  }
}
