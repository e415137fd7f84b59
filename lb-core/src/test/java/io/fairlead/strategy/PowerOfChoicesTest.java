package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class PowerOfChoicesTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.powerOfTwoChoices();
  }
}
