package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;

class RendezvousTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.rendezvous();
  }
}
