package io.fairlead.strategy;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import org.jspecify.annotations.Nullable;

/** The fewest requests in flight for its weight. */
final class LeastConnections implements Picker {

  /** Up to here all are compared. */
  private static final int EXACT = 64;

  /** How many are drawn beyond that. */
  private static final int DRAWN = 5;

  private final Members members;
  private final Picker ofSeveral;

  LeastConnections(Members members) {
    this.members = members;
    this.ofSeveral = new PowerOfChoices(members, DRAWN);
  }

  // The load of a member is in flight / weight, without the + 1 for the request to come: with it an
  // idle pool would send everything to its heaviest member. Ties, and an idle pool is all ties, are
  // broken by a draw in proportion to weight, by reservoir: the k-th of the tied takes over with
  // the probability weight k / sum of weights to k. O(n) up to 64, where the minimum is exact;
  // beyond that ten thousand counters can't be read for a pick, and the least of a few drawn is
  // nearly as even.
  @Override
  public @Nullable Member pick(Choice choice) {
    Live live = members.live();
    int size = live.size();
    if (size > EXACT) {
      return ofSeveral.pick(choice);
    }
    long random = choice.random();
    Member best = null;
    double least = Double.POSITIVE_INFINITY;
    double tied = 0;
    for (int i = 0; i < size; i++) {
      Member member = live.member(i);
      double weight = live.weight(i);
      double load = member.inFlight() / weight;
      if (load > least || !choice.accepts(member)) {
        continue;
      }
      if (load < least) {
        best = member;
        least = load;
        tied = weight;
      } else {
        tied += weight;
        random = Draws.next(random);
        if (Draws.fraction(random) * tied < weight) {
          best = member;
        }
      }
    }
    return best;
  }
}
