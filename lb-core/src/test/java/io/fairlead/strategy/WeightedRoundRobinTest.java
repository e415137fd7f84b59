package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class WeightedRoundRobinTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.weightedRoundRobin();
  }
}
