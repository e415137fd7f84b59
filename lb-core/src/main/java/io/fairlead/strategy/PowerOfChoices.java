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

  // Drawn by weight, compared by in flight / weight, and the first drawn wins a tie: an idle pool
  // is
  // all ties and gets its requests by weight, a busy one evens out its loads. The + 1 for the
  // request
  // to come, which others add, would send all of an idle pool's requests to its heaviest members,
  // and
  // none to one that ramps up. O(d).
  @Override
  public @Nullable Member pick(Choice choice) {
    Sampler sampler = this.sampler.get();
    Live live = sampler.live();
    if (live.size() == 0) {
      return null;
    }
    long random = choice.random();
    int least = sampler.draw(random);
    Member best = members.get(live.index(least));
    Member runnerUp = best;
    if (live.size() > 1) {
      int load = best.inFlight();
      for (int i = 1; i < choices; i++) {
        int other = sampler.other(random, least);
        Member challenger = members.get(live.index(other));
        int otherLoad = challenger.inFlight();
        if (otherLoad * live.weight(least) < load * live.weight(other)) {
          runnerUp = best;
          best = challenger;
          least = other;
          load = otherLoad;
        } else {
          runnerUp = challenger;
        }
        random = Draws.next(~random); // not what the sampler went on to, if it had to draw again
      }
    }
    return choice.accepts(best) ? best : runnerUp;
  }
}
