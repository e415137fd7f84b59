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
  // told in PowerOfChoices. Of the least loaded one is drawn by weight too. Walks of their own, and
  // not a reservoir: that takes a random branch for each member, which is guessed wrong. O(n) up to
  // 64, where the least is exact; beyond that ten thousand counters can't be read for a pick, and
  // the least of a few drawn is nearly as even.
  @Override
  public @Nullable Member pick(Choice choice) {
    Live live = members.live();
    if (live.size() > EXACT) {
      return ofSeveral.pick(choice);
    }
    double sum = 0;
    double least = Double.POSITIVE_INFINITY;
    double leastLoaded = 0;
    for (int i = 0; i < live.size(); i++) {
      if (choice.accepts(live.member(i))) {
        double weight = live.weight(i);
        double load = load(live, i, 1);
        sum += weight;
        leastLoaded = load < least ? weight : load == least ? leastLoaded + weight : leastLoaded;
        least = Math.min(least, load);
      }
    }
    long random = choice.random();
    int drawn = find(live, choice, Double.POSITIVE_INFINITY, Draws.fraction(random) * sum);
    if (drawn < 0) {
      return null;
    }
    if (least <= load(live, drawn, 0)) {
      double place = Draws.fraction(Draws.next(random)) * leastLoaded;
      int best = find(live, choice, least, place);
      drawn = best < 0 ? drawn : best; // if others have taken them meanwhile
    }
    return live.member(drawn);
  }

  /** With so many requests more. */
  private static double load(Live live, int i, int more) {
    int inFlight = live.member(i).inFlight() + more;
    return live.uniform() ? inFlight : inFlight / live.weight(i); // a division saved, for each
  }

  /** Who comes at a place among those who are accepted and have at most this load, each as wide as its weight; -1 if none. */
  private static int find(Live live, Choice choice, double most, double place) {
    int found = -1;
    for (int i = 0; i < live.size() && place >= 0; i++) {
      if (choice.accepts(live.member(i)) && load(live, i, 1) <= most) {
        found = i;
        place -= live.weight(i);
      }
    }
    return found;
  }
}
