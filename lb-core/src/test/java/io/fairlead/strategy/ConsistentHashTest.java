package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class ConsistentHashTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.consistentHash();
  }
}
