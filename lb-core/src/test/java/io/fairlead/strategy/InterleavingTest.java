package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InterleavingTest {

  private static int[] turns(Interleaving interleaving, long from, int count) {
    int[] turns = new int[count];
    for (int i = 0; i < count; i++) {
      turns[i] = interleaving.at(from + i * interleaving.stride());
    }
    return turns;
  }

  private static double[] counts(int[] turns, int size) {
    double[] counts = new double[size];
    for (int turn : turns) {
      counts[turn]++;
    }
    return counts;
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  @Test
  void anyWeights_onePeriodIsExact_wheneverItBegins() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      double[] weights = random
          .ints(1 + random.nextInt(40), 1, seed % 3 == 0 ? 3 : 200)
          .asDoubleStream()
          .toArray();
      Interleaving interleaving = Interleaving.of(weights);
      double unit = Arrays.stream(weights).sum() / interleaving.period();
      double[] counts = counts(
          turns(interleaving, random.nextLong() >>> 2, (int) interleaving.period()),
          weights.length);

      for (int i = 0; i < weights.length; i++) {
        assertThat(counts[i] * unit).as("seed %d, the turns of %d", seed, i).isEqualTo(weights[i]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"5 1 1, 7", "10 20 30, 6", "1000000 1000000, 2", "7, 1", "1 1000000, 1000001"})
  void period_isTheSumOverWhatWeightsHaveInCommon(String weights, long period) {
    double[] numbers =
        Arrays.stream(weights.split(" ")).mapToDouble(Double::parseDouble).toArray();

    assertThat(Interleaving.of(numbers).period()).isEqualTo(period);
  }

  @Test
  void fiveOneOne_isSpreadOut() {
    Interleaving interleaving = Interleaving.of(5, 1, 1);
    StringBuilder turns = new StringBuilder();
    for (int turn : turns(interleaving, 0, 14)) {
      turns.append((char) ('a' + turn));
    }

    assertThat(turns.toString()).contains("aabaaca").doesNotContain("aaaa");
  }

  @Test
  void anyPeriod_strideIsCoprime() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      // All small ones, and large ones with as many divisors as there can be.
      long period = i < 10_000 ? i + 1 : (1 + random.nextInt(3_000_000)) * 2L * 3 * 5 * 7 * 11 * 13;
      Interleaving interleaving =
          period == 1 ? Interleaving.of(1) : Interleaving.of(period - 1.0, 1);

      assertThat(interleaving.period()).isEqualTo(period);
      assertThat(gcd(interleaving.stride(), period))
          .as("stride %d, period %d", interleaving.stride(), period)
          .isEqualTo(1);
    }
  }

  /**
   * In any run of turns whatever, nobody has six turns more or less than its share of them. Of the weights, those with a sum of
   * 2,255 were 28 turns off with the coprime number that is nearest to the golden section.
   */
  @Test
  void anyRunOfTurns_nobodyIsFarFromItsShare() {
    for (long seed = -1; seed < 1_000; seed++) {
      Random random = new Random(seed);
      int limit = seed % 3 == 0 ? 5 : seed % 3 == 1 ? 100 : 1_000;
      double[] weights = seed < 0
          ? new double[] {180, 988, 158, 929}
          : random.ints(2 + random.nextInt(8), 1, limit + 1).asDoubleStream().toArray();
      Interleaving interleaving = Interleaving.of(weights);
      double sum = Arrays.stream(weights).sum();
      int[] turns = turns(interleaving, 0, (int) interleaving.period());
      for (int i = 0; i < weights.length; i++) {
        double ahead = 0;
        double most = 0;
        double least = 0;
        for (int turn : turns) {
          ahead += (turn == i ? 1 : 0) - weights[i] / sum;
          most = Math.max(most, ahead);
          least = Math.min(least, ahead);
        }

        assertThat(most - least)
            .as("seed %d, weights %s, the turns of %d", seed, Arrays.toString(weights), i)
            .isLessThan(6);
      }
    }
  }

  @Test
  void tenThousandMembersOfLargeWeights_anyRunIsNearTheShares() {
    double[] weights = new Random(5).ints(10_000, 1, 1_000_001).asDoubleStream().toArray();
    weights[17] = 1_000_000;
    Interleaving interleaving = Interleaving.of(weights);
    assertThat(interleaving.period()).isEqualTo((long) Arrays.stream(weights).sum());

    int turns = 1_000_000;
    double[] counts = counts(turns(interleaving, 123_456_789, turns), weights.length);

    for (int i = 0; i < weights.length; i++) {
      assertThat(counts[i] - turns * weights[i] / interleaving.period())
          .as("turns of %d beyond its share", i)
          .isBetween(-6.0, 6.0);
    }
  }

  /** No two periods are walked through here, but each position is looked up that begins or ends somebody's part. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 31, 32, 33, 1_000})
  void everyPosition_isTheOneWhosePartItIs(int size) {
    for (long seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      double[] weights =
          random.ints(size, 1, seed % 2 == 0 ? 10 : 1_000_000).asDoubleStream().toArray();
      weights[0] = 1; // nothing in common
      Interleaving interleaving = Interleaving.of(weights);
      long end = 0;
      for (int i = 0; i < size; i++) {
        long start = end;
        end += (long) weights[i];
        assertThat(interleaving.at(start)).as("seed %d, start of %d", seed, i).isEqualTo(i);
        assertThat(interleaving.at(end - 1)).as("seed %d, end of %d", seed, i).isEqualTo(i);
      }
    }
  }

  @Test
  void fractions_sharesAreRight_andNobodyIsLeftOut() {
    Interleaving interleaving = Interleaving.of(0.1, 0.7, 1.3, 1e-15);
    double[] counts = counts(turns(interleaving, 0, 210_000), 4);

    assertThat(counts[0]).isBetween(9_995.0, 10_005.0);
    assertThat(counts[1]).isBetween(69_995.0, 70_005.0);
    assertThat(counts[2]).isBetween(129_995.0, 130_005.0);
    assertThat(interleaving.at(interleaving.period() - 1))
        .as("the least of all")
        .isEqualTo(3);
  }

  /** What the largest and the smallest factors make of weights. */
  @ParameterizedTest
  @ValueSource(doubles = {Double.MIN_NORMAL, 1e-9, 1, 1e12, 1e300})
  void extremes_workAllTheSame(double unit) {
    Interleaving interleaving = Interleaving.of(unit, 3 * unit);
    double[] counts = counts(turns(interleaving, 0, 4_000), 2);

    assertThat(counts[0]).isBetween(998.0, 1_002.0);
  }

  @Test
  void negativeCounter_isAnyPositionToo() {
    Interleaving interleaving = Interleaving.of(5, 1, 1);

    for (long counter : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertThat(interleaving.at(counter)).isBetween(0, 2);
    }
  }
}
