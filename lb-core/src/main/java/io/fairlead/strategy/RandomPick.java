package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import org.jspecify.annotations.Nullable;

/** Any, in proportion to weight. O(1). */
final class RandomPick implements Picker {

  private final Members members;
  private final Derived<Sampler> sampler;

  RandomPick(Members members) {
    this.members = members;
    this.sampler = Sampler.of(members);
  }

  @Override
  public @Nullable Member pick(Choice choice) {
    Live live = members.live();
    if (live.uniform()) {
      return live.size() == 0 ? null : live.member(Draws.index(choice.random(), live.size()));
    }
    Sampler sampler = this.sampler.get();
    live = sampler.live();
    return live.size() == 0 ? null : live.member(sampler.draw(choice.random()));
  }
}
