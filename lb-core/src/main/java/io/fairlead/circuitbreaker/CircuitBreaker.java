package io.fairlead.circuitbreaker;

import io.fairlead.circuitbreaker.Phase.Closed;
import io.fairlead.circuitbreaker.Phase.HalfOpen;
import io.fairlead.circuitbreaker.Phase.Manual;
import io.fairlead.circuitbreaker.Phase.Open;
import io.fairlead.circuitbreaker.Trial.Result;
import io.fairlead.circuitbreaker.Window.Verdict;
import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A circuit breaker: it lets calls through while they go well, none for a while when too many have failed or were slow, and then
 * a few on trial. For calls to whatever may be down, so that nobody waits for it in vain and it may come up again in peace. Not for
 * limiting how many calls there are, nor where each call goes to another place that fails by itself.
 *
 * <pre>{@code
 * CircuitBreaker orders = CircuitBreaker.of("orders");
 * Order order = orders.call(() -> client.order(id));
 * }</pre>
 *
 * <p>By hand, each call has a permit, and reports what became of it exactly once:
 *
 * <pre>{@code
 * long permit = orders.tryAcquire();
 * if (permit == CircuitBreaker.REJECTED) {
 *   return fallback;
 * }
 * long start = System.nanoTime();
 * …
 * orders.succeeded(permit, System.nanoTime() - start);   // or failed, abandoned, cancel
 * }</pre>
 *
 * <p>A permit belongs to the state that gave it. What is reported after the breaker has changed its state is ignored, whatever it
 * is. A trial's permit that is not reported within {@link Builder#permitTimeout} expires, and so can't hold up anything.
 *
 * <p><b>Reports that are wrong.</b> {@link #REJECTED} and numbers that can't be permits are refused with an {@link
 * IllegalArgumentException}. A trial reported twice is refused with an {@link IllegalStateException}, unless its slot has been lent
 * again since; then it is ignored. While the breaker is closed, all permits are one and the same number, which makes them free: a
 * call that is reported twice counts twice there, and one that is not reported does not count.
 *
 * <p>Thread-safe, without locks. With {@code nowNanos} a caller hands over its own reading of the breaker's clock, and saves one.
 * Readings may come out of order. Elapsed times are in nanoseconds; below 0 is taken for 0. Neither permits nor reports allocate
 * anything but, rarely, when the state changes or a slice of the time window ends.
 */
public final class CircuitBreaker {

  /** No permit: the call must not be made. */
  public static final long REJECTED = 0;

  /**
   * The permit of a call that does not count, whatever becomes of it: what a disabled breaker gives, and what callers may use who
   * must make a call although the breaker is open. Of all permits bit 30 or 31 is set, or both: a caller that has other numbers
   * beside them can tell the two apart.
   */
  public static final long UNCOUNTED = Permits.UNCOUNTED;

  /** What {@link #retryAfter} says of a breaker that is forced open. */
  private static final long NEVER_NANOS = Long.MAX_VALUE >> 1;

  private static final Logger log = LoggerFactory.getLogger(CircuitBreaker.class);

  private static final VarHandle PHASE;
  private static final VarHandle REJECTIONS;
  private static final VarHandle TELLING;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      PHASE = lookup.findVarHandle(CircuitBreaker.class, "phase", Phase.class);
      REJECTIONS = lookup.findVarHandle(CircuitBreaker.class, "rejections", LongAdder.class);
      TELLING = lookup.findVarHandle(CircuitBreaker.class, "telling", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** What a breaker may be in. */
  public enum State {
    /** Calls are let through and counted. */
    CLOSED,
    /** No calls are let through until its time is over. */
    OPEN,
    /** A few calls are let through on trial. */
    HALF_OPEN,
    /** No calls are let through until it is {@linkplain CircuitBreaker#reset reset}. */
    FORCED_OPEN,
    /** All calls are let through and none is counted until it is {@linkplain CircuitBreaker#reset reset}. */
    DISABLED;

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  private final String name;
  private final Settings settings;
  private final @Nullable CircuitBreakerListener listener;
  private final @Nullable OpenGate gate;

  private volatile Phase phase;
  private volatile @Nullable LongAdder rejections; // made with the first

  @SuppressWarnings("unused") // by TELLING
  private volatile boolean telling;

  // The last phase that the listener, if there is one, was told of. Of whoever is telling.
  private @Nullable Phase told;

  private volatile boolean threw;

  private CircuitBreaker(Builder builder, Settings settings) {
    this.name = builder.name;
    this.settings = settings;
    this.listener = builder.listener;
    this.gate = builder.gate;
    this.phase = new Closed(settings.clock.nanos());
    this.told = listener == null ? null : phase;
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * A breaker with the defaults, for calls of a service of which nothing in particular is known: it opens when 10 calls in a row
   * have failed, or half of at least 20 calls within 10 seconds; for 5 seconds at first, up to a minute; and closes when a call on
   * trial has succeeded. Half, since a service that does half of its work is still of more use than none; 20 calls, since of
   * fewer a half may fail by chance; 10 in a row, for those who make too few calls for a rate.
   */
  public static CircuitBreaker of(String name) {
    return builder().name(name).build();
  }

  /** The name. */
  public String name() {
    return name;
  }

  /** {@link #tryAcquire(long)}, with a reading of the clock if it takes one: while the breaker is closed, it does not. */
  public long tryAcquire() {
    return phase instanceof Closed closed ? closed.permit : tryAcquire(settings.clock.nanos());
  }

  /**
   * Asks whether a call may be made. Who gets a permit must report what became of the call, by {@link #succeeded}, {@link
   * #failed}, {@link #abandoned} or {@link #cancel}. Never blocks.
   *
   * @return a permit, or {@link #REJECTED}
   */
  public long tryAcquire(long nowNanos) {
    while (true) {
      Phase now = phase;
      if (now instanceof Closed closed) {
        return closed.permit;
      }
      if (now instanceof HalfOpen halfOpen) {
        int loan = halfOpen.trial.lend(nowNanos);
        if (loan > 0) {
          return Permits.trial(halfOpen.generation, loan);
        }
        if (loan == Trial.NONE) {
          return rejected();
        }
        close(halfOpen, nowNanos); // all have succeeded, and whose turn it was has not come to it
      } else if (now instanceof Open open) {
        if (nowNanos - open.untilNanos < 0) {
          return rejected();
        }
        // The first permit comes with the state: nobody can be ahead of who ends the open time.
        HalfOpen halfOpen = new HalfOpen(open, settings, nowNanos);
        int loan = halfOpen.trial.lend(nowNanos);
        if (move(open, halfOpen)) {
          return Permits.trial(halfOpen.generation, loan);
        }
      } else {
        return now.state() == State.DISABLED ? UNCOUNTED : rejected();
      }
    }
  }

  private long rejected() {
    LongAdder present = rejections;
    if (present == null) {
      LongAdder made = new LongAdder();
      LongAdder found = (LongAdder) REJECTIONS.compareAndExchange(this, null, made);
      present = found == null ? made : found;
    }
    present.increment();
    return REJECTED;
  }

  /** {@link #succeeded(long, long, long)}, with a reading of the clock if it takes one: a count window, say, does not. */
  public void succeeded(long permit, long elapsedNanos) {
    Phase now = phase;
    if (now instanceof Closed closed
        && closed.permit == permit
        && elapsedNanos <= settings.slowNanos
        && !settings.isTimed()) {
      succeeded(closed, 0);
    } else {
      succeeded(permit, elapsedNanos, settings.clock.nanos());
    }
  }

  /**
   * Reports that a call succeeded.
   *
   * @param permit what {@link #tryAcquire} gave for it
   * @param elapsedNanos how long it took, which decides whether it was a slow one
   */
  public void succeeded(long permit, long elapsedNanos, long nowNanos) {
    boolean slow = elapsedNanos > settings.slowNanos;
    Phase now = phase;
    if (now instanceof Closed closed && closed.permit == permit) {
      if (slow) {
        closed.endRow(endOfRow());
        bad(closed, false, true, nowNanos);
      } else {
        succeeded(closed, nowNanos);
      }
    } else {
      settle(now, permit, slow ? Result.FAILURE : Result.SUCCESS, slow, nowNanos);
    }
  }

  private void succeeded(Closed closed, long nowNanos) {
    if (closed.failuresInARow() != 0) {
      closed.endRow(endOfRow());
    }
    if (settings.hasWindow()) {
      closed.window(settings, nowNanos).good(nowNanos);
    }
  }

  /**
   * Which rows of failures a success can't end any more: those that are about to open the breaker, so that it does not matter in
   * which order a success and the opening come. With a gate, which may have refused it, there are none.
   */
  private int endOfRow() {
    return gate == null ? settings.consecutiveFailures : Integer.MAX_VALUE;
  }

  /** {@link #failed(long, long, long)}, with a reading of the clock. */
  public void failed(long permit, long elapsedNanos) {
    failed(permit, elapsedNanos, settings.clock.nanos());
  }

  /**
   * Reports that a call failed.
   *
   * @param permit what {@link #tryAcquire} gave for it
   * @param elapsedNanos how long it took; a failure that was slow counts as both
   */
  public void failed(long permit, long elapsedNanos, long nowNanos) {
    Phase now = phase;
    if (now instanceof Closed closed && closed.permit == permit) {
      bad(closed, true, elapsedNanos > settings.slowNanos, nowNanos);
    } else {
      settle(now, permit, Result.FAILURE, false, nowNanos);
    }
  }

  /** {@link #abandoned(long, long, long)}, with a reading of the clock. */
  public void abandoned(long permit, long elapsedNanos) {
    abandoned(permit, elapsedNanos, settings.clock.nanos());
  }

  /**
   * Reports that a call was given up before its end, and not because of whom it was made to. If it has taken so long already that
   * it would have been a slow call, it counts as one that did not fail; if not, or if slow calls are not judged, it is like {@link
   * #cancel}.
   *
   * @param permit what {@link #tryAcquire} gave for it
   * @param elapsedNanos how long it had taken by then
   */
  public void abandoned(long permit, long elapsedNanos, long nowNanos) {
    boolean slow = elapsedNanos > settings.slowNanos;
    Phase now = phase;
    if (now instanceof Closed closed && closed.permit == permit) {
      if (slow) {
        bad(closed, false, true, nowNanos);
      }
    } else {
      settle(now, permit, slow ? Result.FAILURE : Result.CANCEL, slow, nowNanos);
    }
  }

  /**
   * Gives a permit back: nothing was learned, perhaps since the call was never made. It counts nowhere.
   *
   * @param permit what {@link #tryAcquire} gave
   */
  public void cancel(long permit) {
    Phase now = phase;
    if (!(now instanceof Closed closed && closed.permit == permit)) {
      // Nothing can have been learned, nor too late.
      settle(now, permit, Result.CANCEL, false, now.sinceNanos);
    }
  }

  /**
   * Makes a call, if it may be made. What it throws is thrown on, and is a failure if {@link Builder#failureIf} says so, or else
   * counts as a success, for the other side has answered. An {@link InterruptedException} tells nothing of the other side, and is
   * as {@link #abandoned}.
   *
   * @throws CircuitBreakerOpenException if it may not be made
   */
  public <T extends @Nullable Object> T call(Callable<T> body) throws Exception {
    Objects.requireNonNull(body, "body");
    long start = settings.clock.nanos();
    long permit = tryAcquire(start);
    if (permit == REJECTED) {
      throw new CircuitBreakerOpenException(this, start);
    }
    T result;
    try {
      result = body.call();
    } catch (InterruptedException e) {
      long end = settings.clock.nanos();
      abandoned(permit, end - start, end);
      throw e;
    } catch (Throwable e) {
      boolean failure = isFailure(e);
      long end = settings.clock.nanos();
      if (failure) {
        failed(permit, end - start, end);
      } else {
        succeeded(permit, end - start, end);
      }
      throw e;
    }
    long end = settings.clock.nanos();
    succeeded(permit, end - start, end);
    return result;
  }

  private boolean isFailure(Throwable thrown) {
    try {
      return settings.failureIf.test(thrown);
    } catch (Throwable e) {
      if (e != thrown) {
        thrown.addSuppressed(e);
      }
      return true;
    }
  }

  /** A failure or a slow call while closed. */
  private void bad(Closed closed, boolean failed, boolean slow, long nowNanos) {
    int row = failed && settings.consecutiveFailures > 0 ? closed.oneMoreInARow() : 0;
    boolean inARow = row > 0 && row >= settings.consecutiveFailures;
    Window window = settings.hasWindow() ? closed.window(settings, nowNanos) : null;
    Verdict verdict = window == null ? Verdict.FINE : window.bad(failed, slow, nowNanos);
    if (inARow) {
      open(closed, () -> row + " failures in a row", nowNanos);
    } else if (window != null && verdict != Verdict.FINE) {
      open(closed, () -> verdict.reason(window.counts(nowNanos)), nowNanos);
    }
  }

  /**
   * Opens it as if too many calls had failed, for a reason that it can't see by itself: that calls don't come to an end at all, say.
   * Without effect if it is not closed, or if its {@link OpenGate} does not let it.
   *
   * @param reason why, for people; what {@link Transition#reason} says
   * @return whether it has opened by this
   */
  public boolean trip(String reason) {
    Objects.requireNonNull(reason, "reason");
    return phase instanceof Closed closed && open(closed, () -> reason, settings.clock.nanos());
  }

  private boolean open(Closed closed, Supplier<String> reason, long nowNanos) {
    if (gate != null && !mayOpen(gate)) {
      return false;
    }
    boolean opened = false;
    try {
      int row = nowNanos - closed.sinceNanos < closed.calmNanos ? closed.row + 1 : 1;
      opened = move(closed, new Open(closed, reason.get(), nowNanos, settings.openNanos(row), row));
    } finally {
      if (!opened) {
        returnPlace();
      }
    }
    return opened;
  }

  /** An outcome of a permit that is not of the present stay in the closed state. */
  private void settle(Phase now, long permit, Result result, boolean slow, long nowNanos) {
    if (permit == UNCOUNTED) {
      return;
    }
    if (!Permits.isPermit(permit, now.generation)) {
      throw new IllegalArgumentException("permit: "
          + (permit == REJECTED ? "REJECTED" : "0x" + Long.toHexString(permit))
          + " (expected: one that tryAcquire has given)");
    }
    if (!(now instanceof HalfOpen halfOpen)
        || Permits.generation(permit) != now.generation
        || !Permits.isTrial(permit)) {
      return; // of an earlier state
    }
    Trial trial = halfOpen.trial;
    switch (trial.settle(Permits.loanOf(permit), result, nowNanos)) {
      case COUNTED -> {
        if (result == Result.FAILURE) {
          reopen(halfOpen, slow ? "a slow call on trial" : "a failure on trial", nowNanos);
        } else if (result == Result.SUCCESS && trial.succeeded()) {
          close(halfOpen, nowNanos);
        }
      }
      case EXPIRED -> {}
      case TWICE ->
        throw new IllegalStateException("permit: 0x" + Long.toHexString(permit)
            + " was reported before (expected: one outcome of each)");
      case NEVER ->
        throw new IllegalArgumentException(
            "permit: 0x" + Long.toHexString(permit) + " (expected: one that tryAcquire has given)");
    }
  }

  /** When all trials have succeeded, by whoever sees it first. */
  private void close(HalfOpen halfOpen, long nowNanos) {
    int row = halfOpen.row;
    move(halfOpen, new Closed(halfOpen, "all trials succeeded", nowNanos, row, halfOpen.openNanos));
  }

  private void reopen(HalfOpen halfOpen, String reason, long nowNanos) {
    int row = halfOpen.row + 1;
    move(halfOpen, new Open(halfOpen, reason, nowNanos, settings.openNanos(row), row));
  }

  /** Whether it is closed. Unlike {@link #state()}, it never makes a transition happen. */
  public boolean isClosed() {
    return phase instanceof Closed;
  }

  /** {@link #state(long)}, with a reading of the clock if it takes one. */
  public State state() {
    Phase now = phase;
    return now instanceof Open ? state(settings.clock.nanos()) : now.state();
  }

  /** The state at a reading of the clock: when the open time is over, the breaker is half-open with this. */
  public State state(long nowNanos) {
    return phaseAt(nowNanos).state();
  }

  private Phase phaseAt(long nowNanos) {
    Phase now = phase;
    while (now instanceof Open open && nowNanos - open.untilNanos >= 0) {
      HalfOpen halfOpen = new HalfOpen(open, settings, nowNanos);
      now = move(open, halfOpen) ? halfOpen : phase;
    }
    return now;
  }

  /**
   * From which reading of the clock on a permit may be given: the end of the open time; if all trials are under way, the time when
   * the first of them expires, unless it ends before; {@code nowNanos} if a permit may be given now. If it is forced open, 146
   * years from now.
   */
  public long retryAtNanos(long nowNanos) {
    Phase now = phaseAt(nowNanos);
    if (now instanceof Open open) {
      return open.untilNanos;
    }
    if (now instanceof HalfOpen halfOpen) {
      return nowNanos + halfOpen.trial.nextInNanos(nowNanos);
    }
    return now.state() == State.FORCED_OPEN ? nowNanos + NEVER_NANOS : nowNanos;
  }

  /** {@link #retryAtNanos(long)}, with a reading of the clock. */
  public long retryAtNanos() {
    return retryAtNanos(settings.clock.nanos());
  }

  /** In how long a permit may be given; zero if now. See {@link #retryAtNanos(long)}. */
  public Duration retryAfter() {
    return retryAfter(settings.clock.nanos());
  }

  /** {@link #retryAfter()} at a reading of the clock. */
  public Duration retryAfter(long nowNanos) {
    return Duration.ofNanos(retryAtNanos(nowNanos) - nowNanos);
  }

  /** Lets no calls through until it is {@link #reset}. A place of the {@link OpenGate} is returned. */
  public void forceOpen() {
    set(State.FORCED_OPEN, "forced open");
  }

  /** Lets all calls through and counts none until it is {@link #reset}. A place of the {@link OpenGate} is returned. */
  public void disable() {
    set(State.DISABLED, "disabled");
  }

  private void set(State state, String reason) {
    long nowNanos = settings.clock.nanos();
    Phase now = phase;
    while (now.state() != state && !move(now, new Manual(now, state, reason, nowNanos))) {
      now = phase;
    }
  }

  /** Closes it, from whichever state, and forgets all but how many calls were rejected and how many transitions there were. */
  public void reset() {
    long nowNanos = settings.clock.nanos();
    Phase now = phase;
    while (!move(now, new Closed(now, "reset", nowNanos, 0, 0))) {
      now = phase;
    }
  }

  /** One transition, or none if another came first. */
  private boolean move(Phase from, Phase to) {
    if (!PHASE.compareAndSet(this, from, to)) {
      return false;
    }
    if (from.holdsPlace() && !to.holdsPlace()) {
      returnPlace();
    }
    if (listener != null) {
      from.next(to);
      tell(listener);
    }
    return true;
  }

  /**
   * Tells of all transitions that were not told of, unless another thread is at it, which then finds them. Each is linked before
   * the flag is asked for, and the flag is given back before the link is looked at again, so that either this thread or that one
   * sees it.
   */
  private void tell(CircuitBreakerListener listener) {
    while (TELLING.compareAndSet(this, false, true)) {
      Phase last = Objects.requireNonNull(told);
      for (Phase next = last.next(); next != null; next = next.next()) {
        last = next;
        if (next.transition != null) {
          try {
            listener.transition(this, next.transition);
          } catch (Throwable e) {
            threw("the listener", listener, e);
          }
        }
      }
      told = last;
      TELLING.setVolatile(this, false);
      if (last.next() == null) {
        return;
      }
    }
  }

  private boolean mayOpen(OpenGate gate) {
    try {
      return gate.mayOpen();
    } catch (Throwable e) {
      threw("the gate", gate, e);
      return false;
    }
  }

  private void returnPlace() {
    if (gate != null) {
      try {
        gate.closed();
      } catch (Throwable e) {
        threw("the gate", gate, e);
      }
    }
  }

  private void threw(String what, Object who, Throwable thrown) {
    if (!threw) {
      threw = true;
      log.error("{}: {} {} threw; further exceptions are not logged", name, what, who, thrown);
    }
  }

  /** How it stands. */
  public CircuitBreakerSnapshot snapshot() {
    long nowNanos = settings.clock.nanos();
    Phase now = phaseAt(nowNanos);
    Window window = now instanceof Closed closed ? closed.window() : null;
    Window.Counts counts = window == null ? Window.Counts.NONE : window.counts(nowNanos);
    Trial trial = now instanceof HalfOpen halfOpen ? halfOpen.trial : null;
    LongAdder rejected = rejections;
    return new CircuitBreakerSnapshot(
        name,
        now.state(),
        Duration.ofNanos(Math.max(0, nowNanos - now.sinceNanos)),
        counts.calls(),
        counts.failures(),
        counts.slow(),
        now instanceof Closed closed ? closed.failuresInARow() : 0,
        trial == null ? 0 : trial.lent(nowNanos),
        trial == null ? 0 : trial.seen(),
        now.row,
        retryAfter(nowNanos),
        rejected == null ? 0 : rejected.sum(),
        now.transitions);
  }

  /** As in {@code orders: half open}. Does not look at the clock. */
  @Override
  public String toString() {
    return name + ": " + phase.state().text();
  }

  /**
   * Collects what a {@link CircuitBreaker} is made of; each setter checks its value. It opens by consecutive failures, by a rate of
   * failures or by a rate of slow calls, whichever of them are set comes first; if none is set, by 10 failures in a row or half of
   * the calls failing.
   *
   * <p>A recipe: each {@link #build} makes another breaker. Those that are built one after the other with nothing but the name, the
   * listener and the gate changed share what they have in common. Not thread-safe.
   */
  public static final class Builder {
    private String name = "circuit breaker";
    int consecutiveFailures;
    double failureRate;
    double slowCallRate;

    @Nullable
    Duration slowCall;

    int countWindow;

    @Nullable
    Duration timeWindow;

    int minimumCalls;
    Duration openTime = Duration.ofSeconds(5);

    @Nullable
    Duration maximumOpenTime;

    double jitter = 0.2;
    int halfOpenPermits = 1;
    int halfOpenSuccesses;
    Duration permitTimeout = Duration.ofMinutes(1);
    Predicate<Throwable> failureIf = e -> true;
    NanoClock clock = NanoClock.system();
    Chance chance = Chance.system();
    private @Nullable CircuitBreakerListener listener;
    private @Nullable OpenGate gate;
    private @Nullable Settings
        settings; // of what is above, but for the name; null after each change

    private Builder() {}

    private Builder(Builder of) {
      this.name = of.name;
      this.consecutiveFailures = of.consecutiveFailures;
      this.failureRate = of.failureRate;
      this.slowCallRate = of.slowCallRate;
      this.slowCall = of.slowCall;
      this.countWindow = of.countWindow;
      this.timeWindow = of.timeWindow;
      this.minimumCalls = of.minimumCalls;
      this.openTime = of.openTime;
      this.maximumOpenTime = of.maximumOpenTime;
      this.jitter = of.jitter;
      this.halfOpenPermits = of.halfOpenPermits;
      this.halfOpenSuccesses = of.halfOpenSuccesses;
      this.permitTimeout = of.permitTimeout;
      this.failureIf = of.failureIf;
      this.clock = of.clock;
      this.chance = of.chance;
      this.listener = of.listener;
      this.gate = of.gate;
      this.settings = of.settings;
    }

    /** A name for messages and snapshots; not blank. */
    public Builder name(String name) {
      if (name.isBlank()) {
        throw new IllegalArgumentException("name: blank (expected: some text)");
      }
      this.name = name;
      return this;
    }

    /**
     * Opens when so many calls in a row have failed. Calls count in the order in which they end; those that are abandoned or
     * cancelled count for nothing.
     *
     * @param failures 1 to 1,000,000; not judged by default
     */
    public Builder consecutiveFailures(int failures) {
      this.consecutiveFailures = within("consecutiveFailures", failures, 1_000_000);
      return changed();
    }

    /**
     * Opens when this share of the calls in the window has failed, or more. Judged with each failure.
     *
     * @param percent above 0 to 100; not judged by default. 0 would be always true
     */
    public Builder failureRate(double percent) {
      this.failureRate = percent("failureRate", percent);
      return changed();
    }

    /**
     * Opens when this share of the calls in the window was {@linkplain #slowCall slow}, or more; whether they failed does not
     * matter. Judged with each slow call.
     *
     * @param percent above 0 to 100; not judged by default. 0 would be always true
     */
    public Builder slowCallRate(double percent) {
      this.slowCallRate = percent("slowCallRate", percent);
      return changed();
    }

    /**
     * A call that takes longer is slow. If slow calls are judged, a slow call on trial counts as a failure.
     *
     * @param longerThan 1 ns to 1 day; no default, and needed for {@link #slowCallRate}
     */
    public Builder slowCall(Duration longerThan) {
      this.slowCall = within("slowCall", longerThan, Duration.ofNanos(1), Duration.ofDays(1));
      return changed();
    }

    /**
     * Rates are those of the last so many calls. By default a time window is used.
     *
     * @param calls 1 to 100,000; a call takes 8 bytes, once there is a failure or a slow call
     */
    public Builder countWindow(int calls) {
      this.countWindow = within("countWindow", calls, 100_000);
      return changed();
    }

    /**
     * Rates are those of the calls that ended within the last so much time, counted in slices of a tenth of it: what is judged are
     * nine tenths at least, and less than all.
     *
     * @param time 10 ms to 1 day; 10 seconds by default, unless there is a {@link #countWindow}
     */
    public Builder timeWindow(Duration time) {
      this.timeWindow = within("timeWindow", time, Duration.ofMillis(10), Duration.ofDays(1));
      return changed();
    }

    /**
     * Rates are not judged before the window holds so many calls.
     *
     * @param calls 1 to 1,000,000, and no more than the count window; 20 by default, or the count window if that is smaller
     */
    public Builder minimumCalls(int calls) {
      this.minimumCalls = within("minimumCalls", calls, 1_000_000);
      return changed();
    }

    /**
     * For how long it stays open when it opens for the first time. Each further time in a row it is twice as long, up to {@link
     * #maximumOpenTime}. A row ends when the breaker has been closed for as long as it was last open: not at once, or a server
     * that comes up and breaks down again would be tried as often as ever.
     *
     * @param initial 1 ms to 1 day; 5 seconds by default
     */
    public Builder openTime(Duration initial) {
      this.openTime = within("openTime", initial, Duration.ofMillis(1), Duration.ofDays(1));
      return changed();
    }

    /**
     * For how long it stays open at most. The same as {@link #openTime} makes each time as long as the first.
     *
     * @param maximum from the open time to 1 day; a minute by default, or the open time if that is longer
     */
    public Builder maximumOpenTime(Duration maximum) {
      this.maximumOpenTime =
          within("maximumOpenTime", maximum, Duration.ofMillis(1), Duration.ofDays(1));
      return changed();
    }

    /**
     * By how much an open time may be shorter, drawn each time, so that many breakers that opened together don't try together.
     *
     * @param share 0 to 1; 0.2 by default, which makes 5 seconds 4 to 5
     */
    public Builder jitter(double share) {
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("jitter: " + share + " (expected: 0 to 1)");
      }
      this.jitter = share;
      return changed();
    }

    /**
     * How many calls on trial may be under way at once when it is half-open.
     *
     * @param permits 1 to 100; 1 by default
     */
    public Builder halfOpenPermits(int permits) {
      this.halfOpenPermits = within("halfOpenPermits", permits, 100);
      return changed();
    }

    /**
     * How many calls on trial must succeed before it closes; no more are let through than are missing. The first that fails opens
     * it again.
     *
     * @param successes from {@link #halfOpenPermits} to 1,000; as many as those by default
     */
    public Builder halfOpenSuccesses(int successes) {
      this.halfOpenSuccesses = within("halfOpenSuccesses", successes, 1_000);
      return changed();
    }

    /**
     * How long a call on trial may take. After that its permit may be given to another call, and what becomes of it is ignored.
     * Longer than any call that is worth waiting for, or the breaker does not close: it is there for permits that got lost.
     *
     * @param timeout 10 ms to 1 day, kept to within 3 ms; a minute by default
     */
    public Builder permitTimeout(Duration timeout) {
      this.permitTimeout =
          within("permitTimeout", timeout, Duration.ofMillis(10), Duration.ofDays(1));
      return changed();
    }

    /** Which exceptions of {@link CircuitBreaker#call} are failures. All by default. */
    public Builder failureIf(Predicate<Throwable> predicate) {
      this.failureIf = Objects.requireNonNull(predicate, "predicate");
      return changed();
    }

    /** Who hears of changes of state. Nobody by default. */
    public Builder listener(CircuitBreakerListener listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /** Who has a say in whether it may open. Nobody by default. */
    public Builder gate(OpenGate gate) {
      this.gate = Objects.requireNonNull(gate, "gate");
      return this;
    }

    /** The clock. The system's by default. */
    public Builder time(NanoClock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return changed();
    }

    /** Where the jitter comes from. The system's by default. */
    public Builder chance(Chance chance) {
      this.chance = Objects.requireNonNull(chance, "chance");
      return changed();
    }

    /** Another builder with the same settings. */
    public Builder copy() {
      return new Builder(this);
    }

    /**
     * A breaker, closed.
     *
     * @throws IllegalStateException if settings contradict each other
     */
    public CircuitBreaker build() {
      Settings present = settings;
      if (present == null) {
        check();
        present = new Settings(this);
        settings = present;
      }
      return new CircuitBreaker(this, present);
    }

    private void check() {
      refuseIf(countWindow > 0 && timeWindow != null, "countWindow and timeWindow: one of them");
      refuseIf(slowCallRate > 0 && slowCall == null, "slowCallRate without slowCall: both or none");
      refuseIf(
          slowCall != null && slowCallRate == 0, "slowCall without slowCallRate: both or none");
      refuseIf(
          countWindow > 0 && minimumCalls > countWindow,
          "minimumCalls: " + minimumCalls + ", countWindow: " + countWindow
              + ": no more calls than the window holds");
      refuseIf(
          slowCall != null && slowCall.compareTo(permitTimeout) >= 0,
          "slowCall: " + slowCall + ", permitTimeout: " + permitTimeout
              + ": longer, or no trial could be slow");
      boolean noRate = consecutiveFailures > 0 && failureRate == 0 && slowCallRate == 0;
      refuseIf(
          noRate && (countWindow > 0 || timeWindow != null || minimumCalls > 0),
          (countWindow > 0 ? "countWindow" : timeWindow != null ? "timeWindow" : "minimumCalls")
              + " without failureRate and slowCallRate: they are what it is for");
      refuseIf(
          maximumOpenTime != null && maximumOpenTime.compareTo(openTime) < 0,
          "openTime: " + openTime + ", maximumOpenTime: " + maximumOpenTime + ": no shorter");
      refuseIf(
          halfOpenSuccesses > 0 && halfOpenSuccesses < halfOpenPermits,
          "halfOpenPermits: " + halfOpenPermits + ", halfOpenSuccesses: " + halfOpenSuccesses
              + ": no fewer");
    }

    private static void refuseIf(boolean wrong, String what) {
      if (wrong) {
        throw new IllegalStateException(what);
      }
    }

    private Builder changed() {
      settings = null;
      return this;
    }

    private static int within(String what, int value, int most) {
      if (value < 1 || value > most) {
        throw new IllegalArgumentException(what + ": " + value + " (expected: 1 to " + most + ")");
      }
      return value;
    }

    private static double percent(String what, double value) {
      if (!(value > 0 && value <= 100)) {
        throw new IllegalArgumentException(
            what + ": " + value + " (expected: above 0 to 100; 0 would be always true)");
      }
      return value;
    }

    private static Duration within(String what, Duration value, Duration least, Duration most) {
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            what + ": " + value + " (expected: " + least + " to " + most + ")");
      }
      return value;
    }
  }
}
