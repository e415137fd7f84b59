/**
 * How a backend is picked. A {@link io.fairlead.strategy.Strategy} is a recipe; a balancer starts it once and gets a
 * {@link io.fairlead.strategy.Selector}, which holds what must survive changes of the membership; that makes a
 * {@link io.fairlead.strategy.Picker} for each membership, which names a member for each
 * {@link io.fairlead.strategy.Choice}. A strategy that learns from results takes a
 * {@link io.fairlead.strategy.Tracker} on each member.
 *
 * <p>Each built-in strategy is one package-private class in this package with a static factory on
 * {@link io.fairlead.strategy.Strategy}, and uses nothing that a strategy of your own could not.
 */
@NullMarked
package io.fairlead.strategy;

import org.jspecify.annotations.NullMarked;
