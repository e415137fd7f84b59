package io.fairlead.benchmarks.peers;

import io.grpc.CallOptions;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

/** What a picker of gRPC is told of a call: here a header with the request's key. */
final class GrpcCall extends PickSubchannelArgs {

  static final String HEADER = "session";

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of(HEADER, Metadata.ASCII_STRING_MARSHALLER);

  private final Metadata headers = new Metadata();

  GrpcCall(String key) {
    headers.put(KEY, key);
  }

  @Override
  public CallOptions getCallOptions() {
    return CallOptions.DEFAULT;
  }

  @Override
  public Metadata getHeaders() {
    return headers;
  }

  @Override
  public MethodDescriptor<?, ?> getMethodDescriptor() {
    throw new UnsupportedOperationException("no method is called");
  }
}
