package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.pool.PoolMember;
import io.fairlead.request.Outcome;
import io.fairlead.retry.RetryBudget;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a balancer stands at one moment; its numbers are read one after the other while requests go on. Prints as one line for
 * the balancer and one for each server.
 *
 * @param name the balancer's name
 * @param closed whether it refuses new requests
 * @param panic whether so few members are available that statistical vetoes are disregarded
 * @param withoutKey how many picks were for an attempt without the key that the strategy goes by, and went by load instead; an
 *     attempt whose pick had to be repeated counts each time
 * @param limit of the calls in flight, or null if there is none
 * @param retryBudget what calls may still spend on retries
 * @param members first those in the pool, then those that drain
 */
public record LoadBalancerSnapshot(
    String name,
    boolean closed,
    boolean panic,
    long withoutKey,
    ConcurrencyLimit.@Nullable Snapshot limit,
    RetryBudget.Snapshot retryBudget,
    List<MemberSnapshot> members) {

  /** Copies the list. */
  public LoadBalancerSnapshot {
    members = List.copyOf(members);
  }

  /**
   * How one server stands.
   *
   * @param backend the server
   * @param available whether it may get new requests
   * @param draining whether it has left the pool
   * @param vetoes why it may get no new requests
   * @param weight its weight now
   * @param inFlight how many requests it has
   * @param outstanding how many of them have no outcome yet
   * @param circuit the state of the breaker that may eject it, or null if there is none
   * @param limit of what it may have in flight, or null if there is none
   * @param outcomes how many attempts ended how, since it joined; without those that are 0
   */
  public record MemberSnapshot(
      Backend backend,
      boolean available,
      boolean draining,
      List<Veto> vetoes,
      double weight,
      int inFlight,
      int outstanding,
      CircuitBreaker.@Nullable State circuit,
      ConcurrencyLimit.@Nullable Snapshot limit,
      Map<Outcome.Kind, Long> outcomes) {

    /** Copies the collections. */
    public MemberSnapshot {
      vetoes = List.copyOf(vetoes);
      outcomes = Map.copyOf(outcomes);
    }

    static MemberSnapshot of(PoolMember member) {
      Map<Outcome.Kind, Long> outcomes = new EnumMap<>(Outcome.Kind.class);
      for (Outcome.Kind kind : Outcome.Kind.values()) {
        long count = member.count(kind);
        if (count > 0) {
          outcomes.put(kind, count);
        }
      }
      ConcurrencyLimit limit = member.limit();
      // Outstanding before in flight, so that it is never the larger of the two.
      int outstanding = member.outstanding();
      return new MemberSnapshot(
          member.backend(),
          member.available(),
          member.draining(),
          member.vetoes(),
          member.weight(),
          Math.max(member.inFlight(), outstanding),
          outstanding,
          member.detector().state(),
          limit == null ? null : limit.snapshot(),
          outcomes);
    }

    /** As in {@code 10.0.0.1:8080: available, weight 1.0, in flight 3, outstanding 1, success 120, connect 2}. */
    @Override
    public String toString() {
      String state = draining
          ? "draining"
          : available
              ? "available"
              : "vetoed (" + vetoes.stream().map(Veto::toString).collect(Collectors.joining("; "))
                  + ")";
      StringBuilder text = new StringBuilder(backend + ": " + state);
      text.append(", weight ").append(weight);
      text.append(", in flight ").append(inFlight);
      text.append(", outstanding ").append(outstanding);
      if (limit != null) {
        text.append(", limit ").append(limit.limit());
      }
      if (circuit != null && circuit != CircuitBreaker.State.CLOSED) {
        text.append(", circuit ").append(words(circuit));
      }
      for (Outcome.Kind kind : Outcome.Kind.values()) {
        if (outcomes.containsKey(kind)) {
          text.append(", ").append(words(kind));
          text.append(' ').append(outcomes.get(kind));
        }
      }
      return text.toString();
    }

    private static String words(Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** The counts alone, as in {@code 3 backends: 2 available, 1 vetoed; 1 more draining}, and whether there is a panic. */
  public String summary() {
    long draining = members.stream().filter(MemberSnapshot::draining).count();
    long available = members.stream().filter(MemberSnapshot::available).count();
    long present = members.size() - draining;
    return present + (present == 1 ? " backend: " : " backends: ") + available + " available, "
        + (present - available) + " vetoed"
        + (draining == 0 ? "" : "; " + draining + " more draining") + (panic ? "; panic" : "")
        + (limit == null ? "" : "; " + limit.inFlight() + " of " + limit.limit() + " in flight")
        + (retryBudget.balance() > 0 ? "" : "; no retries left in the budget")
        + (withoutKey == 0 ? "" : "; " + withoutKey + " picks without a key");
  }

  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(name).append(closed ? " (closed), " : ", ").append(summary());
    for (MemberSnapshot member : members) {
      text.append("\n  ").append(member);
    }
    return text.toString();
  }
}
