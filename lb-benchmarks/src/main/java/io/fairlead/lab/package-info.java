/**
 * A laboratory in virtual time, where strategies meet under conditions that are the same for all: a discrete-event
 * simulation that drives real {@link io.fairlead.LoadBalancer}s, with the strategy under test, against modelled servers.
 * It serves to choose the default strategy and the constants of strategies, and draws the plots of the docs.
 *
 * <p>A {@link io.fairlead.lab.Scenario} says what happens: requests arrive as a Poisson process; each goes through the
 * balancer of one of several clients, who don't see each other's requests; each server has some workers and a bounded queue,
 * so that load makes latency; and servers may be slow, cold, silent, failing, paused or away for a time. A
 * {@link io.fairlead.lab.Simulation} lets it happen on a {@link io.fairlead.testing.FakeClock}, whose scheduler is the
 * queue of events: there are no threads and no waiting, and a minute takes a fraction of a second. A
 * {@link io.fairlead.lab.Result} tells how it went. {@link io.fairlead.lab.StrategyComparison} is the program that runs
 * every one of {@link io.fairlead.lab.Scenarios} with every one of {@link io.fairlead.lab.Contenders}.
 *
 * <p>All of it follows from one seed. When requests arrive, whose they are and how much work they are comes from a stream of
 * random numbers that the strategy has no part in, so all strategies get the very same requests and what differs between
 * them is their doing.
 *
 * <p>What is left out: the network (it takes no time), connections, and clients that send less when they wait. A server does
 * not begin with a request whose client has given up meanwhile, and finishes what it has begun.
 *
 * <p>Nothing in here is thread-safe.
 */
@NullMarked
package io.fairlead.lab;

import org.jspecify.annotations.NullMarked;
