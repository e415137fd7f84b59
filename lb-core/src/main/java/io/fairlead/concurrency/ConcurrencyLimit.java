package io.fairlead.concurrency;

import io.fairlead.request.Outcome;
import io.fairlead.time.TimeSource;
import io.fairlead.time.Waiter;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A limit on how many requests may be in flight at a time: a fixed one, or one that finds out what a server can take, and follows
 * when that changes. Beyond it requests are refused at once, or wait in line for a while.
 *
 * <p>A server that gets more requests than it can work on at a time gets no more done; they only wait longer. The number from
 * which on that is so, its <em>knee</em>, is where an adaptive limit comes to rest: a little above it.
 *
 * <pre>{@code
 * ConcurrencyLimit limit = ConcurrencyLimit.gradient().build();
 * …
 * Answer answer = limit.call(() -> client.ask(question)); // or ConcurrencyLimitExceededException
 * }</pre>
 *
 * <p>By hand, where the outcome is known before the request is over, or not in the same thread:
 *
 * <pre>{@code
 * if (limit.tryAcquire()) {
 *   …
 *   limit.observe(elapsedNanos, timedOut, now); // once it has answered, or not; not if that tells nothing of the server
 *   …
 *   limit.release(); // once it is over, whatever became of it
 * }
 * }</pre>
 *
 * <p>Use one for each server, or for each service if its servers are alike and there is no telling them apart. A rate that was
 * agreed upon is not kept by this: it knows nothing of requests per second.
 *
 * <p>Thread-safe. Nobody waits for a lock but those who wait in line, and who gives them a place.
 */
public final class ConcurrencyLimit {

  private static final Logger log = LoggerFactory.getLogger(ConcurrencyLimit.class);

  private final Places places;
  private final TimeSource time;
  private final Predicate<? super Throwable> dropped;
  private final @Nullable ConcurrencyLimitListener listener;
  private final @Nullable Line line;
  private final @Nullable Adaptation adaptation;
  private final AtomicBoolean listenerThrew = new AtomicBoolean();

  private ConcurrencyLimit(Builder builder) {
    this.places = new Places(builder.initial);
    this.time = builder.time;
    this.dropped = builder.dropped;
    this.listener = builder.listener;
    this.line = builder.maxWaiting == 0
        ? null
        : new Line(places, builder.time, builder.maxWaiting, builder.maxWaitNanos);
    this.adaptation = builder.kind == Kind.FIXED ? null : new Adaptation(this, places, builder);
  }

  /**
   * A limit that stays as it is.
   *
   * @param limit 1 to 1,000,000
   */
  public static Builder fixed(int limit) {
    Builder builder = new Builder(Kind.FIXED);
    builder.initial = checkedLimit("limit", limit);
    return builder;
  }

  /**
   * A limit that grows by steps while requests take as long as with fewer of them in flight, and falls by a tenth when they take
   * longer or are dropped.
   */
  public static Builder aimd() {
    return new Builder(Kind.AIMD);
  }

  /**
   * A limit that follows the slope of response times over requests in flight, and rests where it begins to rise. The one to take
   * if you don't know.
   */
  public static Builder gradient() {
    return new Builder(Kind.GRADIENT);
  }

  /**
   * A limit that moves by small steps, about half of its square root, the same up and down, and by larger ones when it goes the
   * same way for long. Named after TCP Vegas, which goes by delay as well; how it tells whether requests wait is not Vegas' own.
   */
  public static Builder vegas() {
    return new Builder(Kind.VEGAS);
  }

  /**
   * One more in flight, if that is within the limit and nobody waits in line. Never blocks, and reads no clock.
   *
   * @return whether it is; then {@link #release} once it is over
   */
  public boolean tryAcquire() {
    return places.take();
  }

  /**
   * One more in flight; if that is not within the limit, it waits in line, if there is {@linkplain Builder#queue one}.
   *
   * @return whether it is; then {@link #release} once it is over. False if there is no line, as many wait already as may, or the
   *     longest time to wait is over
   * @throws InterruptedException if the thread is interrupted while it waits, or was before and would have to wait; nothing is in
   *     flight then
   */
  public boolean acquire() throws InterruptedException {
    return tryAcquire() || (line != null && line.await());
  }

  /**
   * As {@link #acquire()}, but who waits in line gives up earlier: at a time, or as soon as somebody raises a signal.
   *
   * @param signal for this wait alone, made by the {@link Waiter} that belongs to this limit's clock; the limit raises it too
   * @param untilNanos on this limit's clock; who comes later does not wait
   */
  public boolean acquire(Waiter.Signal signal, long untilNanos) throws InterruptedException {
    return tryAcquire() || (line != null && line.await(signal, untilNanos));
  }

  /**
   * Tells the outcome of a request that is in flight. Those that tell nothing of the server are better not told: those that it
   * answered without doing the work, as with a 404 or a wrong password, those that the caller cancelled. A fixed limit does not
   * listen.
   *
   * @param elapsedNanos how long it took to answer, 0 or more; of no account if dropped
   * @param dropped whether it came to nothing since the server had too much to do: it timed out, or was refused with a 503
   * @param nowNanos the time, on this limit's clock
   */
  public void observe(long elapsedNanos, boolean dropped, long nowNanos) {
    if (elapsedNanos < 0) {
      throw new IllegalArgumentException(
          "elapsedNanos: " + elapsedNanos + " (expected: 0 or more)");
    }
    if (adaptation != null) {
      adaptation.observe(elapsedNanos, dropped, nowNanos);
    }
  }

  /**
   * As {@link #observe(long, boolean, long)}: a success is an answer, what is {@linkplain Outcome#overloaded() overloaded} was
   * dropped, and nothing else tells anything.
   */
  public void observe(Outcome outcome, long elapsedNanos, long nowNanos) {
    boolean dropped = outcome.overloaded();
    if (dropped || outcome.kind() == Outcome.Kind.SUCCESS) {
      observe(elapsedNanos, dropped, nowNanos);
    }
  }

  /**
   * One less in flight.
   *
   * @throws IllegalStateException if nothing is; then nothing has changed
   */
  public void release() {
    if (places.giveBack() && line != null) {
      line.serve();
    }
  }

  /**
   * Makes a call within the limit: acquires, calls, tells the outcome and releases. An exception tells nothing of how long the
   * server takes, and counts as dropped if the builder's {@link Builder#droppedIf droppedIf} says so.
   *
   * @throws ConcurrencyLimitExceededException if there was no place, and the call was not made
   * @throws InterruptedException if the thread was interrupted while it waited for a place, and the call was not made
   * @throws Exception what the call throws
   */
  public <T> T call(Callable<T> body) throws Exception {
    Objects.requireNonNull(body, "body");
    if (!acquire()) {
      throw new ConcurrencyLimitExceededException(limit());
    }
    try {
      long start = time.nanos();
      T result = body.call();
      long now = time.nanos();
      observe(Math.max(0, now - start), false, now);
      return result;
    } catch (Throwable e) {
      if (dropped.test(e)) {
        observe(0, true, time.nanos());
      }
      throw e;
    } finally {
      release();
    }
  }

  /**
   * The limit. An adaptive one may keep some of its places free for a part of the time, to find out whether requests are answered
   * faster then.
   */
  public int limit() {
    return adaptation == null ? places.allowed() : adaptation.limit();
  }

  /** How many are in flight. More than the limit after it fell, and until enough of them are over. */
  public int inFlight() {
    return places.taken();
  }

  /** How many wait in line. */
  public int waiting() {
    return line == null ? 0 : line.size();
  }

  /** How it stands now. */
  public Snapshot snapshot() {
    return new Snapshot(limit(), inFlight(), waiting());
  }

  /** The number of places that there are now; those who wait get what is new. */
  void open(int number) {
    if (places.allow(number) && line != null) {
      line.serve();
    }
  }

  void tell(int before, int after) {
    if (listener == null || before == after) {
      return;
    }
    try {
      listener.limitChanged(before, after);
    } catch (Throwable e) { // an Error too: the outcome that the limit learned from is not to blame
      if (listenerThrew.compareAndSet(false, true)) {
        log.error("The listener {} threw; further exceptions of it are not logged", listener, e);
      }
    }
  }

  /** As in {@code ConcurrencyLimit 20, 3 in flight, 0 waiting}. */
  @Override
  public String toString() {
    return "ConcurrencyLimit " + limit() + ", " + inFlight() + " in flight, " + waiting()
        + " waiting";
  }

  /**
   * How a limit stands at one moment; its numbers are read one after the other.
   *
   * @param limit the limit
   * @param inFlight how many are in flight
   * @param waiting how many wait in line
   */
  public record Snapshot(int limit, int inFlight, int waiting) {}

  private static int checkedLimit(String name, int limit) {
    if (limit < 1 || limit > Builder.MAXIMUM) {
      throw new IllegalArgumentException(
          name + ": " + limit + " (expected: 1 to " + Builder.MAXIMUM + ")");
    }
    return limit;
  }

  /**
   * Collects what limits are made of; each setter checks its value. A recipe: each {@link #build} makes another limit. Not
   * thread-safe.
   */
  public static final class Builder {

    private static final int MAXIMUM = 1_000_000;

    final Kind kind;
    int initial = 20;
    int minimum = 1;
    int maximum = 1_000;
    private int maxWaiting;
    private long maxWaitNanos;
    private Predicate<? super Throwable> dropped =
        e -> e instanceof TimeoutException || e instanceof SocketTimeoutException;
    private @Nullable ConcurrencyLimitListener listener;
    TimeSource time = TimeSource.system();

    private Builder(Kind kind) {
      this.kind = kind;
    }

    /**
     * Where the limit begins.
     *
     * @param limit 1 to 1,000,000; 20 by default
     * @throws IllegalStateException if the limit is fixed
     */
    public Builder initial(int limit) {
      checkAdaptive("initial", limit);
      this.initial = checkedLimit("initial", limit);
      return this;
    }

    /**
     * The least that the limit falls to.
     *
     * @param limit 1 to 1,000,000; 1 by default
     * @throws IllegalStateException if the limit is fixed
     */
    public Builder minimum(int limit) {
      checkAdaptive("minimum", limit);
      this.minimum = checkedLimit("minimum", limit);
      return this;
    }

    /**
     * The most that the limit grows to.
     *
     * @param limit 1 to 1,000,000; 1,000 by default
     * @throws IllegalStateException if the limit is fixed
     */
    public Builder maximum(int limit) {
      checkAdaptive("maximum", limit);
      this.maximum = checkedLimit("maximum", limit);
      return this;
    }

    private void checkAdaptive(String name, int value) {
      if (kind == Kind.FIXED) {
        throw new IllegalStateException(
            name + ": " + value + " (expected: not set, since the limit is fixed)");
      }
    }

    /**
     * Lets {@link ConcurrencyLimit#acquire} wait for a place, first come first served. Without this it does not wait. While
     * somebody waits, {@link ConcurrencyLimit#tryAcquire} does not overtake.
     *
     * @param maxWaiting how many may wait, 1 to 1,000,000
     * @param maxWait how long each may wait, 1 ms to 1 hour
     */
    public Builder queue(int maxWaiting, Duration maxWait) {
      Objects.requireNonNull(maxWait, "maxWait");
      checkedLimit("maxWaiting", maxWaiting);
      if (maxWait.compareTo(Duration.ofMillis(1)) < 0
          || maxWait.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("maxWait: " + maxWait + " (expected: 1 ms to 1 h)");
      }
      this.maxWaiting = maxWaiting;
      this.maxWaitNanos = maxWait.toNanos();
      return this;
    }

    /**
     * Which exceptions of a {@link ConcurrencyLimit#call} say that the server has too much to do. By default {@link
     * TimeoutException} and {@link SocketTimeoutException}.
     */
    public Builder droppedIf(Predicate<? super Throwable> overloaded) {
      this.dropped = Objects.requireNonNull(overloaded, "droppedIf");
      return this;
    }

    /** Who hears of it when the limit changes. By default nobody. */
    public Builder listener(ConcurrencyLimitListener listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /** The clocks, for tests. */
    public Builder time(TimeSource time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /** Whether {@link #queue} was set. */
    public boolean hasQueue() {
      return maxWaiting > 0;
    }

    /** Another builder with the same settings. */
    public Builder copy() {
      Builder copy = new Builder(kind);
      copy.initial = initial;
      copy.minimum = minimum;
      copy.maximum = maximum;
      copy.maxWaiting = maxWaiting;
      copy.maxWaitNanos = maxWaitNanos;
      copy.dropped = dropped;
      copy.listener = listener;
      copy.time = time;
      return copy;
    }

    /**
     * A limit of its own, that knows nothing of others made of the same builder.
     *
     * @throws IllegalStateException if the initial limit is not between the minimum and the maximum
     */
    public ConcurrencyLimit build() {
      if (kind != Kind.FIXED) {
        if (initial < minimum) {
          throw new IllegalStateException(
              "initial: " + initial + " is less than minimum: " + minimum);
        }
        if (initial > maximum) {
          throw new IllegalStateException(
              "initial: " + initial + " is more than maximum: " + maximum);
        }
      }
      return new ConcurrencyLimit(this);
    }
  }
}
