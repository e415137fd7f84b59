package io.fairlead.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatenciesTest {

  private final Latencies latencies = new Latencies();

  @Test
  void quantile_ofNothing_isZero() {
    assertThat(latencies.quantile(0.99)).isZero();
  }

  @Test
  void quantile_ofSmallNumbers_isExact() {
    LongStream.rangeClosed(1, 100).forEach(latencies::add);
    assertThat(latencies.size()).isEqualTo(100);
    assertThat(latencies.quantile(0.5)).isEqualTo(50);
    assertThat(latencies.quantile(0.99)).isEqualTo(99);
    assertThat(latencies.quantile(1)).isEqualTo(100);
  }

  @ParameterizedTest
  @ValueSource(longs = {127, 128, 129, 255, 256, 1_000, 65_535, 65_536, 1_000_000, 1L << 39})
  void quantile_ofOneNumber_isAtMostSlightlyLarger(long micros) {
    latencies.add(micros);
    assertThat(latencies.quantile(0.5))
        .isGreaterThanOrEqualTo(micros)
        .isCloseTo(micros, Percentage.withPercentage(1.6));
  }

  @Test
  void add_whatIsOutOfRange_isTakenForTheNearest() {
    latencies.add(-1);
    latencies.add(Long.MAX_VALUE);
    assertThat(latencies.quantile(0.5)).isZero();
    assertThat(latencies.quantile(1)).isCloseTo(1L << 40, within(1L));
  }
}
