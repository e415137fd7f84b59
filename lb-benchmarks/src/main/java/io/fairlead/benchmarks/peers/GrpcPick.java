package io.fairlead.benchmarks.peers;

import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.xds.LeastRequestLoadBalancerProvider;
import io.grpc.xds.RingHashLoadBalancerProvider;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The pickers of gRPC's load balancing policies, on subchannels that are connected as soon as they are asked to. What a channel
 * knows of each call was made beforehand.
 */
public final class GrpcPick implements Pick {

  private static final double RING_SIZE = 4096; // its own default for the largest

  private final GrpcCall[] calls = new GrpcCall[Request.REQUESTS];
  private final GrpcChannel channel = new GrpcChannel();
  private final LoadBalancer balancer;

  private GrpcPick(LoadBalancerProvider provider, Map<String, ?> config, int members) {
    Arrays.setAll(calls, i -> new GrpcCall(Request.key(i)));
    this.balancer = provider.newLoadBalancer(channel);
    Object parsed = Objects.requireNonNull(
        provider.parseLoadBalancingPolicyConfig(config).getConfig(), "config");
    channel
        .getSynchronizationContext()
        .execute(() -> balancer.acceptResolvedAddresses(ResolvedAddresses.newBuilder()
            .setAddresses(IntStream.range(0, members)
                .mapToObj(i -> new EquivalentAddressGroup(
                    new InetSocketAddress(Backends.host(i), Backends.PORT)))
                .toList())
            .setLoadBalancingPolicyConfig(parsed)
            .build()));
    for (GrpcCall call : calls) { // a ring connects only those who are picked
      channel.picker().pickSubchannel(call);
    }
  }

  /** One after the other. */
  public static Pick roundRobin(int members) {
    LoadBalancerProvider provider =
        LoadBalancerRegistry.getDefaultRegistry().getProvider("round_robin");
    return new GrpcPick(Objects.requireNonNull(provider, "round_robin"), Map.of(), members);
  }

  /** The one of two with fewer requests. */
  public static Pick leastRequest(int members) {
    return new GrpcPick(
        new LeastRequestLoadBalancerProvider(), Map.of("choiceCount", 2.0), members);
  }

  /** By the hash of the request's key, which it takes from the request's headers and makes itself. */
  public static Pick ringHash(int members) {
    // It is read once, when the class of the policy is loaded.
    System.setProperty("GRPC_EXPERIMENTAL_RING_HASH_SET_REQUEST_HASH_KEY", "true");
    return new GrpcPick(
        new RingHashLoadBalancerProvider(),
        Map.of(
            "minRingSize", RING_SIZE,
            "maxRingSize", RING_SIZE,
            "requestHashHeader", GrpcCall.HEADER),
        members);
  }

  @Override
  public @Nullable Subchannel pick(Request request) {
    return channel.picker().pickSubchannel(calls[request.index()]).getSubchannel();
  }

  @Override
  public void close() {
    channel.getSynchronizationContext().execute(balancer::shutdown);
  }
}
