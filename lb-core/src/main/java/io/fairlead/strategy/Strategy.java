package io.fairlead.strategy;

import io.fairlead.backend.Members;
import java.util.Objects;
import java.util.function.Function;

/**
 * A way of picking one of several backends: a recipe that any number of balancers may use, each with a state of its own.
 *
 * <p>The built-in ones come from the static factories. One of your own, if it needs no state, is a function from a
 * membership to a picker:
 *
 * <pre>{@code
 * Strategy firstAvailable = Strategy.of(members -> choice -> {
 *   Live live = members.live();
 *   return live.size() == 0 ? null : members.get(live.index(0));
 * });
 * }</pre>
 *
 * <p>{@code StrategyContract} in lb-testing is the test that every strategy should pass.
 *
 * <p>Implementations are immutable and thread-safe.
 */
@FunctionalInterface
public interface Strategy {

  /**
   * Starts it for one balancer.
   *
   * @param environment the balancer's clock, chance and such
   */
  Selector start(Environment environment);

  /** A strategy without a state: a picker is made for each membership, and nothing survives its change. */
  static Strategy of(Function<? super Members, ? extends Picker> pickers) {
    Objects.requireNonNull(pickers, "pickers");
    return environment -> pickers::apply;
  }

  /**
   * One after the other, whatever their weights. As long as the same members may be picked, any run of consecutive picks,
   * from however many threads, is even to within one. A request that goes past a member, since it has just failed there,
   * goes to any of the others alike.
   */
  static Strategy roundRobin() {
    return RoundRobin.STRATEGY;
  }

  /**
   * The member with the fewest requests in flight, in proportion to its weight. Ties are broken at random, in proportion
   * to weight. All members are compared if there are at most 64 that may be picked, and several drawn at random beyond
   * that.
   */
  static Strategy leastConnections() {
    return LeastConnections.STRATEGY;
  }
}
