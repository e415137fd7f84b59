package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class SubsetTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.subset(3, Strategy.leastConnections());
  }

  @Override
  public boolean reachesAll() {
    return false;
  }
}
