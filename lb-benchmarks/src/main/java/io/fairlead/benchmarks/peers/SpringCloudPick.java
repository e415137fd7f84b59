package io.fairlead.benchmarks.peers;

import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.RoundRobinLoadBalancer;
import org.springframework.cloud.loadbalancer.support.ServiceInstanceListSuppliers;

/** Spring Cloud LoadBalancer's round robin, on a list that does not change, and waited for as its blocking client does. */
public final class SpringCloudPick implements Pick {

  private static final String SERVICE = "benchmark";

  private final DefaultRequest<Object> any = new DefaultRequest<>();
  private final RoundRobinLoadBalancer balancer;

  private SpringCloudPick(int members) {
    this.balancer = new RoundRobinLoadBalancer(
        ServiceInstanceListSuppliers.toProvider(
            SERVICE,
            IntStream.range(0, members)
                .mapToObj(SpringCloudPick::instance)
                .toArray(ServiceInstance[]::new)),
        SERVICE,
        0);
  }

  /** One after the other. */
  public static Pick roundRobin(int members) {
    return new SpringCloudPick(members);
  }

  private static ServiceInstance instance(int i) {
    return new DefaultServiceInstance(SERVICE + i, SERVICE, Backends.host(i), Backends.PORT, false);
  }

  @Override
  public @Nullable ServiceInstance pick(Request request) {
    Response<ServiceInstance> response = balancer.choose(any).block();
    return Objects.requireNonNull(response).getServer();
  }
}
