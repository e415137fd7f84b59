package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import java.net.ConnectException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whatever was attempted failed. {@link #getCause} is the last attempt's exception, if it threw one; those of earlier ones are
 * {@linkplain #getSuppressed suppressed}.
 */
public final class AttemptsFailedException extends LoadBalancingException {

  private static final long serialVersionUID = 1L;

  /**
   * One of the attempts.
   *
   * @param backend where it went
   * @param outcome what became of it
   * @param failure what it threw; null if the server answered, and the answer was not good enough
   */
  public record FailedAttempt(
      Backend backend, Outcome outcome, @Nullable Throwable failure) {

    /** As in {@code 10.0.0.1:8080: connect (java.net.ConnectException: Connection refused)}. */
    @Override
    public String toString() {
      if (failure == null) {
        return backend + ": " + outcome;
      }
      // A failure to connect is often wrapped in one that names the address by what stands in a
      // URL.
      Throwable cause = failure.getCause();
      Throwable telling = failure instanceof ConnectException && cause != null ? cause : failure;
      return backend + ": " + outcome + " (" + telling + ")";
    }
  }

  private final transient List<FailedAttempt> attempts;

  /**
   * An exception for a call that was driven by a transport of one's own.
   *
   * @param balancer the balancer
   * @param attempts all that were made, in their order, at least one
   */
  public AttemptsFailedException(LoadBalancer balancer, List<FailedAttempt> attempts) {
    super(balancer.name(), message(attempts) + "; " + balancer.snapshot().summary());
    this.attempts = List.copyOf(attempts);
    initCause(attempts.get(attempts.size() - 1).failure());
    for (FailedAttempt earlier : attempts.subList(0, attempts.size() - 1)) {
      if (earlier.failure() != null) {
        addSuppressed(earlier.failure());
      }
    }
  }

  private static String message(List<FailedAttempt> attempts) {
    if (attempts.isEmpty()) {
      throw new IllegalArgumentException("attempts: none (expected: at least one)");
    }
    String count = attempts.size() == 1
        ? "the only attempt failed: "
        : "all " + attempts.size() + " attempts failed: ";
    return count + attempts.stream().map(FailedAttempt::toString).collect(Collectors.joining("; "));
  }

  /** What was attempted, in its order. Empty after deserialization. */
  public List<FailedAttempt> attempts() {
    return attempts == null ? List.of() : attempts;
  }
}
