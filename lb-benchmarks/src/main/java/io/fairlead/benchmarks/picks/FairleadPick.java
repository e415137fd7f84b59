package io.fairlead.benchmarks.picks;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Strategy;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The picker of a Fairlead strategy, alone: without what a balancer does around it, but on a balancer's members. These have
 * had a few requests each and are idle now.
 */
public final class FairleadPick implements Pick {

  private static final String ZONE = "zone-0";
  private static final int REQUESTS_EACH = 4;

  private final LoadBalancer balancer;
  private final Picker picker;

  private FairleadPick(Strategy strategy, List<Backend> backends) {
    CapturingStrategy capturing = new CapturingStrategy(strategy);
    this.balancer = LoadBalancer.builder("benchmark")
        .strategy(capturing)
        .backends(backends)
        .zone(ZONE)
        .build();
    for (int i = 0; i < REQUESTS_EACH * backends.size(); i++) {
      try (Lease lease = balancer.acquire(Request.context(i % Request.REQUESTS))) {
        lease.record(Outcome.success());
      } catch (LoadBalancingException e) {
        throw new IllegalStateException(e); // all of them are there to be picked
      }
    }
    this.picker = Objects.requireNonNull(capturing.picker, "picker");
  }

  /** The strategy on these servers. */
  public static Pick of(Strategy strategy, List<Backend> backends) {
    return new FairleadPick(strategy, backends);
  }

  /**
   * As {@link #of}, and the key of each request is hashed first, as making its context does. It is then picked for with a
   * context that was made before, of the same hash: so this is the hash and the pick, and no object between them.
   */
  public static Pick withKey(Strategy strategy, List<Backend> backends) {
    Pick pick = of(strategy, backends);
    Hasher64 hasher = Hashing.xxh3_64();
    return new Pick() {
      @Override
      public @Nullable Object pick(Request request) {
        // Compared, which never fails, or the compiler would leave the hash out.
        return hasher.hashCharsToLong(request.key()) == request.context().keyHash()
            ? pick.pick(request)
            : null;
      }

      @Override
      public void close() {
        pick.close();
      }
    };
  }

  @Override
  public @Nullable Member pick(Request request) {
    return picker.pick(request);
  }

  @Override
  public void close() {
    balancer.close();
  }
}
