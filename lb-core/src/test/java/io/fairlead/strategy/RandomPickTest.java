package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class RandomPickTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.random();
  }
}
