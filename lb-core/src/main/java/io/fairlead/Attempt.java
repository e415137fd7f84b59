package io.fairlead;

import io.fairlead.backend.Backend;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One attempt of a {@linkplain LoadBalancer#call call}, as its body sees it. */
public interface Attempt {

  /** The server to send to. */
  Backend backend();

  /** Which attempt of the call it is; the first is 1. */
  int number();

  /**
   * How much is left of the call's {@linkplain io.fairlead.request.RequestContext#timeout timeout}, zero or more, or null if
   * it has none. The body should give up by then.
   */
  @Nullable
  Duration remaining();
}
