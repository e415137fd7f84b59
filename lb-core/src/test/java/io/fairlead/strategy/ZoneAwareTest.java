package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class ZoneAwareTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.zoneAware(Strategy.roundRobin());
  }
}
