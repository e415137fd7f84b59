package io.fairlead.benchmarks.peers;

import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import io.servicetalk.client.api.DefaultServiceDiscovererEvent;
import io.servicetalk.client.api.LoadBalancer;
import io.servicetalk.client.api.RequestConcurrencyController.Result;
import io.servicetalk.client.api.ServiceDiscovererEvent;
import io.servicetalk.client.api.ServiceDiscovererEvent.Status;
import io.servicetalk.concurrent.Cancellable;
import io.servicetalk.concurrent.SingleSource;
import io.servicetalk.concurrent.api.Publisher;
import io.servicetalk.concurrent.api.SourceAdapters;
import io.servicetalk.loadbalancer.LoadBalancers;
import io.servicetalk.loadbalancer.LoadBalancingPolicies;
import io.servicetalk.loadbalancer.LoadBalancingPolicy;
import io.servicetalk.loadbalancer.OutlierDetectorConfig;
import java.util.Collection;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * ServiceTalk's balancer with its choice of two by latency and requests, on a connection to each server that is open already,
 * and with its detection of outliers, which is what measures the latency. Its choice can't be had without the rest, so this is
 * all of an attempt: a connection is selected, and a request begun and ended.
 */
public final class ServiceTalkBalancer implements Pick {

  private final LoadBalancer<ServiceTalkConnection> balancer;

  private ServiceTalkBalancer(
      LoadBalancingPolicy<String, ServiceTalkConnection> policy, int members) {
    Collection<ServiceDiscovererEvent<String>> servers = IntStream.range(0, members)
        .<ServiceDiscovererEvent<String>>mapToObj(
            i -> new DefaultServiceDiscovererEvent<>(Backends.host(i), Status.AVAILABLE))
        .toList();
    this.balancer = LoadBalancers.<String, ServiceTalkConnection>builder("benchmark")
        .loadBalancingPolicy(policy)
        .minConnectionsPerHost(1)
        .outlierDetectorConfig(new OutlierDetectorConfig.Builder().build())
        .build()
        .newLoadBalancer(
            Publisher.from(servers).concat(Publisher.never()),
            new ServiceTalkConnections(),
            "benchmark");
  }

  /** The one of two with the better score. */
  public static Pick p2c(int members) {
    return new ServiceTalkBalancer(LoadBalancingPolicies.p2c().build(), members);
  }

  private static boolean accepts(ServiceTalkConnection connection) {
    return connection.tryRequest() == Result.Accepted;
  }

  @Override
  public Object pick(Request request) {
    Selected selected = new Selected();
    SourceAdapters.toSource(balancer.selectConnection(ServiceTalkBalancer::accepts, null))
        .subscribe(selected);
    ServiceTalkConnection connection =
        Objects.requireNonNull(selected.connection, "connection"); // there is one already
    connection.request();
    connection.requestFinished();
    return connection;
  }

  @Override
  public void close() {
    balancer.closeAsync().subscribe();
  }

  /** Takes a connection that is there at once. */
  private static final class Selected implements SingleSource.Subscriber<ServiceTalkConnection> {
    @Nullable
    ServiceTalkConnection connection;

    @Override
    public void onSubscribe(Cancellable cancellable) {}

    @Override
    public void onSuccess(@Nullable ServiceTalkConnection result) {
      connection = result;
    }

    @Override
    public void onError(Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }
}
