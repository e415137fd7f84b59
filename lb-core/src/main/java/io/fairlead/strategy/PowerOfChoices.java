package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import org.jspecify.annotations.Nullable;

/**
 * The fewest requests in flight for its weight, of a few members drawn.
 *
 * @see <a href="https://doi.org/10.1109/71.963420">Mitzenmacher, The Power of Two Choices in Randomized Load Balancing</a>
 */
final class PowerOfChoices implements Picker {

  private final Members members;
  private final Derived<Sampler> sampler;
  private final int choices;

  PowerOfChoices(Members members, int choices) {
    this.members = members;
    this.sampler = Sampler.of(members);
    this.choices = choices;
  }

  // Drawn by weight. Another one is taken in place of the one drawn before if it would be no more
  // loaded with this request (in flight + 1, for its weight) than that one is without it. With
  // equal weights that is: if it has fewer in flight. With others an idle pool gets its requests by
  // weight, and not, as with the + 1 on both sides, all at its heaviest members; and an idle member
  // that ramps up does not, as with it on neither side, win over each that is busy. O(d).
  @Override
  public @Nullable Member pick(Choice choice) {
    Live live = members.live();
    Sampler byWeight = live.uniform() ? null : sampler.get();
    if (byWeight != null) {
      live = byWeight.live();
    }
    if (live.size() == 0) {
      return null;
    }
    long random = choice.random();
    int least = byWeight == null ? Draws.index(random, live.size()) : byWeight.draw(random);
    Member best = live.member(least);
    if (live.size() == 1) {
      return best;
    }
    int load = best.inFlight();
    Member runnerUp;
    int drawn = 1;
    while (true) {
      int other = byWeight == null
          ? Draws.other(random, live.size(), least)
          : byWeight.other(random, least);
      Member challenger = live.member(other);
      int otherLoad = challenger.inFlight();
      if (less(live, otherLoad, other, load, least)) {
        runnerUp = best;
        best = challenger;
        least = other;
        load = otherLoad;
      } else {
        runnerUp = challenger;
      }
      if (++drawn == choices) {
        return choice.accepts(best) ? best : runnerUp;
      }
      random = Draws.next(~random); // not what the sampler went on to, if it had to draw again
    }
  }

  /** Whether the other would be less loaded with the request than the one drawn before is without it, or as little. */
  private static boolean less(Live live, int other, int indexOfOther, int load, int index) {
    return live.uniform()
        ? other < load
        : (other + 1) * live.weight(index) <= load * live.weight(indexOfOther);
  }
}
