package io.fairlead.benchmarks.peers;

import io.grpc.Attributes;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelStateListener;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A connection of gRPC that is there as soon as it is asked for. */
final class GrpcSubchannel extends Subchannel {

  private final List<EquivalentAddressGroup> addresses;
  private @Nullable SubchannelStateListener listener;

  GrpcSubchannel(List<EquivalentAddressGroup> addresses) {
    this.addresses = addresses;
  }

  @Override
  public void start(SubchannelStateListener listener) {
    this.listener = listener;
  }

  @Override
  public void requestConnection() {
    if (listener != null) {
      listener.onSubchannelState(ConnectivityStateInfo.forNonError(ConnectivityState.READY));
    }
  }

  @Override
  public List<EquivalentAddressGroup> getAllAddresses() {
    return addresses;
  }

  @Override
  public Attributes getAttributes() {
    return Attributes.EMPTY;
  }

  @Override
  public void shutdown() {}
}
