package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A ring of hashes, on which each member has points in proportion to its weight, and a key the point that comes next. */
final class RingTable implements Hashed.Table {

  /** How many points there are at most; with more, each member gets half of its own, until they fit. 38 MB. */
  static final int MAX_POINTS = 1 << 22;

  /** How far it is walked, past members who are not accepted, before it is looked for otherwise. */
  private static final int WALK = 64;

  /** What a product may be too large by, which rounding up would make one of. */
  private static final double ROUNDING = 1e-9;

  private static final int OWNER_BITS = 24;
  private static final long OWNER = (1L << OWNER_BITS) - 1;

  // The points are sorted numbers in one array: 40 bits of hash above the index of the member whose
  // point it is. An index by the topmost bits says where to begin, three points or so before the
  // right one, so that a look-up reads two places in memory, however large the ring is. A member's
  // points depend on its id, and how many there are on its weight; so nobody else's change when it
  // does, and the order in which members are given makes no difference. O(1) a look-up, O(points)
  // to make: hashes are uniform, which makes sorting them a matter of putting each into its bucket.
  //
  // A key whose owner is not accepted goes to the next point of another member. Each member's
  // points have many neighbours, so that its keys are spread over all others; and they are just
  // those to whom they will go if it leaves, so that they move once.
  private final Members members;
  private final long[] ids;
  private final long[] points;
  private final int[] starts;
  private final int shift;
  private final Derived<Shares> shares;
  private final double bound;
  private final LongAdder inFlight;
  private final RendezvousTable lastResort;

  /**
   * A ring.
   *
   * @param virtualNodes how many points a member has for each unit of its weight
   * @param bound how many times the mean load a member may have; infinite for no bound
   * @param inFlight how many requests all members have
   */
  RingTable(Members members, int virtualNodes, double bound, LongAdder inFlight) {
    this.members = members;
    this.bound = bound;
    this.inFlight = inFlight;
    this.ids = Hashed.ids(members);
    this.shares = Shares.of(members);
    this.lastResort = new RendezvousTable(members, ids);
    if (members.size() > OWNER) {
      throw new IllegalArgumentException(
          "members: " + members.size() + " (expected: at most " + OWNER + ")");
    }
    int[] counts = counts(members, virtualNodes);
    int total = 0;
    for (int count : counts) {
      total += count;
    }
    // 4 to 8 points a bucket: they fill a cache line or two, and an index of one or two points each
    // would be as large as the ring, so that a look-up misses the caches twice.
    int bits = Math.max(1, 29 - Integer.numberOfLeadingZeros(Math.max(1, total)));
    this.shift = 64 - bits;
    this.starts = new int[(1 << bits) + 1];
    this.points = new long[total];
    fill(counts);
    sort();
  }

  private static int[] counts(Members members, int virtualNodes) {
    int[] weights = Hashed.weights(members);
    long total = 0;
    for (int weight : weights) {
      total += (long) weight * virtualNodes;
    }
    int halvings = 0;
    while (total >> halvings > MAX_POINTS) {
      halvings++;
    }
    int[] counts = new int[weights.length];
    for (int i = 0; i < counts.length; i++) {
      long count = (long) weights[i] * virtualNodes;
      counts[i] = count == 0 ? 0 : (int) Math.max(1, count >> halvings);
    }
    return counts;
  }

  private void fill(int[] counts) {
    for (int i = 0; i < counts.length; i++) {
      for (int k = 0; k < counts[i]; k++) {
        starts[(int) (hash(i, k) >>> shift) + 1]++;
      }
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] += starts[i - 1];
    }
    int[] next = starts.clone();
    for (int i = 0; i < counts.length; i++) {
      for (int k = 0; k < counts[i]; k++) {
        long hash = hash(i, k);
        points[next[(int) (hash >>> shift)]++] = (hash & ~OWNER) | i;
      }
    }
  }

  private long hash(int member, int k) {
    return Draws.next(ids[member] + k * 0x9e3779b97f4a7c15L);
  }

  /** Each bucket by insertion, since it has six or so. */
  private void sort() {
    for (int bucket = 0; bucket < starts.length - 1; bucket++) {
      for (int i = starts[bucket] + 1; i < starts[bucket + 1]; i++) {
        long point = points[i];
        int k = i;
        while (k > starts[bucket] && before(point, points[k - 1])) {
          points[k] = points[k - 1];
          k--;
        }
        points[k] = point;
      }
    }
  }

  /** Of points at the same place, which there hardly are, the order must not be that of the members. */
  private boolean before(long a, long b) {
    int order = Long.compareUnsigned(a & ~OWNER, b & ~OWNER);
    return order != 0 ? order < 0 : ids[(int) (a & OWNER)] < ids[(int) (b & OWNER)];
  }

  @Override
  public @Nullable Member find(long hash, Choice choice) {
    if (points.length == 0) {
      return null;
    }
    Shares shares = this.shares.get();
    double limit = limit();
    int at = first(hash);
    int before = -1;
    for (int steps = Math.min(WALK, points.length); steps > 0; steps--) {
      int owner = (int) (points[at] & OWNER);
      if (owner != before
          && takes(owner, hash, shares, limit)
          && choice.accepts(members.get(owner))) {
        return members.get(owner);
      }
      before = owner;
      at = at + 1 == points.length ? 0 : at + 1;
    }
    if (bound != Double.POSITIVE_INFINITY) {
      // With a low bound and many members, more neighbours than these may have what they may have;
      // somebody always has not.
      Member roomy = lastResort.find(hash, choice, member -> hasRoom(member, shares, limit));
      if (roomy != null) {
        return roomy;
      }
    }
    return lastResort.find(hash, choice);
  }

  /** The first point at the hash or after it; the first of all if there is none. */
  private int first(long hash) {
    int at = starts[(int) (hash >>> shift)];
    while (at < points.length && Long.compareUnsigned(points[at] | OWNER, hash) < 0) {
      at++;
    }
    return at == points.length ? 0 : at;
  }

  private boolean takes(int member, long hash, Shares shares, double limit) {
    return shares.takes(member, hash ^ ids[member]) && hasRoom(member, shares, limit);
  }

  /**
   * How much all members together may have, if each has what the bound allows it; the request to come is counted.
   *
   * @see <a href="https://arxiv.org/abs/1608.01350">Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing with Bounded
   *     Loads</a>
   */
  private double limit() {
    return bound == Double.POSITIVE_INFINITY ? bound : bound * (inFlight.sum() + 1);
  }

  /** Whether it has less than its part of the limit; each may have one, so one that is not live too, if it is asked for. */
  private boolean hasRoom(int member, Shares shares, double limit) {
    return limit == Double.POSITIVE_INFINITY
        || members.get(member).inFlight()
            < Math.max(1, Math.ceil(limit * shares.part(member) - ROUNDING));
  }
}
