package io.fairlead.strategy;

import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * A ring of hashes with virtual nodes: requests with equal keys go to the same member, and when members come or go only their
 * own keys move. For caches and whatever else is better asked again where it was asked before.
 *
 * <pre>{@code
 * Strategy ring = ConsistentHash.builder().virtualNodes(200).boundedLoad(1.25).build();
 * }</pre>
 *
 * <p>Who owns a key is the same in every JVM and whatever the order in which members are given: it depends on their ids and
 * weights only. While an owner is not available, or was tried already, each of its keys goes to one of the others, always the
 * same: to whom it will go if the owner leaves. They are as many others as the owner has points, at most. A member that ramps up
 * gets its own keys little by little. Requests without a key go to the less loaded of two members drawn, and are
 * {@linkplain io.fairlead.LoadBalancerSnapshot#withoutKey counted}.
 *
 * <p>Immutable.
 *
 * @see <a href="https://doi.org/10.1145/258533.258660">Karger et al., Consistent Hashing and Random Trees</a>
 * @see <a href="https://arxiv.org/abs/1608.01350">Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing with Bounded
 *     Loads</a>
 */
public final class ConsistentHash implements Strategy {

  private final HashKey key;
  private final int virtualNodes;
  private final double bound;

  private ConsistentHash(Builder builder) {
    this.key = builder.key;
    this.virtualNodes = builder.virtualNodes;
    this.bound = builder.bound;
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Selector start(Environment environment) {
    LongAdder inFlight = new LongAdder();
    Tracker count = new Tracker() {
      @Override
      public void started(long now) {
        inFlight.increment();
      }

      @Override
      public void released() {
        inFlight.decrement();
      }
    };
    return new Hashed(
        environment,
        key,
        members -> new RingTable(members, virtualNodes, bound, inFlight),
        bound == Double.POSITIVE_INFINITY ? Tracker.NONE : count);
  }

  /** As in {@code consistentHash(KEY, virtualNodes 160, boundedLoad 1.25)}. */
  @Override
  public String toString() {
    return "consistentHash(" + key + ", virtualNodes " + virtualNodes
        + (bound == Double.POSITIVE_INFINITY ? ")" : ", boundedLoad " + bound + ")");
  }

  /** Collects what a {@link ConsistentHash} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private HashKey key = HashKey.KEY;
    private int virtualNodes = 160;
    private double bound = Double.POSITIVE_INFINITY;

    private Builder() {}

    /** What of a request is hashed. {@link HashKey#KEY} by default. */
    public Builder key(HashKey key) {
      this.key = Objects.requireNonNull(key, "key");
      return this;
    }

    /**
     * How many points on the ring a member has for each unit of its weight. More make shares more even (their standard
     * deviation is 1 / √points, 8 % with 160) and the ring larger, by 9 bytes for each point. If all members together have
     * more than 4,194,304 points, each gets half as many, until they are no more than that; when that begins, half of all keys
     * move. Keep weights small: 1 to 10, not 100 to 1,000.
     *
     * @param points 1 to 10,000; 160 by default
     */
    public Builder virtualNodes(int points) {
      if (points < 1 || points > 10_000) {
        throw new IllegalArgumentException("virtualNodes: " + points + " (expected: 1 to 10000)");
      }
      this.virtualNodes = points;
      return this;
    }

    /** {@link #boundedLoad(double)} with a factor of 1.25. */
    public Builder boundedLoad() {
      return boundedLoad(1.25);
    }

    /**
     * Keeps any member from having more requests in flight than so many times its share of all that are in flight (with those
     * on members that have left), rounded up; what is too much goes on to the next member on the ring. Requests of several
     * threads at the same moment may pass it together; and a request that all who have room refuse goes where it is taken. No
     * bound by default.
     *
     * @param factor above 1, to 100; the lower, the more even the load, and the more requests go elsewhere than their key says
     */
    public Builder boundedLoad(double factor) {
      if (!(factor > 1 && factor <= 100)) {
        throw new IllegalArgumentException(
            "boundedLoad: " + factor + " (expected: above 1, to 100)");
      }
      this.bound = factor;
      return this;
    }

    /** The strategy. */
    public ConsistentHash build() {
      return new ConsistentHash(this);
    }
  }
}
