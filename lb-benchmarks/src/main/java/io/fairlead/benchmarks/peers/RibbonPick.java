package io.fairlead.benchmarks.peers;

import com.netflix.loadbalancer.BaseLoadBalancer;
import com.netflix.loadbalancer.RoundRobinRule;
import com.netflix.loadbalancer.Server;
import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Netflix Ribbon's round robin, on a load balancer that pings nobody. */
public final class RibbonPick implements Pick {

  private final BaseLoadBalancer balancer = new BaseLoadBalancer();
  private final RoundRobinRule rule = new RoundRobinRule(balancer);

  private RibbonPick(int members) {
    balancer.setServersList(IntStream.range(0, members)
        .mapToObj(i -> new Server(Backends.host(i), Backends.PORT))
        .toList());
  }

  /** One after the other. */
  public static Pick roundRobin(int members) {
    return new RibbonPick(members);
  }

  @Override
  public @Nullable Server pick(Request request) {
    return rule.choose(request.key());
  }

  @Override
  public void close() {
    balancer.shutdown();
  }
}
