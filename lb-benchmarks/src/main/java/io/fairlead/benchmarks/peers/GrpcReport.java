package io.fairlead.benchmarks.peers;

import io.grpc.ClientStreamTracer;
import io.grpc.ClientStreamTracer.StreamInfo;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Metadata;
import io.grpc.xds.shaded.com.github.xds.data.orca.v3.OrcaLoadReport;
import java.util.Objects;

/** What a server tells gRPC of its load at the end of an answer, in the format of ORCA. */
final class GrpcReport {

  private static final Metadata.Key<byte[]> KEY =
      Metadata.Key.of("endpoint-load-metrics-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final Metadata trailers = new Metadata();

  private GrpcReport(OrcaLoadReport report) {
    trailers.put(KEY, report.toByteArray());
  }

  /** Of a server of this weight, which gRPC takes to be its requests per second over its utilization. */
  static GrpcReport ofWeight(int weight) {
    return new GrpcReport(OrcaLoadReport.newBuilder()
        .setRpsFractional(100.0 * weight)
        .setApplicationUtilization(0.5)
        .build());
  }

  /** Ends a call with this report. */
  void answer(PickResult picked) {
    ClientStreamTracer tracer = Objects.requireNonNull(picked.getStreamTracerFactory(), "tracer")
        .newClientStreamTracer(StreamInfo.newBuilder().build(), new Metadata());
    tracer.inboundTrailers(trailers);
  }
}
