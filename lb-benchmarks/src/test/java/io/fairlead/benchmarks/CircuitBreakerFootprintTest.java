package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.circuitbreaker.CircuitBreaker;
import org.junit.jupiter.api.Test;

class CircuitBreakerFootprintTest {

  @Test
  void fresh_isSmall() {
    assertThat(CircuitBreakerFootprint.bytes(CircuitBreaker.builder(), breaker -> {}))
        .isBetween(80L, 300L);
  }
}
