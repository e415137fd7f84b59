package io.fairlead.benchmarks.picks;

import org.jspecify.annotations.Nullable;

/** One way of picking a server, with the servers that it picks from. Thread-safe. */
@FunctionalInterface
public interface Pick extends AutoCloseable {

  /** Picks for a request, and returns what was picked, whatever that is here. */
  @Nullable
  Object pick(Request request);

  @Override
  default void close() {}
}
