package io.fairlead.strategy;

import java.util.Objects;

/**
 * A score for each member and key, of which the highest wins: requests with equal keys go to the same member, in exact
 * proportion to live weights, and when members come, go, or change their weight only those keys move that must. It has no table,
 * and looks at all members for each request: for up to a few hundred of them.
 *
 * <p>What is said of owners that are not available and of requests without a key at {@link ConsistentHash} holds here too.
 *
 * <p>Immutable.
 *
 * @see <a href="https://doi.org/10.1109/90.663936">Thaler and Ravishankar, Using Name-Based Mappings to Increase Hit Rates</a>
 */
public final class Rendezvous implements Strategy {

  private final HashKey key;

  private Rendezvous(HashKey key) {
    this.key = key;
  }

  /**
   * A strategy that goes by this part of a request.
   *
   * @param key what of a request is hashed
   */
  public static Rendezvous by(HashKey key) {
    return new Rendezvous(Objects.requireNonNull(key, "key"));
  }

  @Override
  public Selector start(Environment environment) {
    return new Hashed(
        environment, key, members -> new RendezvousTable(members, Hashed.ids(members)));
  }

  /** As in {@code rendezvous(KEY)}. */
  @Override
  public String toString() {
    return "rendezvous(" + key + ")";
  }
}
