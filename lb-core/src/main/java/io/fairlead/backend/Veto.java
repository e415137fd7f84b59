package io.fairlead.backend;

import java.util.Objects;

/**
 * One policy's reason why a {@link Member} gets no new requests for now.
 *
 * @param kind whether a panic may override it
 * @param policy whose veto it is
 * @param reason why, for people
 * @param untilNanos when it ends of itself, on the balancer's clock; {@link #UNTIL_LIFTED} if it does not
 */
public record Veto(Kind kind, String policy, String reason, long untilNanos) {

  /** For {@link #untilNanos}: does not end of itself. */
  public static final long UNTIL_LIFTED = Long.MAX_VALUE;

  /** How strong a veto is. */
  public enum Kind {
    /**
     * A judgement from observed results, which may be wrong. If too few members are left, that is taken for likely, and all
     * such vetoes are disregarded: not the kind for an operator's switch.
     */
    STATISTICAL,
    /** A fact: cannot be connected to, or asked to be left alone. Always holds. */
    HARD
  }

  /** Checks its parts for null. */
  public Veto {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(policy, "policy");
    Objects.requireNonNull(reason, "reason");
  }

  /** As in {@code breaker: 5 failures in a row}. */
  @Override
  public String toString() {
    return policy + ": " + reason;
  }
}
