package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class LeastResponseTimeTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.leastResponseTime();
  }
}
