/**
 * Time and chance to order, for tests of code that balances load. {@link io.fairlead.testing.FakeClock} is clock, scheduler
 * and waiter in one and moves only when told, so that thirty seconds of a veto pass in no time and a test sees the moment
 * before its end as well as the moment after. {@link io.fairlead.testing.ScriptedChance} says which numbers are drawn,
 * {@link io.fairlead.testing.SeededChance} that the same ones are drawn on every run.
 *
 * <p>{@link io.fairlead.testing.StrategyContract} is the test that every {@link io.fairlead.strategy.Strategy} should pass,
 * Fairlead's own and those that users write. {@link io.fairlead.testing.Concurrently} runs pieces of a test side by side.
 */
@NullMarked
package io.fairlead.testing;

import org.jspecify.annotations.NullMarked;
