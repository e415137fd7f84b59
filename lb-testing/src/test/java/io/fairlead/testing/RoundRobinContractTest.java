package io.fairlead.testing;

import io.fairlead.strategy.Strategy;

/** That the contract can be kept. */
class RoundRobinContractTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.roundRobin();
  }
}
