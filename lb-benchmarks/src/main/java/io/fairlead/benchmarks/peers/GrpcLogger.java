package io.fairlead.benchmarks.peers;

import io.grpc.ChannelLogger;

/** Logs nothing, for gRPC. */
final class GrpcLogger extends ChannelLogger {

  static final GrpcLogger SILENT = new GrpcLogger();

  private GrpcLogger() {}

  @Override
  public void log(ChannelLogLevel level, String message) {}

  @Override
  public void log(ChannelLogLevel level, String format, Object... args) {}
}
