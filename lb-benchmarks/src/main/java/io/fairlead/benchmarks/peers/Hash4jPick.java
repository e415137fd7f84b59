package io.fairlead.benchmarks.peers;

import com.dynatrace.hash4j.consistent.ConsistentBucketHasher;
import com.dynatrace.hash4j.consistent.ConsistentHashing;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import com.dynatrace.hash4j.random.PseudoRandomGeneratorProvider;
import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.util.function.Function;

/**
 * hash4j's consistent hashes of a key to the index of a server. They know a number of servers only, so that none but the last
 * can leave.
 */
public final class Hash4jPick implements Pick {

  private final Hasher64 hasher = Hashing.xxh3_64();
  private final Object[] servers;

  // A bucket hasher has a state.
  private final ThreadLocal<ConsistentBucketHasher> buckets;

  private Hash4jPick(
      Function<PseudoRandomGeneratorProvider, ConsistentBucketHasher> algorithm, int members) {
    this.servers = Backends.alike(members).toArray();
    this.buckets = ThreadLocal.withInitial(
        () -> algorithm.apply(PseudoRandomGeneratorProvider.splitMix64_V1()));
  }

  /** JumpHash. */
  public static Pick jumpHash(int members) {
    return new Hash4jPick(ConsistentHashing::jumpHash, members);
  }

  /** JumpBackHash. */
  public static Pick jumpBackHash(int members) {
    return new Hash4jPick(ConsistentHashing::jumpBackHash, members);
  }

  @Override
  public Object pick(Request request) {
    return servers[buckets.get().getBucket(hasher.hashCharsToLong(request.key()), servers.length)];
  }
}
