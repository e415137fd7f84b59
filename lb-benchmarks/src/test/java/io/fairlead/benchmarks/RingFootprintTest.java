package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RingFootprintTest {

  @Test
  void retained_array_isItsSize() {
    assertThat(RingFootprint.retained(() -> new byte[50_000_000]))
        .isBetween(49_000_000L, 51_000_000L);
  }

  /** 9, that is, and some more since G1 gives it whole regions; and the heap is not still. */
  @Test
  void ring_aPoint_takesAtMost20Bytes() {
    long points = 2_000L * 640;
    assertThat(RingFootprint.ring(2_000, 640)).isBetween(8 * points, 20 * points);
  }
}
