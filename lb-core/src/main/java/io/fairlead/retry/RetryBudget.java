package io.fairlead.retry;

import io.fairlead.time.TimeSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A budget for retries: a share of the requests, and beyond that a few per second, over a window. It keeps retries from turning
 * an outage into a storm: when everything fails, each retry is one more request that fails.
 *
 * <pre>{@code
 * RetryBudget budget = RetryBudget.builder().build(); // one retry in five requests, and ten a second
 * …
 * budget.deposit(now); // for each request
 * …
 * if (failed && budget.tryWithdraw(now)) { // for each retry
 *   …
 * }
 * }</pre>
 *
 * <p>The rule: in the window that ends with a withdrawal, there are at most {@code share × deposits + floor × window} withdrawals,
 * that one included, and less what was refunded. It is never broken. Time is counted in slices, each a tenth of the window: the
 * budget counts deposits for at least nine tenths of the window and never for longer than all of it, withdrawals for at least the
 * window and never for more than eleven tenths, so it may refuse what the rule would just allow. It begins with {@code floor ×
 * window}.
 *
 * <p>The idea, and the defaults, are those of Finagle's {@code RetryBudget}, which keeps what was deposited in a leaky token
 * bucket; there one that was full may be spent twice within a window.
 *
 * <p>Thread-safe and lock-free. What is counted in the very moment in which a slice ends may count for the next one. A retry that is hedged is a retry too, but better has a budget of its own.
 */
public final class RetryBudget {

  private static final int SLICES = 10;
  private static final long UNIT = 1_000_000; // of the share

  private static final VarHandle PRESENT;

  static {
    try {
      PRESENT = MethodHandles.lookup().findVarHandle(RetryBudget.class, "slices", Slices.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long share;
  private final long floor;
  private final long sliceNanos;
  private final TimeSource time;
  private final long origin;
  private final AtomicLong deposited = new AtomicLong();
  private final AtomicLong withdrawn = new AtomicLong(); // less what was refunded
  private volatile Slices slices;

  private RetryBudget(Builder builder) {
    this.share = Math.round(builder.share * UNIT);
    this.sliceNanos = builder.windowNanos / SLICES;
    this.floor = Math.round(builder.floor * (sliceNanos * SLICES) / 1e9 * UNIT);
    this.time = builder.time;
    this.origin = time.nanos();
    this.slices = new Slices(0, new long[SLICES + 1], new long[SLICES + 1]);
  }

  /**
   * The counters as they were when slices began: that of the present one last. Immutable, so that one step leads from one slice
   * to the next.
   */
  private static final class Slices {
    private final long number;
    private final long[] deposited;
    private final long[] withdrawn;

    Slices(long number, long[] deposited, long[] withdrawn) {
      this.number = number;
      this.deposited = deposited;
      this.withdrawn = withdrawn;
    }

    /** What it was before the oldest slice that is in the window as a whole. */
    long depositedBefore() {
      return deposited[1];
    }

    /** What it was before the oldest slice of which any part is in the window. */
    long withdrawnBefore() {
      return withdrawn[0];
    }

    Slices at(long later, long depositedNow, long withdrawnNow) {
      return new Slices(
          later,
          shifted(deposited, later - number, depositedNow),
          shifted(withdrawn, later - number, withdrawnNow));
    }

    private static long[] shifted(long[] counters, long by, long now) {
      long[] shifted = new long[counters.length];
      for (int i = 0; i < counters.length; i++) {
        shifted[i] = i + by < counters.length ? counters[(int) (i + by)] : now;
      }
      return shifted;
    }
  }

  /** A builder with the defaults: a share of 0.2, a floor of 10 per second, a window of 10 s. */
  public static Builder builder() {
    return new Builder();
  }

  /** Counts a request, by which the budget grows. */
  public void deposit() {
    deposit(time.nanos());
  }

  /**
   * Counts a request, by which the budget grows.
   *
   * @param nowNanos the time, on this budget's clock
   */
  public void deposit(long nowNanos) {
    slices(nowNanos);
    deposited.getAndIncrement();
  }

  /** Takes one retry out of the budget. */
  public boolean tryWithdraw() {
    return tryWithdraw(time.nanos());
  }

  /**
   * Takes one retry out of the budget.
   *
   * @param nowNanos the time, on this budget's clock
   * @return whether there was one; if not, nothing has changed
   */
  public boolean tryWithdraw(long nowNanos) {
    while (true) {
      Slices window = slices(nowNanos);
      long before = withdrawn.get();
      if (balance(window, before) < 1) {
        return false;
      }
      if (withdrawn.compareAndSet(before, before + 1)) {
        return true;
      }
    }
  }

  /** Gives back a withdrawal that was not used after all. Without effect if the window no longer has any. */
  public void refund() {
    refund(time.nanos());
  }

  /**
   * Gives back a withdrawal that was not used after all. Without effect if the window no longer has any.
   *
   * @param nowNanos the time, on this budget's clock
   */
  public void refund(long nowNanos) {
    Slices window = slices(nowNanos);
    long before = withdrawn.get();
    while (before > window.withdrawnBefore() && !withdrawn.compareAndSet(before, before - 1)) {
      before = withdrawn.get();
    }
  }

  /** How many retries there are in the budget. */
  public long balance() {
    return balance(time.nanos());
  }

  /**
   * How many retries there are in the budget.
   *
   * @param nowNanos the time, on this budget's clock
   */
  public long balance(long nowNanos) {
    return Math.max(0, balance(slices(nowNanos), withdrawn.get()));
  }

  private long balance(Slices window, long withdrawnNow) {
    long requests = deposited.get() - window.depositedBefore();
    return (requests * share + floor) / UNIT - (withdrawnNow - window.withdrawnBefore());
  }

  /** The present slices. A reading from before the last one that was seen counts as that one. */
  private Slices slices(long nowNanos) {
    Slices last = slices;
    while (nowNanos - origin >= (last.number + 1) * sliceNanos) {
      Slices next = last.at((nowNanos - origin) / sliceNanos, deposited.get(), withdrawn.get());
      if (PRESENT.compareAndSet(this, last, next)) {
        return next;
      }
      last = slices;
    }
    return last;
  }

  /** How it stands now. */
  public Snapshot snapshot() {
    Slices window = slices(time.nanos());
    long withdrawnNow = withdrawn.get();
    return new Snapshot(
        deposited.get() - window.depositedBefore(),
        withdrawnNow - window.withdrawnBefore(),
        Math.max(0, balance(window, withdrawnNow)));
  }

  /** As in {@code RetryBudget 17 left, 100 deposited and 103 withdrawn in the window}. */
  @Override
  public String toString() {
    Snapshot now = snapshot();
    return "RetryBudget " + now.balance() + " left, " + now.deposits() + " deposited and "
        + now.withdrawals() + " withdrawn in the window";
  }

  /**
   * How a budget stands at one moment; its numbers are read one after the other.
   *
   * @param deposits how many requests there were in the window
   * @param withdrawals how many retries, less what was refunded
   * @param balance how many retries are left
   */
  public record Snapshot(long deposits, long withdrawals, long balance) {}

  /**
   * Collects what budgets are made of; each setter checks its value. A recipe: each {@link #build} makes another budget. Not
   * thread-safe.
   */
  public static final class Builder {
    private double share = 0.2;
    private double floor = 10;
    private long windowNanos = Duration.ofSeconds(10).toNanos();
    private TimeSource time = TimeSource.system();

    private Builder() {}

    /**
     * How many retries there may be for each request.
     *
     * @param retriesPerRequest 0 to 1; 0.2 by default, counted to the millionth
     */
    public Builder share(double retriesPerRequest) {
      if (!(retriesPerRequest >= 0 && retriesPerRequest <= 1)) {
        throw new IllegalArgumentException("share: " + retriesPerRequest + " (expected: 0 to 1)");
      }
      this.share = retriesPerRequest;
      return this;
    }

    /**
     * How many retries there may be beyond that, for clients that make few requests.
     *
     * @param retriesPerSecond 0 to 1,000,000; 10 by default
     */
    public Builder floor(double retriesPerSecond) {
      if (!(retriesPerSecond >= 0 && retriesPerSecond <= 1_000_000)) {
        throw new IllegalArgumentException(
            "floor: " + retriesPerSecond + " (expected: 0 to 1000000 per second)");
      }
      this.floor = retriesPerSecond;
      return this;
    }

    /**
     * For how long requests count. A longer one lets through longer bursts.
     *
     * @param length 100 ms to 1 hour; 10 s by default
     */
    public Builder window(Duration length) {
      Objects.requireNonNull(length, "window");
      if (length.compareTo(Duration.ofMillis(100)) < 0
          || length.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("window: " + length + " (expected: 100 ms to 1 h)");
      }
      this.windowNanos = length.toNanos();
      return this;
    }

    /** The clocks, for tests. */
    public Builder time(TimeSource time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /** Another builder with the same settings. */
    public Builder copy() {
      Builder copy = new Builder();
      copy.share = share;
      copy.floor = floor;
      copy.windowNanos = windowNanos;
      copy.time = time;
      return copy;
    }

    /** A budget of its own, that knows nothing of others made of the same builder. */
    public RetryBudget build() {
      return new RetryBudget(this);
    }
  }
}
