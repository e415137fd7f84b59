package io.fairlead.lab;

import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.Strategy;
import java.util.LinkedHashMap;
import java.util.Map;

/** The strategies that are compared, by the names that tables call them. */
final class Contenders {

  private Contenders() {}

  /** In the order of the tables. A further strategy is a further line. */
  static Map<String, Strategy> all() {
    Map<String, Strategy> all = new LinkedHashMap<>();
    all.put("roundRobin", Strategy.roundRobin());
    all.put("weightedRoundRobin", Strategy.weightedRoundRobin());
    all.put("random", Strategy.random());
    all.put("leastConnections", Strategy.leastConnections());
    all.put("powerOfTwoChoices", Strategy.powerOfTwoChoices());
    all.put("leastResponseTime", Strategy.leastResponseTime());
    all.put("consistentHash", Strategy.consistentHash());
    all.put("boundedLoad", ConsistentHash.builder().boundedLoad().build());
    all.put("sticky", Strategy.sticky(Strategy.leastConnections()));
    return all;
  }
}
