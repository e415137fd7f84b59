package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.backend.BackendPool;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.pool.Guards;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.Hedging;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.strategy.Strategy;
import io.fairlead.time.Background;
import io.fairlead.time.Cancellable;
import io.fairlead.time.Chance;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Spreads the requests to one service over the servers that offer it.
 *
 * <pre>{@code
 * LoadBalancer orders = LoadBalancer.builder("orders")
 *     .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
 *     .build();
 * }</pre>
 *
 * <p>With OkHttp, give it to lb-okhttp's interceptor. Without, either hand it whole calls, which it sends to another server
 * if one fails:
 *
 * <pre>{@code
 * String item = orders.call(RequestContext.empty().repeatable(), attempt -> fetch(attempt.backend()));
 * }</pre>
 *
 * <p>or lease a server for one attempt:
 *
 * <pre>{@code
 * try (Lease lease = orders.acquire()) {
 *   fetch(lease.backend());
 *   lease.record(Outcome.success()); // or another one: what ends without one tells nothing of the server
 * }
 * }</pre>
 *
 * <p>Thread-safe; make one for each service and keep it. It holds no thread of its own.
 */
public interface LoadBalancer extends AutoCloseable {

  /**
   * A builder for a balancer.
   *
   * @param name of the service, not blank. In URLs it is the host, in messages it tells which balancer speaks
   */
  static Builder builder(String name) {
    return new Builder(name);
  }

  /** The name of the service. */
  String name();

  /** The servers: to be looked at, or to be updated as they come and go. */
  BackendPool pool();

  /** {@link #acquire(RequestContext)} for a request of which nothing is known. */
  default Lease acquire() throws LoadBalancingException {
    return acquire(RequestContext.empty());
  }

  /**
   * Leases one server for one attempt. {@link Lease#close} must follow, whatever happens. Never blocks, unless the
   * {@linkplain Builder#concurrencyLimit concurrency limit} was given a queue.
   *
   * @throws RateLimitedException if a rate limit of this balancer refuses it
   * @throws OverloadedException if there is no room for it now, in the service or on any server that could take it; or if the
   *     thread was interrupted while it waited in the queue, which it then still is
   * @throws NoBackendException if no server can take it
   * @throws LoadBalancerClosedException if this balancer is closed
   */
  Lease acquire(RequestContext context) throws LoadBalancingException;

  /** {@link #call(RequestContext, CallBody)} for a request of which nothing is known, so that it is not repeated. */
  default <T> T call(CallBody<T> body) throws IOException {
    return call(RequestContext.empty(), body);
  }

  /**
   * Carries out a whole call, on this thread: leases a server, runs {@code body} with it, and goes on to others as a {@link
   * CallPlan} decides. Only a {@linkplain Builder#hedging hedge} runs elsewhere, on the {@linkplain Builder#executor executor}.
   * An exception that is no fault of a server's, as {@link CallBody#classify} tells, is passed on as it is, and nothing is
   * repeated; so is a RuntimeException.
   *
   * @return what the body returned; if that is bad, as {@code classify} tells, then what the last attempt returned
   * @throws AttemptsFailedException if no attempt went well and the last one threw, which is its cause
   * @throws RateLimitedException if a rate limit of this balancer refuses it
   * @throws OverloadedException if there is no room for it now, in the service or on any server that could take it
   * @throws NoBackendException if no server can take it
   * @throws LoadBalancerClosedException if this balancer is closed
   */
  <T> T call(RequestContext context, CallBody<T> body) throws IOException;

  /** The clocks of this balancer, by which all its times are told. */
  TimeSource clock();

  /** What decides for one call what it does next, for a transport of one's own that asks it. */
  CallPlan plan(RequestContext context);

  /** How everything stands, now. */
  LoadBalancerSnapshot snapshot();

  /**
   * Adds a listener to those that the balancer was built with. It hears what happens from now on, and so perhaps the end of an
   * attempt whose beginning it has not heard; {@link #pool()} has the servers that joined before.
   *
   * @return what takes the listener out again; an event that is on its way may still reach it
   */
  Cancellable addListener(LoadBalancerListener listener);

  /**
   * Checks all servers from now on, also those that come later, again and again until this is closed: those that the strategy
   * uses, and none that drains. Checks go past all limits and count as no requests; a call never waits for one. They run on the
   * {@linkplain Builder#executor executor}.
   *
   * @throws IllegalArgumentException if the probe can't check the servers of this balancer
   * @throws IllegalStateException if there is a health check already, or this balancer is closed
   */
  void check(HealthCheck check);

  /**
   * Refuses new requests from now on. Those in flight finish, those among them that have to move on to another server too;
   * after the last one all members drain. Idempotent.
   */
  @Override
  void close();

  /** Collects what a {@link LoadBalancer} is made of; each setter checks its value. Not thread-safe. */
  final class Builder {
    final String name;
    List<Backend> backends = List.of();
    Strategy strategy = Strategy.leastResponseTime();
    final List<LoadBalancerListener> listeners = new ArrayList<>();
    double panicThreshold = 0.5;
    Duration slowStart = Duration.ZERO;
    private CircuitBreaker.Builder circuitBreaker = CircuitBreaker.builder();
    private double maxEjected = 0.5;
    private Duration maxSilence = Duration.ofSeconds(1);
    private ConcurrencyLimit.@Nullable Builder memberLimit;
    private ConcurrencyLimit.@Nullable Builder serviceLimit;
    RetryPolicy retries = RetryPolicy.standard();

    @Nullable
    Hedging hedging;

    private @Nullable TokenBucket bucket;
    private final List<RateGate<?>> keyedRates = new ArrayList<>();

    @Nullable
    String zone;

    TimeSource time = TimeSource.system();
    Chance chance = Chance.system();
    Executor executor = Background.system();

    private Builder(String name) {
      if (Objects.requireNonNull(name, "name").isBlank()) {
        throw new IllegalArgumentException("name: '" + name + "' (expected: not blank)");
      }
      this.name = name;
    }

    /** The servers to begin with, in place of any given before: {@link Backend#of(String)} for each. None by default. */
    public Builder backends(String... hostsAndPorts) {
      return backends(Arrays.stream(Objects.requireNonNull(hostsAndPorts, "backends"))
          .map(Backend::of)
          .toList());
    }

    /** The servers to begin with, in place of any given before. None by default. */
    public Builder backends(Backend... backends) {
      return backends(Arrays.asList(Objects.requireNonNull(backends, "backends")));
    }

    /** The servers to begin with, each with an id of its own, in place of any given before. None by default. */
    public Builder backends(Collection<Backend> backends) {
      for (Backend backend : Objects.requireNonNull(backends, "backends")) {
        Objects.requireNonNull(backend, "backends");
      }
      this.backends = List.copyOf(backends);
      return this;
    }

    /**
     * How a server is picked. {@link Strategy#leastResponseTime()} by default, which does well with servers that are all alike,
     * and keeps away from one that is slow, fails or hangs.
     */
    public Builder strategy(Strategy strategy) {
      this.strategy = Objects.requireNonNull(strategy, "strategy");
      return this;
    }

    /** Adds a listener. */
    public Builder listener(LoadBalancerListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * The share of available members below which it is more likely that the judgement is wrong than that so many are bad:
     * vetoes that are only statistical are then disregarded. 0 (never) to 1, 0.5 by default.
     */
    public Builder panicThreshold(double share) {
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("panicThreshold: " + share + " (expected: 0 to 1)");
      }
      this.panicThreshold = share;
      return this;
    }

    /**
     * How long a server takes to get its whole share after it has come to a pool in which there are others, or returned to it,
     * or after the last {@linkplain io.fairlead.backend.MemberControl#veto veto} on it was lifted. Its weight begins at a tenth
     * and grows in a straight line. Zero, no time, by default; tens of seconds suit servers that compile, or that fill their
     * caches, as they run.
     *
     * @param window zero to a day
     */
    public Builder slowStart(Duration window) {
      if (Objects.requireNonNull(window, "slowStart").isNegative()
          || window.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException(
            "slowStart: " + window + " (expected: zero to 24 hours)");
      }
      this.slowStart = window;
      return this;
    }

    /**
     * The breaker that is the failure detector of each server: when it opens, the server is ejected, which is to say that it
     * gets no requests until the breaker lets some try, and few until it has closed. Each endpoint that fails on a server gets
     * one, too. Whatever {@linkplain io.fairlead.request.Outcome#failed() failed} is a failure. By default it opens after 10
     * failures in a row, or when half of at least 20 calls within 10 seconds have failed; for 4 to 5 seconds at first, twice as
     * long each further time in a row, up to a minute; and then lets one request try.
     *
     * @param recipe each server gets a breaker made by it. Its name, gate, listener, time and chance are the balancer's own
     * @throws IllegalStateException if its settings contradict each other
     */
    public Builder circuitBreaker(CircuitBreaker.Builder recipe) {
      this.circuitBreaker = checked(Objects.requireNonNull(recipe, "circuitBreaker"));
      return this;
    }

    /** A copy, which has been tried: after that, all that are made by it share what they go by. */
    private static CircuitBreaker.Builder checked(CircuitBreaker.Builder recipe) {
      CircuitBreaker.Builder copy = recipe.copy();
      copy.build();
      return copy;
    }

    /**
     * The share of servers that may be ejected at once, rounded down; but at least one if there are two or more, never all, and
     * never the last that can be picked. Servers of weight 0 do not count. Half of them by default: with more than that out,
     * the {@linkplain #panicThreshold panic threshold} would let them in again. 0 for no ejection at all.
     *
     * @param share 0 to 1
     */
    public Builder maxEjected(double share) {
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("maxEjected: " + share + " (expected: 0 to 1)");
      }
      this.maxEjected = share;
      return this;
    }

    /**
     * How long a server may leave requests unanswered, and answer none, while others answer theirs. One that is silent for
     * longer, and for more than three times as long as the slowest answer of late took, is ejected at once: before time-outs
     * tell that it accepts requests and does nothing with them. An answer that comes after all brings it back. Whether it has
     * gone silent is looked at four times within this time, as long as requests are outstanding.
     *
     * @param time zero to an hour; 1 second by default. Zero for no such watch; there is none either if nobody {@linkplain
     *     #maxEjected may be ejected}
     */
    public Builder maxSilence(Duration time) {
      if (Objects.requireNonNull(time, "maxSilence").isNegative()
          || time.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("maxSilence: " + time + " (expected: zero to an hour)");
      }
      this.maxSilence = time;
      return this;
    }

    /**
     * How many requests may be in flight on one server; one that has as many gets no more until one ends. No limit by default.
     *
     * @param recipe each server gets a limit made by it. Its time is the balancer's own
     * @throws IllegalArgumentException if it has a queue: a request that finds one server full goes to another
     * @throws IllegalStateException if its settings contradict each other
     */
    public Builder memberConcurrencyLimit(ConcurrencyLimit.Builder recipe) {
      if (Objects.requireNonNull(recipe, "memberConcurrencyLimit").hasQueue()) {
        throw new IllegalArgumentException(
            "memberConcurrencyLimit: has a queue (expected: none, since a request"
                + " that finds one server full goes to another)");
      }
      this.memberLimit = checked(recipe);
      return this;
    }

    /**
     * How many calls may be in flight in all. One too many gets an {@link OverloadedException}; or waits, if the limit has a
     * queue, until there is room, the queue's time or the call's timeout is over, or the call is cancelled. No limit by default.
     *
     * @param recipe its time is the balancer's own
     * @throws IllegalStateException if its settings contradict each other
     */
    public Builder concurrencyLimit(ConcurrencyLimit.Builder recipe) {
      this.serviceLimit = checked(Objects.requireNonNull(recipe, "concurrencyLimit"));
      return this;
    }

    /** A copy, which has been tried. */
    private static ConcurrencyLimit.Builder checked(ConcurrencyLimit.Builder recipe) {
      ConcurrencyLimit.Builder copy = recipe.copy();
      copy.build();
      return copy;
    }

    /**
     * How many calls may begin in a time, in place of any limit given before; each call takes one token, however often it is
     * repeated, and gives it back if nothing was sent. One too many gets a {@link RateLimitedException}. The bucket may be
     * shared with other balancers. No limit by default.
     */
    public Builder rateLimit(TokenBucket bucket) {
      this.bucket = Objects.requireNonNull(bucket, "rateLimit");
      return this;
    }

    /**
     * How many calls may begin in a time for each key, beside any limit given before: for each user, say, if the key is one's id.
     *
     * <pre>{@code
     * .rateLimitPer(RequestContext::key, KeyedTokenBucket.<String>builder().limit(RateLimit.perSecond(10)).build())
     * }</pre>
     *
     * <p>What gave a token gives it back if another rate, or the concurrency limit, refuses the call.
     *
     * @param key tells the key of a request; one for which it is null passes. {@link RequestContext#key} is null where only the
     *     key's hash is known
     */
    public <K> Builder rateLimitPer(
        Function<? super RequestContext, ? extends @Nullable K> key, KeyedTokenBucket<K> buckets) {
      keyedRates.add(new RateGate.PerKey<>(
          Objects.requireNonNull(buckets, "buckets"), Objects.requireNonNull(key, "key")));
      return this;
    }

    /**
     * How often calls are repeated, and what they may spend on it together. {@link RetryPolicy#standard()} by default: a
     * request that may be repeated reaches a server three times at most, and there is one retry for five requests, and ten a
     * second beyond that. Which requests may is told by {@link RequestContext#repeatable()}, and by lb-okhttp.
     */
    public Builder retries(RetryPolicy policy) {
      this.retries = Objects.requireNonNull(policy, "retries");
      return this;
    }

    /**
     * When a call that is slow, and may be repeated, is sent to a second server too. Never by default. Without lb-okhttp, calls
     * have to say how they are {@linkplain Attempt#onCancel cancelled}. A hedge is a second attempt: {@link #retries} has to allow
     * two.
     */
    public Builder hedging(Hedging hedging) {
      this.hedging = Objects.requireNonNull(hedging, "hedging");
      return this;
    }

    /** Where this balancer stands, not blank, for strategies that prefer what is near. Not known by default. */
    public Builder zone(String zone) {
      if (Objects.requireNonNull(zone, "zone").isBlank()) {
        throw new IllegalArgumentException("zone: '" + zone + "' (expected: not blank)");
      }
      this.zone = zone;
      return this;
    }

    /** Where time comes from. {@link TimeSource#system()} by default; a fake one in tests and simulations. */
    public Builder time(TimeSource time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /** Where random numbers come from. {@link Chance#system()} by default; a seeded one in tests and simulations. */
    public Builder chance(Chance chance) {
      this.chance = Objects.requireNonNull(chance, "chance");
      return this;
    }

    /**
     * What runs whatever may block beside the threads that make calls: health checks, and hedged attempts. {@link
     * Background#system()} by default, which makes threads as they are needed, virtual ones where Java has them. One of your
     * own should have a thread for whatever it is given, or queue it for a short time. It must not run it on the thread that
     * gives it, as {@code Runnable::run} does: that is the timers' own, and they would all wait. A check that it refuses is left
     * out until the next one, and so is a hedge, for good.
     */
    public Builder executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /**
     * The balancer.
     *
     * @throws IllegalArgumentException if two backends have the same id
     * @throws IllegalStateException if calls are to be hedged, and the retry policy allows one attempt only
     */
    public LoadBalancer build() {
      return new Balancer(this);
    }

    List<RateGate<?>> rates() {
      List<RateGate<?>> rates = new ArrayList<>(keyedRates);
      if (bucket != null) {
        rates.add(new RateGate.OfService(bucket));
      }
      return rates;
    }

    @Nullable
    ConcurrencyLimit limit() {
      return serviceLimit == null ? null : serviceLimit.copy().time(time).build();
    }

    Guards guards() {
      return new Guards(
          maxEjected == 0 ? null : checked(circuitBreaker.copy().time(time).chance(chance)),
          maxEjected,
          chance,
          maxEjected == 0 ? 0 : maxSilence.toNanos(),
          memberLimit == null ? null : memberLimit.copy().time(time));
    }
  }
}
