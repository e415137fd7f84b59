package io.fairlead.pool;

import io.fairlead.backend.Veto;
import java.util.List;

/**
 * What all policies together say of a member at one moment.
 *
 * @param vetoes those that stand
 * @param available whether there are none
 * @param hard whether one of them is {@link Veto.Kind#HARD}
 * @param factor the product of all factors
 */
record Standing(List<Veto> vetoes, boolean available, boolean hard, double factor) {

  /** That of most members at most times, and one object for all of them. */
  static final Standing CLEAN = new Standing(List.of(), true, false, 1);

  /** Whether the vetoes leave it in. */
  boolean allows(boolean panic) {
    return available || (panic && !hard);
  }
}
