package io.fairlead.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.Concurrently;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyQuantileTest {

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private static LatencyQuantile of(double quantile, long start, long... times) {
    LatencyQuantile latencies = new LatencyQuantile(quantile, start);
    for (int i = 0; i < times.length; i++) {
      // The last one comes a second later, and has it computed.
      latencies.record(times[i], start + (i == times.length - 1 ? SECOND : 0));
    }
    return latencies;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.9, 0.95, 0.999})
  void nanos_isAtMostASixteenthTooHigh(double quantile) {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      long[] times = new long[100 + random.nextInt(1_000)];
      int bits = 2 + random.nextInt(45);
      for (int i = 0; i < times.length; i++) {
        times[i] = 1 + (random.nextLong() >>> (64 - bits));
      }
      long nanos = of(quantile, random.nextLong(), times).nanos();

      Arrays.sort(times);
      long exact = times[(int) Math.ceil(quantile * times.length) - 1];
      assertThat(nanos)
          .as("seed %d, %d times below 2^%d", seed, times.length, bits)
          .isBetween(exact, exact + exact / 16);
    }
  }

  @Test
  void nanos_ofTheShortestAndTheLongestTimes() {
    for (long time : new long[] {-1, 0, 1}) {
      assertThat(of(0.5, 0, all(time)).nanos()).as("of %d", time).isEqualTo(1);
    }
    assertThat(of(0.5, 0, all(Long.MAX_VALUE)).nanos()).isEqualTo(Long.MAX_VALUE);
  }

  private static long[] all(long time) {
    long[] times = new long[100];
    Arrays.fill(times, time);
    return times;
  }

  @Test
  void nanos_fewerThanAHundred_isZero() {
    assertThat(of(0.5, 0, Arrays.copyOf(all(5), 99)).nanos()).isZero();
    assertThat(of(0.5, 0, all(5)).nanos()).isEqualTo(5);
  }

  @Test
  void nanos_isComputedOnceASecond() {
    LatencyQuantile latencies = of(0.5, 0, all(5));
    for (int i = 0; i < 1_000; i++) {
      latencies.record(10, 2 * SECOND - 1);
    }
    assertThat(latencies.nanos()).isEqualTo(5);

    latencies.record(10, 2 * SECOND);

    assertThat(latencies.nanos()).isEqualTo(10);
  }

  @Test
  void whatIsOld_isForgotten() {
    for (long start : new long[] {0, Long.MAX_VALUE - 20 * SECOND}) {
      LatencyQuantile latencies = of(0.5, start, all(5));
      for (int second = 2; second <= 50; second++) {
        for (int i = 0; i < 2; i++) {
          latencies.record(10, start + second * SECOND);
        }
        if (second < 30) {
          assertThat(latencies.nanos()).as("after %d s", second).isEqualTo(5);
        }
      }
      assertThat(latencies.nanos()).as("60 in half a minute are too few").isZero();
    }
  }

  @Test
  void afterALongSilence_everythingIsForgotten() {
    LatencyQuantile latencies = of(0.5, 0, all(5));
    latencies.record(10, 100 * SECOND);
    latencies.record(10, 101 * SECOND);

    assertThat(latencies.nanos()).isZero();
  }

  @Test
  void manyThreads_nothingIsLost() throws Exception {
    LatencyQuantile latencies = new LatencyQuantile(0.5, 0);
    Executable records = () -> {
      for (int i = 0; i < 10_000; i++) {
        latencies.record(5, 0);
      }
    };
    Executable recordsMore = () -> {
      for (int i = 0; i < 9_999; i++) {
        latencies.record(10, 0);
      }
    };

    Concurrently.run(records, records, recordsMore, recordsMore);
    latencies.record(10, SECOND);

    assertThat(latencies.nanos()).as("20,000 of 39,999").isEqualTo(5);
    latencies.record(10, 2 * SECOND);
    latencies.record(10, 3 * SECOND);
    assertThat(latencies.nanos()).as("20,000 of 40,001").isEqualTo(10);
  }
}
