package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.testing.SeededChance;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DrawsTest {

  @ParameterizedTest
  @CsvSource({
    "0,                    1,           0",
    "-1,                   1,           0",
    "0,                    10,          0",
    "-1,                   10,          9",
    "-1,                   2147483647,  2147483646",
    "9223372036854775807,  2,           0",
    "-9223372036854775808, 2,           1",
    "4294967295,           1000,        0",
  })
  void index_fromTheHighBits(long random, int size, int index) {
    assertThat(Draws.index(random, size)).isEqualTo(index);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 64, 1000})
  void index_seeded_isUniform(int size) {
    SeededChance chance = SeededChance.of(size);
    int[] counts = new int[size];
    int draws = 1_000 * size;
    for (int i = 0; i < draws; i++) {
      counts[Draws.index(chance.nextLong(), size)]++;
    }
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += (count - 1_000.0) * (count - 1_000.0) / 1_000;
    }
    // Mean and deviation of chi-square with size - 1 degrees of freedom; four of them are enough
    // for any seed that is not picked on purpose.
    assertThat(chiSquare).as(chance.toString()).isLessThan(size - 1 + 4 * Math.sqrt(2.0 * size));
  }

  @Test
  void fraction_fromZeroToBelowOne() {
    assertThat(Draws.fraction(0)).isZero();
    assertThat(Draws.fraction(-1)).isLessThan(1).isEqualTo(1, within(1e-15));
    assertThat(Draws.fraction(Long.MIN_VALUE)).isEqualTo(0.5);
  }

  @Test
  void next_isTheStepOfSplittableRandom() {
    assertThat(Draws.next(42)).isEqualTo(new SplittableRandom(42).nextLong());
  }

  @Test
  void next_chain_doesNotRepeat() {
    Set<Long> seen = new HashSet<>();
    long random = 0;
    for (int i = 0; i < 100_000; i++) {
      random = Draws.next(random);
      assertThat(seen.add(random)).as("step %d", i).isTrue();
    }
  }
}
