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
 *   return live.size() == 0 ? null : live.member(0);
 * });
 * }</pre>
 *
 * <p>{@code StrategyContract} in lb-testing is the test that every strategy should pass.
 *
 * <p>Implementations are immutable and thread-safe. Two that were made alike need not be equal; the built-in ones print as what
 * they are.
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
   * goes to any of the others alike. Only members that policies hold back, as they do who ramps up, get less.
   */
  static Strategy roundRobin() {
    return new Named("roundRobin", environment -> new RoundRobin(environment, false));
  }

  /**
   * One after the other, in proportion to weight, and spread evenly: with weights 5, 1 and 1 as in {@code aabaaca}, not
   * {@code aaaaabc}. As long as the same members may be picked at the same weights, shares are exact over any run of as many
   * picks as the weights' sum, divided by what they have in common.
   */
  static Strategy weightedRoundRobin() {
    return new Named("weightedRoundRobin", environment -> new RoundRobin(environment, true));
  }

  /** Any member, in proportion to weight. */
  static Strategy random() {
    return new Named("random", environment -> RandomPick::new);
  }

  /**
   * The member with the fewest requests in flight, in proportion to its weight. Ties are broken at random, in proportion
   * to weight. All members are compared if there are at most 64 that may be picked, and five drawn at random beyond that.
   */
  static Strategy leastConnections() {
    return new Named("leastConnections", environment -> LeastConnections::new);
  }

  /** {@link #powerOfChoices powerOfChoices(2)}. */
  static Strategy powerOfTwoChoices() {
    return powerOfChoices(2);
  }

  /**
   * Of a few members drawn at random, in proportion to weight and each another than the best so far, the one with the fewest
   * requests in flight for its weight. Nearly as even as comparing all, and what it costs does not depend on how many there
   * are; several clients that see only their own requests don't all run to the same member.
   *
   * @param choices how many are drawn: 2 to 10
   */
  static Strategy powerOfChoices(int choices) {
    if (choices < 2 || choices > 10) {
      throw new IllegalArgumentException("choices: " + choices + " (expected: 2 to 10)");
    }
    return new Named(
        "powerOfChoices(" + choices + ")",
        environment -> members -> new PowerOfChoices(members, choices));
  }

  /** The lower expected response time of two drawn: {@link LeastResponseTime} with its defaults. */
  static Strategy leastResponseTime() {
    return LeastResponseTime.builder().build();
  }

  /**
   * The same client's requests to the same member: a {@link ConsistentHash} over
   * {@link io.fairlead.request.RequestContext#clientIp}.
   */
  static Strategy ipHash() {
    return ConsistentHash.builder().key(HashKey.CLIENT_IP).build();
  }

  /** Requests with equal keys to the same member, by a ring: {@link ConsistentHash} with its defaults. */
  static Strategy consistentHash() {
    return ConsistentHash.builder().build();
  }

  /** Requests with equal keys to the same member, by a table: {@link Maglev} with its defaults. */
  static Strategy maglev() {
    return Maglev.builder().build();
  }

  /** Requests with equal keys to the same member, by scores: {@link Rendezvous} over the request's key. */
  static Strategy rendezvous() {
    return Rendezvous.by(HashKey.KEY);
  }

  /** All requests of a session to one member: {@link StickySessions} with their defaults around another strategy. */
  static Strategy sticky(Strategy inner) {
    return StickySessions.builder(inner).build();
  }

  /** Requests stay in their zone as long as that can take them: {@link ZoneAware} with its defaults around another strategy. */
  static Strategy zoneAware(Strategy inner) {
    return ZoneAware.builder(inner).build();
  }

  /**
   * Only some of the members: a {@link Subset} of this size, for a client that does not know its number, around another
   * strategy.
   */
  static Strategy subset(int size, Strategy inner) {
    return Subset.builder(inner).size(size).build();
  }
}
