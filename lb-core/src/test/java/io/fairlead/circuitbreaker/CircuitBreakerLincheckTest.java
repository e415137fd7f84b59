package io.fairlead.circuitbreaker;

import static io.fairlead.circuitbreaker.CircuitBreaker.REJECTED;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import java.util.function.LongConsumer;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever threads do at the same time, they could have done one after the other: failures in a row, opening, trials with one
 * slot, loans that expire and late outcomes. With several slots one who asks in the very moment in which another returns a permit
 * may be rejected, and windows place calls of the same moment in some order: these are for {@code CircuitBreakerStressTest}.
 */
@Tag("lincheck")
@Param(name = "time", gen = IntGen.class, conf = "0:3")
public class CircuitBreakerLincheckTest {

  private final CircuitBreaker breaker = CircuitBreaker.builder()
      .consecutiveFailures(2)
      .openTime(Duration.ofMillis(900))
      .maximumOpenTime(Duration.ofMillis(900))
      .jitter(0)
      .halfOpenPermits(1)
      .halfOpenSuccesses(2)
      .permitTimeout(Duration.ofMillis(1_500))
      .time(() -> 0)
      .build();

  private final long[] held = new long[4]; // by thread

  private static long nanos(int time) {
    return time * 1_000_000_000L;
  }

  @Operation
  public boolean acquire(
      @Param(gen = ThreadIdGen.class) int thread, @Param(name = "time") int time) {
    held[thread] = breaker.tryAcquire(nanos(time));
    return held[thread] != REJECTED;
  }

  @Operation
  public String succeed(
      @Param(gen = ThreadIdGen.class) int thread, @Param(name = "time") int time) {
    return report(thread, permit -> breaker.succeeded(permit, 1, nanos(time)));
  }

  @Operation
  public String fail(@Param(gen = ThreadIdGen.class) int thread, @Param(name = "time") int time) {
    return report(thread, permit -> breaker.failed(permit, 1, nanos(time)));
  }

  @Operation
  public String cancel(@Param(gen = ThreadIdGen.class) int thread) {
    return report(thread, breaker::cancel);
  }

  private String report(int thread, LongConsumer how) {
    if (held[thread] == REJECTED) {
      return "none";
    }
    try {
      how.accept(held[thread]);
      return "counted";
    } catch (IllegalStateException e) {
      return "twice";
    }
  }

  @Operation
  public State state(@Param(name = "time") int time) {
    return breaker.state(nanos(time));
  }

  @Operation
  public void reset() {
    breaker.reset();
  }

  @Test
  void isLinearizable_underStress() {
    new StressOptions().iterations(8).invocationsPerIteration(100).check(getClass());
  }

  @Test
  void isLinearizable_underModelChecking() {
    new ModelCheckingOptions().iterations(10).invocationsPerIteration(100).check(getClass());
  }
}
