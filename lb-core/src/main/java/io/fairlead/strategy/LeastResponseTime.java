package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.time.NanoClock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The lower expected response time of two members drawn by weight: what a member's answers have taken of late, times the requests
 * that it has, with what failures and silence tell of it. For servers that are not all alike, or not all well; it finds out by
 * itself who is slow, failing or hanging.
 *
 * <p>Of two members drawn, the one with the lower load gets the request. Each term of it is there for a reason:
 *
 * <ul>
 *   <li><b>average response time</b>, rising with each slower answer and coming down with time (after "peak EWMA"): a server
 *       that becomes slow loses its share within a few answers, and gets it back little by little;
 *   <li><b>times requests in flight + 1</b>: what is on the way already will make the next one wait, and has not been measured
 *       yet;
 *   <li><b>age of what is outstanding</b>, if that is more than the average: a server that does not answer at all has no slow
 *       answers, and is noticed all the same, long before any time-out;
 *   <li><b>failures</b>, and refusals as by a 503 or a 429, as if each such request took so many times longer than the slower
 *       of the two: a server that fails fast would otherwise be the fastest of all;
 *   <li><b>one request at a time</b> to a member of which nothing is known, which it gets ahead of others. Its first answer is
 *       not counted, since it has waited for a connection and for cold code;
 *   <li><b>fading</b> of all that is known while nothing is heard: a server that was slow or failed once is tried again;
 *   <li><b>a lead</b> for the member drawn first, if the two are of unequal weight: with little in flight weights would tell
 *       nothing otherwise.
 * </ul>
 *
 * <p>Immutable.
 *
 * @see <a href="https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded">Finagle, whose
 *     peak EWMA this goes back to</a>
 * @see <a href="https://doi.org/10.1109/71.963420">Mitzenmacher, The Power of Two Choices in Randomized Load Balancing</a>
 */
public final class LeastResponseTime implements Strategy {

  /**
   * Two drawn, and of unequal weights: how many times better the other must be to be taken for the one drawn first, at least.
   * Measured times are hardly ever level; without this, noise alone would give each of two idle members half of all requests,
   * whatever their weights. A lighter one must be so many times better as it is lighter.
   */
  private static final double CLEARLY = 2;

  private final long decayNanos;
  private final double failurePenalty;

  private LeastResponseTime(Builder builder) {
    this.decayNanos = builder.decay.toNanos();
    this.failurePenalty = builder.failurePenalty;
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Selector start(Environment environment) {
    return new ByLatency(environment.clock());
  }

  /** As in {@code leastResponseTime(decay PT10S, failurePenalty 10.0)}. */
  @Override
  public String toString() {
    return "leastResponseTime(decay " + Duration.ofNanos(decayNanos) + ", failurePenalty "
        + failurePenalty + ")";
  }

  private final class ByLatency implements Selector {
    private final NanoClock clock;
    private final Map<Member, Latency> latencies = new ConcurrentHashMap<>();

    ByLatency(NanoClock clock) {
      this.clock = clock;
    }

    @Override
    public Tracker track(Member member) {
      return latencies.computeIfAbsent(member, fresh -> new Latency(decayNanos, clock.nanos()));
    }

    @Override
    public void forget(Member member) {
      latencies.remove(member);
    }

    @Override
    public Picker picker(Members members) {
      Latency[] known = new Latency[members.size()];
      for (int i = 0; i < known.length; i++) {
        known[i] = tracked(members.get(i));
      }
      return new OfTwo(members, known);
    }

    private Latency tracked(Member member) {
      Latency latency = latencies.get(member);
      if (latency == null) {
        throw new IllegalStateException(member
            + " is not tracked (expected: a strategy around this one hands on track and forget)");
      }
      return latency;
    }
  }

  private final class OfTwo implements Picker {
    private final Members members;
    private final Latency[] latencies; // by the members' indices
    private final Derived<Sampler> sampler;

    OfTwo(Members members, Latency[] latencies) {
      this.members = members;
      this.latencies = latencies;
      this.sampler = Sampler.of(members);
    }

    @Override
    public @Nullable Member pick(Choice choice) {
      Live live = members.live();
      Sampler byWeight = live.uniform() ? null : sampler.get();
      if (byWeight != null) {
        live = byWeight.live();
      }
      if (live.size() == 0) {
        return null;
      }
      long random = choice.random();
      int i = byWeight == null ? Draws.index(random, live.size()) : byWeight.draw(random);
      Member first = live.member(i);
      if (live.size() == 1) {
        return first;
      }
      int k = byWeight == null ? Draws.other(random, live.size(), i) : byWeight.other(random, i);
      Member second = live.member(k);
      boolean other = secondIsBetter(live, i, first, k, second, choice.now());
      Member best = other ? second : first;
      if (choice.accepts(best)) {
        return best;
      }
      return other ? first : second;
    }

    private boolean secondIsBetter(Live live, int i, Member first, int k, Member second, long now) {
      Latency latency1 = latencies[live.index(i)];
      Latency latency2 = latencies[live.index(k)];
      double queue1 = first.inFlight();
      double queue2 = second.inFlight();
      double cost1 = latency1.cost();
      double cost2 = latency2.cost();
      if (cost1 == 0 || cost2 == 0) {
        return secondComesFirst(latency1, queue1, latency2, queue2, now);
      }
      double lead = 1;
      if (!live.uniform()) {
        double weight1 = live.weight(i);
        double weight2 = live.weight(k);
        double mean = live.total() / live.size();
        queue1 *= mean / weight1;
        queue2 *= mean / weight2;
        lead = weight1 == weight2 ? 1 : Math.max(CLEARLY, weight1 / weight2);
      }
      double faded1 = latency1.faded(now);
      double faded2 = latency2.faded(now);
      double time1 = Math.max(cost1 / faded1, age(first, now));
      double time2 = Math.max(cost2 / faded2, age(second, now));
      double failed = failurePenalty * Math.max(time1, time2);
      time1 += failed * latency1.failures() / faded1;
      time2 += failed * latency2.failures() / faded2;
      return time2 * (queue2 + lead) < time1 * (queue1 + 1);
    }

    /** How long it has not answered although it should, or 0. */
    private double age(Member member, long now) {
      return member.outstanding() == 0 ? 0 : now - member.silentSince();
    }

    /** Who is to be probed and idle comes first, who is unknown otherwise last. */
    private boolean secondComesFirst(
        Latency latency1, double queue1, Latency latency2, double queue2, long now) {
      boolean probe1 = queue1 == 0 && latency1.toBeProbed(now);
      boolean probe2 = queue2 == 0 && latency2.toBeProbed(now);
      if (probe1 || probe2) {
        return !probe1;
      }
      boolean both = latency1.cost() == 0 && latency2.cost() == 0;
      return both ? queue2 < queue1 : latency1.cost() == 0;
    }
  }

  /** Collects what a {@link LeastResponseTime} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private Duration decay = Duration.ofSeconds(10);
    private double failurePenalty = 10;

    private Builder() {}

    /**
     * In what time the weight of an old answer falls to a third. The shorter, the sooner a server that was slow gets its share
     * back, and the more the averages jump about.
     *
     * @param time 1 ms to 1 hour; 10 s by default
     */
    public Builder decay(Duration time) {
      Objects.requireNonNull(time, "decay");
      if (time.compareTo(Duration.ofMillis(1)) < 0 || time.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("decay: " + time + " (expected: 1 ms to 1 h)");
      }
      this.decay = time;
      return this;
    }

    /**
     * How many times longer than the slower of two members a failed request is taken to have lasted; one that was refused, as by
     * a 503 or a 429, too.
     *
     * @param times 0 to 1,000; 10 by default
     */
    public Builder failurePenalty(double times) {
      if (!(times >= 0 && times <= 1_000)) {
        throw new IllegalArgumentException("failurePenalty: " + times + " (expected: 0 to 1000)");
      }
      this.failurePenalty = times;
      return this;
    }

    /** The strategy. */
    public LeastResponseTime build() {
      return new LeastResponseTime(this);
    }
  }
}
