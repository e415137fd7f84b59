package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.testing.SeededChance;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {

  private static final class Weights implements Live {
    private final double[] weights;

    Weights(double... weights) {
      this.weights = weights;
    }

    @Override
    public String toString() {
      return Arrays.toString(weights);
    }

    @Override
    public int size() {
      return weights.length;
    }

    @Override
    public Member member(int i) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int index(int i) {
      return i;
    }

    @Override
    public double weight(int i) {
      return weights[i];
    }

    @Override
    public double factor(int i) {
      return 1;
    }

    @Override
    public double total() {
      return Arrays.stream(weights).sum();
    }

    @Override
    public boolean uniform() {
      return Arrays.stream(weights).allMatch(weight -> weight == weights[0]);
    }

    @Override
    public boolean panic() {
      return false;
    }

    Map<String, Double> shares() {
      Map<String, Double> shares = new TreeMap<>();
      for (int i = 0; i < weights.length; i++) {
        shares.put("" + i, weights[i]);
      }
      return shares;
    }
  }

  private static void assertFair(Weights weights, long seed, int draws) {
    Sampler sampler = Sampler.of(weights);
    SeededChance chance = SeededChance.of(seed);
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < draws; i++) {
      counts.merge("" + sampler.draw(chance.nextLong()), 1, Integer::sum);
    }
    ChiSquare.assertFits(counts, weights.shares(), "seed " + seed + ", " + weights);
  }

  @Test
  void draw_anyWeights_byWeight() {
    for (long seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      int size = 2 + random.nextInt(30);
      double[] weights = random.doubles(size, 1, seed % 2 == 0 ? 3 : 50).toArray();
      assertFair(new Weights(weights), seed, 20_000);
    }
  }

  @Test
  void draw_equalWeights_alike() {
    assertFair(new Weights(3, 3, 3, 3, 3), 1, 50_000);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-6, 1, 1e6})
  void draw_oneToAMillion_theSmallOneGetsAMillionth(double unit) {
    assertFair(new Weights(unit, 1_000_000 * unit), 5, 5_000_000);
  }

  @Test
  void draw_oneOfManyHasNearlyAll_othersGetTheirShare() {
    double[] weights = new double[100];
    Arrays.fill(weights, 1);
    weights[42] = 1_000;
    assertFair(new Weights(weights), 6, 1_000_000);
  }

  /** Whatever bits there are, and whatever rounding did. */
  @Test
  void draw_extremeBits_inRange() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int size = 1 + random.nextInt(70);
      double[] weights =
          random.doubles(size).map(x -> Math.pow(10, 24 * x - 12)).toArray();
      Sampler sampler = Sampler.of(new Weights(weights));
      for (long bits : new long[] {0, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0xffff_ffffL}) {
        assertThat(sampler.draw(bits)).as("seed %d", seed).isBetween(0, size - 1);
      }
    }
  }

  @Test
  void other_neverTheFirst_byWeightAmongTheOthers() {
    Weights weights = new Weights(1, 2, 3, 4);
    Sampler sampler = Sampler.of(weights);
    for (int first = 0; first < 4; first++) {
      SeededChance chance = SeededChance.of(first);
      Map<String, Integer> counts = new TreeMap<>();
      for (int i = 0; i < 40_000; i++) {
        int other = sampler.other(chance.nextLong(), first);
        assertThat(other).isNotEqualTo(first);
        counts.merge("" + other, 1, Integer::sum);
      }
      Map<String, Double> shares = weights.shares();
      shares.remove("" + first);
      double all = shares.values().stream().mapToDouble(Double::doubleValue).sum();
      // Where the first has 4 of 10, one in 39 gives up, and takes any alike: less than 1 % off.
      shares.forEach((other, share) -> assertThat(counts.get(other) / 40_000.0)
          .as("share of %s beside %d; seed %d", other, chance.seed(), chance.seed())
          .isBetween(share / all - 0.02, share / all + 0.02));
    }
  }

  @Test
  void other_equalWeights_theSameBitsAsTheFirst_anyOtherAlike() {
    Sampler sampler = Sampler.of(new Weights(1, 1, 1, 1, 1));
    SeededChance chance = SeededChance.of(9);
    Map<String, Integer> counts = new TreeMap<>();
    Map<String, Double> shares = new TreeMap<>();
    for (int i = 0; i < 100_000; i++) {
      long random = chance.nextLong();
      int first = sampler.draw(random);
      int other = sampler.other(random, first);
      counts.merge(first + " and " + other, 1, Integer::sum);
      shares.put(first + " and " + other, 1.0);
    }

    assertThat(counts).hasSize(20); // all pairs of two that are not the same
    ChiSquare.assertFits(counts, shares, "seed 9");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-12, 1, 1e12})
  void other_firstHasNearlyAll_isStillAnother(double small) {
    Sampler sampler = Sampler.of(new Weights(1e15, small, small));
    SeededChance chance = SeededChance.of(3);
    int[] counts = new int[3];
    for (int i = 0; i < 10_000; i++) {
      counts[sampler.other(chance.nextLong(), 0)]++;
    }

    assertThat(counts[0]).isZero();
    assertThat(counts[1]).as("seed 3").isBetween(4_700, 5_300);
    assertThat(sampler.other(-1, 1)).isNotEqualTo(1);
    assertThat(sampler.other(0, 2)).isNotEqualTo(2);
  }

  @Test
  void other_ofTwo_isTheOtherOne() {
    for (Weights weights : new Weights[] {new Weights(1, 1), new Weights(1, 1_000_000)}) {
      Sampler sampler = Sampler.of(weights);
      for (long random : new long[] {0, 1, -1, Long.MIN_VALUE, 0x5EED}) {
        assertThat(sampler.other(random, 0)).isEqualTo(1);
        assertThat(sampler.other(random, 1)).isZero();
      }
    }
  }
}
