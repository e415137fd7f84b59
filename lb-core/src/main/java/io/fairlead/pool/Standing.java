package io.fairlead.pool;

import io.fairlead.backend.Veto;
import java.util.List;

/**
 * What all policies together say of a member at one moment.
 *
 * @param vetoes those that stand
 * @param available whether there are none
 * @param hard whether one of them is {@link Veto.Kind#HARD}
 * @param foreign whether one of them is not of the member's own failure detector
 * @param factor the product of all factors
 */
record Standing(
    List<Veto> vetoes, boolean available, boolean hard, boolean foreign, double factor) {

  /** That of most members at most times, and one object for all of them. */
  static final Standing CLEAN = new Standing(List.of(), true, false, false, 1);

  /** Whether the vetoes leave it in. */
  boolean allows(boolean panic) {
    return available || (panic && !hard);
  }
}
