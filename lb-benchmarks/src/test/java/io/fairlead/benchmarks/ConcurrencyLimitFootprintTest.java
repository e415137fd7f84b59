package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.retry.RetryBudget;
import org.junit.jupiter.api.Test;

class ConcurrencyLimitFootprintTest {

  @Test
  void limits_takeAFewHundredBytes() {
    assertThat(ConcurrencyLimitFootprint.bytes(ConcurrencyLimit.fixed(20)::build))
        .isBetween(64L, 200L);
    assertThat(ConcurrencyLimitFootprint.bytes(ConcurrencyLimit.gradient()::build))
        .isBetween(200L, 600L);
  }

  @Test
  void budget_takesAFewHundredBytes() {
    assertThat(ConcurrencyLimitFootprint.bytes(RetryBudget.builder()::build)).isBetween(200L, 400L);
  }
}
