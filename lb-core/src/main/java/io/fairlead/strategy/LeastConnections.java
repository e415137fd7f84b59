package io.fairlead.strategy;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import org.jspecify.annotations.Nullable;

/** The fewest requests in flight for its weight. */
final class LeastConnections implements Picker {

  static final Strategy STRATEGY = Strategy.of(LeastConnections::new);

  /** Up to here all are compared. */
  private static final int EXACT = 64;

  /** How many are drawn beyond that. */
  private static final int DRAWN = 5;

  private final Members members;

  private LeastConnections(Members members) {
    this.members = members;
  }

  // The load of a member is in flight / weight, without the + 1 for the request to come: with it an
  // idle pool would send everything to its heaviest member. Ties, and an idle pool is all ties, are
  // broken by a draw in proportion to weight, by reservoir: the k-th of the tied takes over with
  // the probability weight k / sum of weights to k. O(n) up to 64, where the minimum is exact;
  // beyond that O(log n), since ten thousand counters can't be read for a pick, and the least of a
  // few drawn by weight
  // is nearly as even (Mitzenmacher, https://doi.org/10.1109/71.963420).
  @Override
  public @Nullable Member pick(Choice choice) {
    Live live = members.live();
    int size = live.size();
    if (size == 0) {
      return null;
    }
    boolean all = size <= EXACT;
    int candidates = all ? size : DRAWN;
    long random = choice.random();
    Member best = null;
    double least = Double.POSITIVE_INFINITY;
    double tied = 0;
    for (int k = 0; k < candidates; k++) {
      int i = k;
      if (!all) {
        random = Draws.next(random);
        i = live.uniform() ? Draws.index(random, size) : live.at(Draws.fraction(random));
      }
      Member member = members.get(live.index(i));
      double weight = live.weight(i);
      double load = member.inFlight() / weight;
      if (load > least || !choice.accepts(member)) {
        continue;
      }
      // Those drawn have been drawn in proportion to weight already.
      double share = all ? weight : 1;
      tied = load < least ? share : tied + share;
      if (load == least) {
        random = Draws.next(random);
      }
      if (load < least || Draws.fraction(random) * tied < share) {
        best = member;
        least = load;
      }
    }
    return best;
  }
}
