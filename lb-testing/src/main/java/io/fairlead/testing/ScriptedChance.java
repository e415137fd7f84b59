package io.fairlead.testing;

import io.fairlead.time.Chance;
import java.util.Arrays;

/**
 * Chance that draws the numbers of a script, one after the other, and fails when they have run out: for a test that wants one
 * exact choice. Where only the distribution matters, take {@link SeededChance}.
 *
 * <p>Thread-safe.
 */
public final class ScriptedChance implements Chance {

  private final long[] script;
  private int drawn; // guarded by this

  private ScriptedChance(long[] script) {
    this.script = script;
  }

  /**
   * Chance with a script.
   *
   * @param script the numbers, in the order in which they are drawn
   */
  public static ScriptedChance of(long... script) {
    return new ScriptedChance(script.clone());
  }

  /**
   * The next number of the script.
   *
   * @throws IllegalStateException if there is none left
   */
  @Override
  public synchronized long nextLong() {
    if (drawn == script.length) {
      throw new IllegalStateException(
          this + ": drawn once more (expected: not more than scripted)");
    }
    return script[drawn++];
  }

  /** How many numbers of the script are left. */
  public synchronized int remaining() {
    return script.length - drawn;
  }

  /** As in {@code ScriptedChance[7, 42], 1 remaining}. */
  @Override
  public String toString() {
    return "ScriptedChance" + Arrays.toString(script) + ", " + remaining() + " remaining";
  }
}
