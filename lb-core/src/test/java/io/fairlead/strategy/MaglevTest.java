package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class MaglevTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Maglev.builder().tableSize(1_021).build();
  }
}
