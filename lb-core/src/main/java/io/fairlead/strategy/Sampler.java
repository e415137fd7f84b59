package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Members;
import java.util.Arrays;

/**
 * Draws members in proportion to their live weight, in constant time. Where {@link Live#uniform} holds, {@link Draws#index} does
 * the same for less.
 *
 * <p>Immutable; made for one {@link Live}, to whose indices its own refer.
 *
 * @see <a href="https://doi.org/10.1145/355744.355749">Walker, An Efficient Method for Generating Discrete Random Variables
 *     with General Distributions</a>
 * @see <a href="https://doi.org/10.1109/32.92917">Vose, A Linear Algorithm for Generating Random Numbers with a Given
 *     Distribution</a>
 */
public final class Sampler {

  private static final double TWO_32 = 0x1p32;
  private static final long LOW = 0xffff_ffffL;
  private static final int REDRAWS = 4;

  private final Live live;

  // The alias method: a column of equal width for each member, filled up to a threshold with its
  // own weight, and above it with that of one other, its alias. A point drawn in the rectangle is
  // drawn by weight. Threshold and alias lie in one word, so that a draw reads one place.
  private final long[] columns;

  private Sampler(Live live, long[] columns) {
    this.live = live;
    this.columns = columns;
  }

  /** A sampler that follows the live weights of a membership. */
  public static Derived<Sampler> of(Members members) {
    return members.derive(Sampler::of);
  }

  /** A sampler of those who are live, as they are now; O(n). */
  public static Sampler of(Live live) {
    return new Sampler(live, columns(live));
  }

  private static long[] columns(Live live) {
    int size = live.size();
    double[] height = new double[size]; // of what is still to be put somewhere; a column is 1 high
    int[] order = new int[size]; // the low ones from the left, the high ones from the right
    int low = 0;
    int high = size;
    for (int i = 0; i < size; i++) {
      height[i] = live.weight(i) * size / live.total();
      order[height[i] < 1 ? low++ : --high] = i;
    }
    long[] columns = new long[size];
    Arrays.setAll(columns, i -> i); // its own alias: full, whatever the threshold is
    for (int done = 0; done < high && high < size; done++) {
      int lesser = order[done];
      int greater = order[high];
      columns[lesser] = ((long) (height[lesser] * TWO_32) << 32) | greater;
      height[greater] -= 1 - height[lesser];
      if (height[greater] < 1) {
        high++; // which makes it the last of the low ones
      }
    }
    return columns;
  }

  /** Who was drawn from. */
  public Live live() {
    return live;
  }

  /**
   * Draws one. There must be one at least.
   *
   * @param random 64 random bits; all of them are used
   * @return its index, for {@link Live#member}
   */
  public int draw(long random) {
    int column = Draws.index(random, columns.length);
    long entry = columns[column];
    return (random & LOW) < entry >>> 32 ? column : (int) entry;
  }

  /**
   * Draws another one than {@code first}, in proportion to weight among the others. There must be two at least. If
   * {@code first} has nearly all of the weight it gives up after a few draws, and takes any of the others alike.
   *
   * @param random the bits by which {@code first} was drawn, or others
   * @return its index, for {@link Live#member}
   */
  public int other(long random, int first) {
    for (int i = 0; i < REDRAWS; i++) {
      random = Draws.next(random);
      int drawn = draw(random);
      if (drawn != first) {
        return drawn;
      }
    }
    return Draws.other(random, columns.length, first);
  }
}
