/**
 * A strategy of a user's own, as a pattern for others: {@link io.fairlead.examples.ownstrategy.Canary}, which keeps a state over
 * all changes of the membership, learns from outcomes, and goes by what a request says of itself.
 * {@link io.fairlead.examples.ownstrategy.CanaryDemo} shows it at work, without a network.
 */
@NullMarked
package io.fairlead.examples.ownstrategy;

import org.jspecify.annotations.NullMarked;
