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

  // One is drawn by weight, and gives way to the least loaded of all if that one would be no more
  // loaded with this request (in flight + 1, for its weight) than the one drawn is without it. With
  // equal weights that is the fewest in flight, ties at random; why the + 1 is on one side only is
  // told in PowerOfChoices. Both draws and ties are by weight, by reservoir: the k-th takes over
  // with the probability weight k / sum of weights to k. O(n) up to 64, where the least is exact;
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
    Member drawn = null;
    double loadOfDrawn = 0;
    double sum = 0;
    Member best = null;
    double least = Double.POSITIVE_INFINITY;
    double tied = 0;
    for (int i = 0; i < size; i++) {
      Member member = live.member(i);
      if (!choice.accepts(member)) {
        continue;
      }
      double weight = live.weight(i);
      int inFlight = member.inFlight();
      random = Draws.next(random);
      sum += weight;
      if (Draws.fraction(random) * sum < weight) {
        drawn = member;
        loadOfDrawn = inFlight / weight;
      }
      double load = (inFlight + 1) / weight;
      if (load < least) {
        best = member;
        least = load;
        tied = weight;
      } else if (load == least) {
        tied += weight;
        best = Draws.fraction(Draws.next(~random)) * tied < weight ? member : best;
      }
    }
    return least <= loadOfDrawn ? best : drawn;
  }
}
