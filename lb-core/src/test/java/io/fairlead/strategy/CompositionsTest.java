package io.fairlead.strategy;

import io.fairlead.testing.StrategyContract;
import org.junit.jupiter.api.Nested;

/** That strategies keep to the contract with other settings than the defaults too, and inside one another. */
class CompositionsTest {

  @Nested
  class ThreeChoices implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.powerOfChoices(3);
    }
  }

  @Nested
  class IpHash implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.ipHash();
    }
  }

  @Nested
  class BoundedLoad implements StrategyContract {
    @Override
    public Strategy strategy() {
      return ConsistentHash.builder().boundedLoad().build();
    }
  }

  @Nested
  class StickyOverZones implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.sticky(Strategy.zoneAware(Strategy.leastConnections()));
    }
  }

  @Nested
  class StickyOverResponseTime implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.sticky(Strategy.leastResponseTime());
    }
  }

  @Nested
  class ZonesByResponseTime implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.zoneAware(Strategy.leastResponseTime());
    }
  }

  @Nested
  class ZonesByWeight implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.zoneAware(Strategy.weightedRoundRobin());
    }
  }

  @Nested
  class ZonesByKey implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.zoneAware(Strategy.consistentHash());
    }
  }

  @Nested
  class ZonesWithSubsets implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.zoneAware(Strategy.subset(2, Strategy.roundRobin()));
    }

    @Override
    public boolean reachesAll() {
      return false;
    }
  }

  @Nested
  class SubsetOverZones implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Strategy.subset(3, Strategy.zoneAware(Strategy.leastConnections()));
    }

    @Override
    public boolean reachesAll() {
      return false;
    }
  }

  @Nested
  class SubsetByNumber implements StrategyContract {
    @Override
    public Strategy strategy() {
      return Subset.builder(Strategy.random()).size(3).client(1, 4).build();
    }

    @Override
    public boolean reachesAll() {
      return false;
    }
  }
}
