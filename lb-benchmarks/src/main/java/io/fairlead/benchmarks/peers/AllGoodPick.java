package io.fairlead.benchmarks.peers;

import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.util.stream.IntStream;
import org.ishugaliy.allgood.consistent.hash.ConsistentHash;
import org.ishugaliy.allgood.consistent.hash.HashRing;
import org.ishugaliy.allgood.consistent.hash.hasher.DefaultHasher;
import org.ishugaliy.allgood.consistent.hash.node.SimpleNode;
import org.jspecify.annotations.Nullable;

/** AllGood Consistent Hash: a ring of hashes in a sorted map. */
public final class AllGoodPick implements Pick {

  /** Places of each member on the ring: 1000 by default, which takes gigabytes with ten thousand members. */
  private static final int PLACES = 100;

  private final ConsistentHash<SimpleNode> ring;

  private AllGoodPick(int members) {
    this.ring = HashRing.<SimpleNode>newBuilder()
        .hasher(DefaultHasher.XX_HASH)
        .partitionRate(PLACES)
        .nodes(IntStream.range(0, members)
            .mapToObj(i -> SimpleNode.of(Backends.host(i)))
            .toList())
        .build();
  }

  /** By the hash of the key, which it makes itself, with its fastest function: XXH64. */
  public static Pick ring(int members) {
    return new AllGoodPick(members);
  }

  @Override
  public @Nullable SimpleNode pick(Request request) {
    return ring.locate(request.key()).orElse(null);
  }
}
