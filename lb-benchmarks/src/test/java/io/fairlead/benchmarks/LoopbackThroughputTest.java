package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.benchmarks.LoopbackThroughput.Share;
import org.junit.jupiter.api.Test;

class LoopbackThroughputTest {

  /** What it measures means nothing here. */
  @Test
  void runs() throws Exception {
    Share share = LoopbackThroughput.compare("fairleadHedgeable", 4);
    assertThat(share.median()).isPositive().isBetween(share.low(), share.high());
  }

  @Test
  void share_isTheMedian_betweenWhereItMayLie() {
    double[] shares = new double[401];
    for (int i = 0; i <= 400; i++) {
      shares[i] = (i * 7 % 401) / 400.0; // each once
    }
    assertThat(Share.of(shares)).isEqualTo(new Share(0.5, 180 / 400.0, 220 / 400.0));
    assertThat(Share.of(new double[] {0.9})).isEqualTo(new Share(0.9, 0.9, 0.9));
  }
}
