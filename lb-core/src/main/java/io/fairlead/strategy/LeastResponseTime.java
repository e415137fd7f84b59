package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.time.NanoClock;
import java.time.Duration;
import java.util.Map;
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
 *   <li><b>fading</b> of all that is known while nothing is heard: a server that was slow or failed once is tried again.
 * </ul>
 *
 * <p>Immutable.
 *
 * @see <a href="https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded">Finagle, whose
 *     peak EWMA this goes back to</a>
 * @see <a href="https://doi.org/10.1109/71.963420">Mitzenmacher, The Power of Two Choices in Randomized Load Balancing</a>
 */
public final class LeastResponseTime implements Strategy {

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
      int first = byWeight == null ? Draws.index(random, live.size()) : byWeight.draw(random);
      Member a = live.member(first);
      if (live.size() == 1) {
        return a;
      }
      int second = byWeight == null
          ? Draws.other(random, live.size(), first)
          : byWeight.other(random, first);
      Member b = live.member(second);
      boolean other = lessLoaded(live, second, b, first, a, choice.now());
      Member best = other ? b : a;
      if (choice.accepts(best)) {
        return best;
      }
      return other ? a : b;
    }

    private boolean lessLoaded(Live live, int i, Member a, int k, Member b, long now) {
      Latency ofA = latencies[live.index(i)];
      Latency ofB = latencies[live.index(k)];
      double queueA = queue(live, i, a);
      double queueB = queue(live, k, b);
      double costA = ofA.cost();
      double costB = ofB.cost();
      if (costA == 0 || costB == 0) {
        return unknownFirst(costA, queueA, costB, queueB);
      }
      double fadedA = ofA.faded(now);
      double fadedB = ofB.faded(now);
      double timeA = Math.max(costA / fadedA, age(a, now));
      double timeB = Math.max(costB / fadedB, age(b, now));
      double failed = failurePenalty * Math.max(timeA, timeB);
      timeA += failed * ofA.failures() / fadedA;
      timeB += failed * ofB.failures() / fadedB;
      return timeA * queueA < timeB * queueB;
    }

    /** The requests that it would have, this one included; more of them for one that has less weight than the average. */
    private double queue(Live live, int i, Member member) {
      int inFlight = member.inFlight();
      return live.uniform()
          ? inFlight + 1
          : inFlight * live.total() / (live.size() * live.weight(i)) + 1;
    }

    /** How long it has not answered although it should, or 0. */
    private double age(Member member, long now) {
      return member.outstanding() == 0 ? 0 : now - member.silentSince();
    }

    /** Who is unknown and idle comes first, who is unknown and busy last. */
    private boolean unknownFirst(double costA, double queueA, double costB, double queueB) {
      boolean probesA = costA == 0 && queueA == 1;
      boolean probesB = costB == 0 && queueB == 1;
      if (probesA || probesB) {
        return !probesB;
      }
      boolean both = costA == 0 && costB == 0;
      return both ? queueA < queueB : costB == 0;
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
