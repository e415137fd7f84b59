package io.fairlead.strategy;

import java.util.Objects;

/**
 * A table of slots that are shared out by hash: requests with equal keys go to the same member, shares are all but exact, and
 * a look-up is one read. When members come or go, a few keys of those that stay move too: 0.3 % of all when one of
 * ten leaves, 1.3 % when one of a thousand does.
 *
 * <p>What is said of owners that are not available, of ramping up and of requests without a key at {@link ConsistentHash} holds
 * here too.
 *
 * <p>Immutable.
 *
 * @see <a href="https://www.usenix.org/conference/nsdi16/technical-sessions/presentation/eisenbud">Eisenbud et al., Maglev: A
 *     Fast and Reliable Software Network Load Balancer</a>
 */
public final class Maglev implements Strategy {

  /** Prime numbers, each the next one after a power of two, so that the size changes rarely as members come. */
  private static final int[] SIZES = {
    65_537, 131_101, 262_147, 524_309, 1_048_583, 2_097_169, 4_194_319, 8_388_617
  };

  private static final int SLOTS_PER_MEMBER = 100;

  private final HashKey key;
  private final int tableSize;

  private Maglev(Builder builder) {
    this.key = builder.key;
    this.tableSize = builder.tableSize;
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Selector start(Environment environment) {
    return new Hashed(
        environment, key, members -> new MaglevTable(members, sizeFor(members.size())));
  }

  private int sizeFor(int members) {
    if (members > MaglevTable.MAX_MEMBERS) {
      throw new IllegalArgumentException(
          "members: " + members + " (expected: at most " + MaglevTable.MAX_MEMBERS + ")");
    }
    if (tableSize > 0) {
      if (members > tableSize) {
        throw new IllegalArgumentException("tableSize: " + tableSize + " (expected: at least "
            + members + ", the number of members)");
      }
      return tableSize;
    }
    for (int size : SIZES) {
      if (size >= (long) members * SLOTS_PER_MEMBER) {
        return size;
      }
    }
    throw new AssertionError("the largest table has room for all members that there may be");
  }

  /** As in {@code maglev(KEY)}. */
  @Override
  public String toString() {
    return "maglev(" + key + (tableSize == 0 ? ")" : ", tableSize " + tableSize + ")");
  }

  /** Collects what a {@link Maglev} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private HashKey key = HashKey.KEY;
    private int tableSize;

    private Builder() {}

    /** What of a request is hashed. {@link HashKey#KEY} by default. */
    public Builder key(HashKey key) {
      this.key = Objects.requireNonNull(key, "key");
      return this;
    }

    /**
     * How many slots the table has, at 2 bytes each. By default 65,537, or so often doubled that there are 100 slots for each
     * member; when the size changes most keys move, so fix it here if a pool is to grow past 655 members.
     *
     * @param slots a prime number, 3 to 8,388,617, not less than there will ever be members; of whom there are at most 65,535
     */
    public Builder tableSize(int slots) {
      if (slots < 3 || slots > SIZES[SIZES.length - 1] || !isPrime(slots)) {
        throw new IllegalArgumentException("tableSize: " + slots
            + " (expected: a prime number, 3 to " + SIZES[SIZES.length - 1] + ")");
      }
      this.tableSize = slots;
      return this;
    }

    private static boolean isPrime(int number) {
      for (int divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) {
          return false;
        }
      }
      return true;
    }

    /** The strategy. */
    public Maglev build() {
      return new Maglev(this);
    }
  }
}
