package io.fairlead.strategy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Sends all requests of a session to one member: the one that another strategy picked for the first of them. For servers that
 * keep something of a session to themselves.
 *
 * <pre>{@code
 * Strategy sticky = StickySessions.builder(Strategy.leastConnections()).maxSessions(1_000_000).build();
 * }</pre>
 *
 * <p>A session whose member is no longer available, or has a weight of 0, moves to another, stays there, and is
 * {@linkplain io.fairlead.LoadBalancerListener#sessionMoved told of}. It does not move because an attempt failed there, was
 * refused or was sent elsewhere beside it: such an attempt goes elsewhere, and the next request comes back. Requests without a
 * session are the other strategy's.
 *
 * <p>This balancer alone remembers its sessions: other processes, or this one after a restart, don't know of them. If all must
 * agree, take {@link ConsistentHash} over the session's id.
 *
 * <p>Immutable.
 */
public final class StickySessions implements Strategy {

  private final Strategy inner;
  private final long maxSessions;
  private final Duration idleTime;

  private StickySessions(Builder builder) {
    this.inner = builder.inner;
    this.maxSessions = builder.maxSessions;
    this.idleTime = builder.idleTime;
  }

  /**
   * A builder.
   *
   * @param inner picks for a session's first request, and whenever it has to move
   */
  public static Builder builder(Strategy inner) {
    return new Builder(Objects.requireNonNull(inner, "inner"));
  }

  @Override
  public Selector start(Environment environment) {
    return new Sticky(environment);
  }

  /** As in {@code sticky(leastConnections, maxSessions 100000, idleTime PT1H)}. */
  @Override
  public String toString() {
    return "sticky(" + inner + ", maxSessions " + maxSessions + ", idleTime " + idleTime + ")";
  }

  private final class Sticky implements Selector {
    private final StrategyListener listener;
    private final Selector selector;
    private final Cache<String, Member> sessions;

    Sticky(Environment environment) {
      this.listener = environment.listener();
      this.selector = inner.start(environment);
      this.sessions = Caffeine.newBuilder()
          .maximumSize(maxSessions)
          .expireAfterAccess(idleTime)
          .ticker(environment.clock()::nanos)
          .executor(Runnable::run)
          .build();
    }

    @Override
    public Members scope(Members all) {
      return selector.scope(all);
    }

    @Override
    public Tracker track(Member member) {
      return selector.track(member);
    }

    @Override
    public void forget(Member member) {
      selector.forget(member);
    }

    @Override
    public Picker picker(Members members) {
      Map<String, Member> present = new HashMap<>();
      for (int i = 0; i < members.size(); i++) {
        present.put(members.get(i).backend().id(), members.get(i));
      }
      Picker picker = selector.picker(members);
      return new Picker() {
        @Override
        public @Nullable Member pick(Choice choice) {
          String session = choice.context().session();
          return session == null
              ? picker.pick(choice)
              : Sticky.this.pick(session, present, picker, choice);
        }

        @Override
        public boolean carries(Choice choice, Member due) {
          String session = choice.context().session();
          Member bound = session == null ? null : sessions.getIfPresent(session);
          if (bound != null) {
            return present.get(bound.backend().id()) == due;
          }
          // A new session stays where its first request goes, if that is well.
          return picker.carries(choice, due)
              && (session == null || sessions.asMap().putIfAbsent(session, due) == null);
        }
      };
    }

    private @Nullable Member pick(
        String session, Map<String, Member> present, Picker picker, Choice choice) {
      Member bound = sessions.getIfPresent(session);
      if (bound == null) {
        Member chosen = picker.pick(choice);
        if (chosen == null || !choice.accepts(chosen)) {
          return chosen;
        }
        Member first = sessions.asMap().putIfAbsent(session, chosen);
        return first == null || !choice.accepts(first) ? chosen : first;
      }
      Member now = present.get(bound.backend().id()); // the same server, or one in its place
      if (now != null && choice.accepts(now)) {
        if (now != bound && sessions.asMap().replace(session, bound, now) && !isSame(bound, now)) {
          listener.sessionMoved(session, bound, now);
        }
        return now;
      }
      Member other = picker.pick(choice);
      if (other != null && (now == null || isOut(now)) && choice.accepts(other)) {
        if (sessions.asMap().replace(session, bound, other)) {
          listener.sessionMoved(session, bound, other);
          return other;
        }
        Member moved = sessions.getIfPresent(session); // by another request of it, at the same time
        return moved != null && choice.accepts(moved) ? moved : other;
      }
      return other;
    }

    /** Whether it is the same server, which left and came back, and not another one under its id. */
    private static boolean isSame(Member a, Member b) {
      return a.backend().host().equals(b.backend().host())
          && a.backend().port() == b.backend().port();
    }

    private boolean isOut(Member member) {
      return !member.available() || member.weight() == 0;
    }

    @Override
    public void close() {
      sessions.invalidateAll();
      selector.close();
    }
  }

  /** Collects what {@link StickySessions} are made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final Strategy inner;
    private long maxSessions = 100_000;
    private Duration idleTime = Duration.ofHours(1);

    private Builder(Strategy inner) {
      this.inner = inner;
    }

    /**
     * How many sessions are remembered; beyond that those are forgotten that are used least.
     *
     * @param sessions 1 or more; 100,000 by default, which take some 15 MB
     */
    public Builder maxSessions(long sessions) {
      if (sessions < 1) {
        throw new IllegalArgumentException("maxSessions: " + sessions + " (expected: 1 or more)");
      }
      this.maxSessions = sessions;
      return this;
    }

    /**
     * How long a session is remembered after its last request.
     *
     * @param time more than zero; 1 hour by default
     */
    public Builder idleTime(Duration time) {
      if (Objects.requireNonNull(time, "idleTime").isNegative() || time.isZero()) {
        throw new IllegalArgumentException("idleTime: " + time + " (expected: more than zero)");
      }
      this.idleTime = time;
      return this;
    }

    /** The strategy. */
    public StickySessions build() {
      return new StickySessions(this);
    }
  }
}
