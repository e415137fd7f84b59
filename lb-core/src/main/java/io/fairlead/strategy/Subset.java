package io.fairlead.strategy;

import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.BitSet;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Uses only some of the members, by another strategy, chosen so that all clients together use all of them alike. For pools of
 * hundreds and more, where a connection from every client to every server costs more than it brings.
 *
 * <pre>{@code
 * Strategy few = Subset.builder(Strategy.leastConnections()).size(20).client(podIndex, podCount).build();
 * }</pre>
 *
 * <p>A client that knows its number among all clients takes a run of members from a ring of them in an order of their hashes, at
 * a place that goes by its number: each member is then used by as many clients as any other, to within one, and when a member
 * comes or goes a client exchanges two at most. A client that does not know takes the members that score highest for an id of its
 * own: even on the average only, and when a member goes only those move that used it.
 *
 * <p>Panic, ejection and the last resort all go by the subset. A pool no larger than the subset is used as it is.
 *
 * <p>Immutable.
 *
 * @see <a href="https://doi.org/10.1145/3570937">Google, Reinventing Backend Subsetting</a>
 */
public final class Subset implements Strategy {

  final Strategy inner;
  private final int size;
  private final int client;
  private final int clients;

  private Subset(Builder builder) {
    this.inner = builder.inner;
    this.size = builder.size;
    this.client = builder.client;
    this.clients = builder.clients;
  }

  /**
   * A builder.
   *
   * @param inner picks from the subset
   */
  public static Builder builder(Strategy inner) {
    return new Builder(Objects.requireNonNull(inner, "inner"));
  }

  @Override
  public Selector start(Environment environment) {
    return new Some(inner.start(environment), environment.chance().nextLong());
  }

  /** As in {@code subset(20, leastConnections)} or {@code subset(20, client 3 of 100, leastConnections)}. */
  @Override
  public String toString() {
    return "subset(" + size + (clients == 0 ? "" : ", client " + client + " of " + clients) + ", "
        + inner + ")";
  }

  private final class Some implements Selector {
    private final Selector selector;
    private final long id; // of this client, if it has no number

    Some(Selector selector, long id) {
      this.selector = selector;
      this.id = id;
    }

    @Override
    public Members scope(Members all) {
      int[] usable = usable(all);
      if (usable.length <= size) {
        return selector.scope(all);
      }
      long[] ids = Hashed.ids(all);
      int[] chosen = clients > 0 ? run(usable, ids) : highest(usable, ids);
      BitSet subset = new BitSet();
      for (int i : chosen) {
        subset.set(i);
      }
      return selector.scope(all.where(subset::get));
    }

    /** Those that are meant to get requests. */
    private int[] usable(Members all) {
      int[] weights = Hashed.weights(all);
      return IntStream.range(0, weights.length).filter(i -> weights[i] > 0).toArray();
    }

    /** From client / clients of the way round, as many as wanted; more, if else nobody would use some of them. */
    private int[] run(int[] usable, long[] ids) {
      int[] ring = Hashed.sorted(usable, i -> ids[i]);
      int length = Math.max(size, (ring.length + clients - 1) / clients);
      int start = (int) ((long) client * ring.length / clients);
      return IntStream.range(0, Math.min(length, ring.length))
          .map(i -> ring[(start + i) % ring.length])
          .toArray();
    }

    private int[] highest(int[] usable, long[] ids) {
      int[] order = Hashed.sorted(usable, i -> Draws.next(id ^ ids[i]));
      return IntStream.of(order).limit(size).toArray();
    }

    @Override
    public Tracker track(Member member) {
      return selector.track(member);
    }

    @Override
    public void forget(Member member) {
      selector.forget(member);
    }

    @Override
    public Picker picker(Members scoped) {
      return selector.picker(scoped);
    }

    @Override
    public void close() {
      selector.close();
    }
  }

  /** Collects what a {@link Subset} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final Strategy inner;
    private int size = 20;
    private int client;
    private int clients; // 0: not known

    private Builder(Strategy inner) {
      this.inner = inner;
    }

    /**
     * How many members are used. The more, the more evenly each client's own load is spread and the less is lost with one of
     * them.
     *
     * @param members 1 or more; 20 by default
     */
    public Builder size(int members) {
      if (members < 1) {
        throw new IllegalArgumentException("size: " + members + " (expected: 1 or more)");
      }
      this.size = members;
      return this;
    }

    /**
     * This client's number among all that use the same pool, such as the ordinal of a pod. If all clients together, with a
     * subset of this size each, can't use all members, each uses more. Not known by default.
     *
     * @param index 0 to {@code count - 1}, each used by one client
     * @param count 1 or more, the same for all clients
     */
    public Builder client(int index, int count) {
      if (count < 1) {
        throw new IllegalArgumentException("client: count " + count + " (expected: 1 or more)");
      }
      if (index < 0 || index >= count) {
        throw new IllegalArgumentException(
            "client: index " + index + " (expected: 0 to " + (count - 1) + ")");
      }
      this.client = index;
      this.clients = count;
      return this;
    }

    /** The strategy. */
    public Subset build() {
      return new Subset(this);
    }
  }
}
