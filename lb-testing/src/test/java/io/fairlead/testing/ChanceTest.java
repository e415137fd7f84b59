package io.fairlead.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ChanceTest {

  @Test
  void scripted_drawsTheScriptAndThenFails() {
    ScriptedChance chance = ScriptedChance.of(7, -1);

    assertThat(chance.nextLong()).isEqualTo(7);
    assertThat(chance.remaining()).isEqualTo(1);
    assertThat(chance.nextLong()).isEqualTo(-1);
    assertThatIllegalStateException()
        .isThrownBy(chance::nextLong)
        .withMessage(
            "ScriptedChance[7, -1], 0 remaining: drawn once more (expected: not more than scripted)");
  }

  @Test
  void scripted_keepsACopyOfItsScript() {
    long[] script = {1, 2};
    ScriptedChance chance = ScriptedChance.of(script);

    script[0] = 9;

    assertThat(chance.nextLong()).isEqualTo(1);
  }

  @Test
  void seeded_drawsWhatSplittableRandomDraws() {
    for (long seed : new long[] {0, 42, -1, Long.MIN_VALUE}) {
      SeededChance chance = SeededChance.of(seed);
      SplittableRandom reference = new SplittableRandom(seed);
      for (int i = 0; i < 100; i++) {
        assertThat(chance.nextLong())
            .as("seed %d, number %d", seed, i)
            .isEqualTo(reference.nextLong());
      }
    }
  }

  @Test
  void seeded_tellsItsSeed() {
    assertThat(SeededChance.of(42).seed()).isEqualTo(42);
    assertThat(SeededChance.of(42)).hasToString("SeededChance 42");
  }
}
