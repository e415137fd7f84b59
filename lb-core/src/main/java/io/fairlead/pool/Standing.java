package io.fairlead.pool;

import io.fairlead.backend.Veto;
import java.util.List;

/**
 * What all policies together say of a member at one moment.
 *
 * @param vetoes those that stand
 * @param hard whether one of them is {@link Veto.Kind#HARD}
 * @param factor the product of all factors
 */
record Standing(List<Veto> vetoes, boolean hard, double factor) {

  static final Standing CLEAN = new Standing(List.of(), false, 1);

  boolean available() {
    return vetoes.isEmpty();
  }
}
