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
    Sampler sampler = this.sampler.get();
    Live live = sampler.live();
    return live.size() == 0 ? null : members.get(live.index(sampler.draw(choice.random())));
  }
}
