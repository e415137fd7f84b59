package io.fairlead.benchmarks.picks;

import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.strategy.Environment;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.Tracker;
import org.jspecify.annotations.Nullable;

/** A strategy that does as another does, and keeps the picker that it made last. For one balancer. */
final class CapturingStrategy implements Strategy {

  private final Strategy strategy;

  volatile @Nullable Picker picker;

  CapturingStrategy(Strategy strategy) {
    this.strategy = strategy;
  }

  @Override
  public Selector start(Environment environment) {
    Selector selector = strategy.start(environment);
    return new Selector() {
      @Override
      public Picker picker(Members members) {
        Picker made = selector.picker(members);
        picker = made;
        return made;
      }

      @Override
      public Members scope(Members all) {
        return selector.scope(all);
      }

      @Override
      public Tracker track(Member member) {
        return selector.track(member);
      }

      @Override
      public void forget(Member member) {
        selector.forget(member);
      }

      @Override
      public void close() {
        selector.close();
      }
    };
  }
}
