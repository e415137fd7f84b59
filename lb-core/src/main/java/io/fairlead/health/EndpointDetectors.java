package io.fairlead.health;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreakerListener;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What judges single endpoints of single members: a circuit breaker for each pair that has failed. While it is not closed, requests
 * to that endpoint go to other members, and all others come as before. Each endpoint has a cap of its own over the members, so that
 * one that fails everywhere is not turned away everywhere. At most {@value #MOST} pairs are remembered.
 *
 * <p>Thread-safe. While no pair is open a choice pays one volatile read; while none has failed, so does an answer.
 *
 * @param <M> what a member is
 */
public final class EndpointDetectors<M> {

  static final int MOST = 4_096;

  /** A pair that has not failed for so long is forgotten with its next success. */
  private static final long CALM_NANOS = 60_000_000_000L;

  private static final Logger log = LoggerFactory.getLogger(EndpointDetectors.class);

  private record Key<M>(M member, String endpoint) {}

  private final String name;
  private final CircuitBreaker.@Nullable Builder recipe;
  private final Supplier<EjectionCap> caps;
  private final Consumer<? super M> opened;
  private final AtomicInteger known = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();
  private final Cache<Key<M>, Pair> pairs = Caffeine.newBuilder()
      .maximumSize(MOST)
      .executor(Runnable::run)
      .<Key<M>, Pair>removalListener((key, pair, cause) -> {
        if (pair != null) {
          pair.retire();
        }
      })
      .build();

  /** As long as one of its pairs is there, which must not be counted anew. */
  private final Cache<String, EjectionCap> capOf =
      Caffeine.newBuilder().weakValues().executor(Runnable::run).build();

  /**
   * Detectors of no pair so far.
   *
   * @param name of the balancer, for people
   * @param recipe of each pair's breaker, with its time and chance; null for no detectors
   * @param caps makes the cap of an endpoint
   * @param opened hears of a member that one of its pairs has opened: what has failed there is told from the rest
   */
  public EndpointDetectors(
      String name,
      CircuitBreaker.@Nullable Builder recipe,
      Supplier<EjectionCap> caps,
      Consumer<? super M> opened) {
    this.name = name;
    this.recipe = recipe;
    this.caps = caps;
    this.opened = opened;
  }

  /** Whether any endpoint is turned away from any member. */
  public boolean isAnyOpen() {
    return open.get() != 0;
  }

  /** Whether requests to an endpoint are turned away from a member now. */
  public boolean turnsAway(M member, String endpoint, long now) {
    Pair pair = pairs.getIfPresent(new Key<>(member, endpoint));
    return pair != null && !pair.breaker.isClosed() && pair.breaker.retryAtNanos(now) - now > 0;
  }

  /** What a request needs that goes to an endpoint on trial. */
  public static final class Trial {

    private final @Nullable CircuitBreaker breaker;
    private final long permit;

    private Trial(@Nullable CircuitBreaker breaker, long permit) {
      this.breaker = breaker;
      this.permit = permit;
    }

    /** Whether it may not go there. */
    public boolean isRefused() {
      return permit == CircuitBreaker.REJECTED;
    }

    /** It does not go there. */
    public void cancel() {
      if (breaker != null && !isRefused()) {
        breaker.cancel(permit);
      }
    }
  }

  /** A trial for a request that starts now; null if it needs none. */
  public @Nullable Trial tryAcquire(M member, String endpoint, long now) {
    Pair pair = pairs.getIfPresent(new Key<>(member, endpoint));
    return pair == null || pair.breaker.isClosed()
        ? null
        : new Trial(pair.breaker, pair.breaker.tryAcquire(now));
  }

  /** The outcome of a request is known; to be told before the member's own detector is. */
  public void answered(
      M member,
      String endpoint,
      @Nullable Trial trial,
      Outcome outcome,
      long elapsedNanos,
      long now) {
    Outcome.Kind kind = outcome.kind();
    if (trial != null && trial.breaker != null) {
      // That there was no connection tells nothing of an endpoint.
      Outcome.Kind told = kind == Outcome.Kind.CONNECT ? Outcome.Kind.IGNORED : kind;
      FailureDetector.tell(trial.breaker, trial.permit, told, elapsedNanos, now);
      return;
    }
    boolean failed = kind != Outcome.Kind.CONNECT && outcome.failed();
    if (recipe == null || !(failed || (kind == Outcome.Kind.SUCCESS && known.get() != 0))) {
      return;
    }
    Key<M> key = new Key<>(member, endpoint);
    Pair pair = failed ? pairs.get(key, Pair::new) : pairs.getIfPresent(key);
    if (pair == null || !pair.breaker.isClosed()) {
      return; // one that began before it opened
    }
    if (failed) {
      pair.failedNanos = now;
    } else if (now - pair.failedNanos > CALM_NANOS) {
      pairs.asMap().remove(key, pair);
      return;
    }
    long permit = pair.breaker.tryAcquire(now);
    if (permit != CircuitBreaker.REJECTED) {
      FailureDetector.tell(pair.breaker, permit, kind, elapsedNanos, now);
    }
  }

  /** The member has left: its pairs are forgotten. */
  public void forget(M member) {
    if (known.get() != 0) {
      pairs.asMap().keySet().removeIf(key -> key.member.equals(member));
    }
  }

  /** How many pairs are remembered. */
  int known() {
    return known.get();
  }

  /** One endpoint of one member. */
  private final class Pair implements CircuitBreakerListener {
    private final M member;
    private final EjectionCap.Place place;
    private final CircuitBreaker breaker;
    private final AtomicBoolean countsAsOpen = new AtomicBoolean();
    private volatile boolean retired;
    volatile long failedNanos; // when it last did

    Pair(Key<M> key) {
      this.member = key.member;
      // A member whose pair is open can still be picked, by others: so its place is never told to
      // be
      // out, and is among those that the cap takes off those who can be.
      this.place = capOf.get(key.endpoint, first -> caps.get()).place();
      this.breaker = Objects.requireNonNull(recipe)
          .copy()
          .name(name + " at " + key.member + " for " + key.endpoint)
          .gate(place)
          .listener(this)
          .build();
      place.enter();
      known.incrementAndGet();
    }

    @Override
    public void transition(CircuitBreaker breaker, Transition transition) {
      switch (transition.to()) {
        case OPEN -> {
          count(true);
          opened.accept(member);
          log.info("{}: turned away: {}", breaker.name(), transition.reason());
        }
        case CLOSED -> {
          count(false);
          log.info("{}: no longer turned away: {}", breaker.name(), transition.reason());
        }
        default -> {}
      }
    }

    private void count(boolean isOpen) {
      if (countsAsOpen.compareAndSet(!isOpen, isOpen)) {
        open.addAndGet(isOpen ? 1 : -1);
      }
      if (isOpen && retired) {
        count(false);
      }
    }

    void retire() {
      retired = true;
      count(false);
      place.leave();
      known.decrementAndGet();
    }
  }
}
