package io.fairlead.retry;

import io.fairlead.time.TimeSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;

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
 * <p>The rule: in the window that ends with a withdrawal, there are at most {@code share × deposits + floor × window}
 * withdrawals, that one included. It is never broken, however many threads there are. Time is counted in slices, each a tenth
 * of the window: the budget counts deposits for at least nine tenths of the window and never for longer than all of it,
 * withdrawals for at least the window and never for more than eleven tenths, so it may refuse what the rule would just allow.
 * It begins with {@code floor × window}.
 *
 * <p>What happens takes effect at one moment between call and return, and belongs to the slice of the latest reading of the clock
 * that any thread has brought until then: who comes with an older one counts for that slice.
 *
 * <p>The idea, and the defaults, are those of Finagle's {@code RetryBudget}, which keeps what was deposited in a leaky token
 * bucket.
 *
 * <p>Thread-safe and lock-free. A hedge is a retry too, and better has a budget of its own besides.
 */
public final class RetryBudget {

  private static final int SLICES = 10;
  private static final long UNIT = 1_000_000; // of the share

  private static final VarHandle PRESENT;

  static {
    try {
      PRESENT = MethodHandles.lookup().findVarHandle(RetryBudget.class, "present", Slice.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long share;
  private final long floor;
  private final long sliceNanos;
  private final TimeSource time;
  private final long origin;
  private volatile Slice present;

  private RetryBudget(Builder builder) {
    this.share = Math.round(builder.share * UNIT);
    this.sliceNanos = (builder.windowNanos - 1) / SLICES + 1;
    this.floor = Math.round(builder.floor * (sliceNanos * SLICES) / 1e9 * UNIT);
    this.time = builder.time;
    this.origin = time.nanos();
    this.present = new Slice(0, new long[SLICES + 1], new long[SLICES + 1]);
  }

  /**
   * One slice of time: what was counted before it, and one word for what is counted in it. To end it is to close the word, which
   * nobody can change from then on; whoever finds it closed makes the next slice of it, all alike, and one of them publishes it.
   * So there is no moment at which two slices count, and a word that is not closed is that of the present one.
   *
   * <p>The word: bits 0 to 31 are the deposits in this slice, 32 to 62 the withdrawals in the window, and the sign says that it
   * is closed. Who withdraws has checked the very numbers that it changes.
   */
  private static final class Slice {
    private static final long DEPOSITS = (1L << 32) - 1;
    private static final int SHIFT = 32;
    private static final long WITHDRAWAL = 1L << SHIFT;
    private static final long WITHDRAWALS = Integer.MAX_VALUE;
    private static final long CLOSED = Long.MIN_VALUE;

    private static final VarHandle WORD;

    static {
      try {
        WORD = MethodHandles.lookup().findVarHandle(Slice.class, "word", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final long number;

    // What all had come to when slices began: the present one last.
    private final long[] deposited;
    private final long[] withdrawn;

    private volatile long word;

    Slice(long number, long[] deposited, long[] withdrawn) {
      this.number = number;
      this.deposited = deposited;
      this.withdrawn = withdrawn;
      this.word = (withdrawn[SLICES] - withdrawn[0]) << SHIFT;
    }

    /** Those in slices that are in the window as a whole. */
    long deposits(long word) {
      return deposited[SLICES] - deposited[1] + (word & DEPOSITS);
    }

    /** Those in slices of which any part is in the window. */
    static long withdrawals(long word) {
      return word >>> SHIFT & WITHDRAWALS;
    }

    /** False if something else has happened meanwhile. */
    boolean change(long before, long after) {
      return WORD.compareAndSet(this, before, after);
    }

    /** Ends this one, and returns that of a later number. */
    Slice next(long later) {
      long last = (long) WORD.getAndBitwiseOr(this, CLOSED);
      return new Slice(
          later,
          shifted(deposited, later - number, deposited[SLICES] + (last & DEPOSITS)),
          shifted(withdrawn, later - number, withdrawn[0] + withdrawals(last)));
    }

    /** How far the counters had come when each slice began, the oldest first. */
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
    while (true) {
      Slice slice = slice(nowNanos);
      long word = slice.word;
      if (word < 0) {
        turn(slice, nowNanos);
      } else if ((word & Slice.DEPOSITS) == Slice.DEPOSITS || slice.change(word, word + 1)) {
        return; // beyond four billion in a slice the budget does not grow
      }
    }
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
      Slice slice = slice(nowNanos);
      long word = slice.word;
      if (word < 0) {
        turn(slice, nowNanos);
      } else if (balance(slice, word) < 1) {
        return false;
      } else if (slice.change(word, word + Slice.WITHDRAWAL)) {
        return true;
      }
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
    return snapshot(nowNanos).balance();
  }

  /** May be negative: what was deposited may have left the window before what was withdrawn. */
  private long balance(Slice slice, long word) {
    long withdrawals = Slice.withdrawals(word);
    long allowed = (slice.deposits(word) * share + floor) / UNIT;
    return Math.min(allowed, Slice.WITHDRAWALS) - withdrawals;
  }

  /** The present slice. A reading from before the last one that was seen counts as that one. */
  private Slice slice(long nowNanos) {
    Slice last = present;
    while (nowNanos - origin >= (last.number + 1) * sliceNanos) {
      turn(last, nowNanos);
      last = present;
    }
    return last;
  }

  /** Puts the next slice in place of one, unless that was done already. */
  private void turn(Slice last, long nowNanos) {
    long later = Math.max(last.number + 1, (nowNanos - origin) / sliceNanos);
    PRESENT.compareAndSet(this, last, last.next(later));
  }

  /** How it stands now. */
  public Snapshot snapshot() {
    return snapshot(time.nanos());
  }

  private Snapshot snapshot(long nowNanos) {
    while (true) {
      Slice slice = slice(nowNanos);
      long word = slice.word;
      if (word >= 0) {
        return new Snapshot(
            slice.deposits(word), Slice.withdrawals(word), Math.max(0, balance(slice, word)));
      }
      turn(slice, nowNanos);
    }
  }

  /** As in {@code RetryBudget 17 left, 100 deposited and 103 withdrawn in the window}. */
  @Override
  public String toString() {
    Snapshot now = snapshot();
    return "RetryBudget " + now.balance() + " left, " + now.deposits() + " deposited and "
        + now.withdrawals() + " withdrawn in the window";
  }

  /**
   * How a budget stands at one moment.
   *
   * @param deposits how many requests there were in the window
   * @param withdrawals how many retries
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
     * @param length 100 ms to 1 hour, rounded up to 10 ns; 10 s by default
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
