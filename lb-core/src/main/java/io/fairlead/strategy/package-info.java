/**
 * How a backend is picked. A {@link io.fairlead.strategy.Strategy} is a recipe; a balancer starts it once and gets a
 * {@link io.fairlead.strategy.Selector}, which holds what must survive changes of the membership; that makes a
 * {@link io.fairlead.strategy.Picker} for each membership, which names a member for each
 * {@link io.fairlead.strategy.Choice}. A strategy that learns from results takes a
 * {@link io.fairlead.strategy.Tracker} on each member.
 *
 * <p>Each built-in strategy has a static factory on {@link io.fairlead.strategy.Strategy}; those with settings are public
 * classes with a builder. They use nothing that a strategy of your own could not: {@link io.fairlead.strategy.Sampler} and
 * {@link io.fairlead.strategy.Draws} draw members, {@link io.fairlead.strategy.HashKey} tells what to hash, and
 * {@link io.fairlead.backend.Members#derive} keeps what is computed from live weights up to date.
 */
@NullMarked
package io.fairlead.strategy;

import org.jspecify.annotations.NullMarked;
