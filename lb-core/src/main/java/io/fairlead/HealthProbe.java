package io.fairlead;

import io.fairlead.backend.Member;
import java.time.Duration;

/**
 * A way of finding out whether a server is well: {@link #tcp()}, one of lb-okhttp's over HTTP, or one of your own.
 *
 * <pre>{@code
 * HealthProbe probe = (member, timeout) -> ping(member.backend().host(), timeout);
 * }</pre>
 *
 * <p>Thread-safe: several servers are checked at a time, each by one thread at a time.
 */
@FunctionalInterface
public interface HealthProbe {

  /**
   * Checks one server. May block. Returning means that it is well, and throwing, whatever it is, that it is not.
   *
   * @param member the server
   * @param timeout how long this may take. What takes longer has failed, whatever comes of it, and is interrupted after as much
   *     again
   */
  void check(Member member, Duration timeout) throws Exception;

  /**
   * Checks are about to begin. Called once, by {@link LoadBalancer#check}.
   *
   * @throws IllegalArgumentException if this can't check the servers of that balancer
   */
  default void begin(LoadBalancer balancer) {}

  /**
   * Connects to the backend's host and port, past any proxy, and closes the connection again. Of a host with several addresses
   * one has to answer.
   */
  static HealthProbe tcp() {
    return TcpProbe.INSTANCE;
  }
}
