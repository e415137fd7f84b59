package io.fairlead.benchmarks.peers;

import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.Helper;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.ManagedChannel;
import io.grpc.SynchronizationContext;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** As much of a gRPC channel as a load balancing policy needs, with no network below. */
final class GrpcChannel extends Helper {

  private final SynchronizationContext synchronization =
      new SynchronizationContext((thread, failure) -> {
        throw new IllegalStateException(failure);
      });

  private volatile @Nullable SubchannelPicker picker;

  /** The picker that the policy gave last, which a channel too reads from a volatile field. */
  SubchannelPicker picker() {
    return Objects.requireNonNull(picker, "picker");
  }

  @Override
  public void updateBalancingState(ConnectivityState state, SubchannelPicker picker) {
    this.picker = picker;
  }

  @Override
  public Subchannel createSubchannel(CreateSubchannelArgs args) {
    return new GrpcSubchannel(args.getAddresses());
  }

  @Override
  public SynchronizationContext getSynchronizationContext() {
    return synchronization;
  }

  @Override
  public String getAuthority() {
    return "benchmark";
  }

  @Override
  public ChannelLogger getChannelLogger() {
    return Silent.INSTANCE;
  }

  @Override
  public ManagedChannel createOobChannel(EquivalentAddressGroup addresses, String authority) {
    throw new UnsupportedOperationException("no policy here needs one");
  }

  /** Logs nothing. */
  private static final class Silent extends ChannelLogger {
    static final Silent INSTANCE = new Silent();

    @Override
    public void log(ChannelLogLevel level, String message) {}

    @Override
    public void log(ChannelLogLevel level, String format, Object... args) {}
  }
}
