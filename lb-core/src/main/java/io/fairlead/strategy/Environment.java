package io.fairlead.strategy;

import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import io.fairlead.time.Scheduler;
import org.jspecify.annotations.Nullable;

/** What a balancer lends to its strategy. Thread-safe. */
public interface Environment {

  /** The balancer's name. */
  String name();

  /** The balancer's clock. A pick has its own reading of it: {@link Choice#now()}. */
  NanoClock clock();

  /** The balancer's source of random numbers. A pick has its own: {@link Choice#random()}. */
  Chance chance();

  /** The balancer's scheduler, for what never blocks. */
  Scheduler scheduler();

  /** Where the balancer itself stands, or null if that is not known. */
  @Nullable
  String zone();

  /** Who hears what the strategy has to tell. */
  StrategyListener listener();
}
