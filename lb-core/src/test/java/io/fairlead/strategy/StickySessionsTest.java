package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class StickySessionsTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.sticky(Strategy.leastConnections());
  }
}
