package io.fairlead.concurrency;

import io.fairlead.time.TimeSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What makes a limit find its number: it tries. In turns a part of the places is kept free, and then all are given out; if
 * requests took longer then, the limit is above the knee, else below it.
 *
 * <p>Why not compare with the shortest time ever seen, as Vegas does, or with the mean over a long time, as Netflix' Gradient2?
 * The former is not known to who starts on a busy server, and is almost zero if service times vary; the latter follows the load,
 * and the limit follows it upwards. The slope between two phases needs no such memory, so it is right from the first pair of
 * phases on, and after the server has changed.
 *
 * <p>Response times are averaged as logarithms. A mean is then a matter of factors; a pause or a few slow answers don't outweigh a
 * hundred others; and short answers, of which there are none once requests queue, count as much as long ones, which shows a queue
 * more than twice as clearly as their plain mean.
 *
 * <p>A phase lasts a power of two of 268 ms, by the wall clock, at least 5 response times; its beginning is left out, when
 * answers are still to come that belong to the one before. By the wall clock, so that all clients of a server keep places free at
 * the same time. Each by itself would see only its own share of what changes, take it for less than it is, and grow.
 *
 * <p>An outcome costs two additions to shared words; if there are many, only one in 2, 4, 8 … is looked at. Whoever comes when a
 * phase is over ends it, and others go on meanwhile; what they add at that moment may count for the next phase.
 */
final class Adaptation {

  private static final long SHORTEST_NANOS = 1L << 28;
  private static final long LONGEST_NANOS = 1L << 36;
  private static final int TYPICAL_TIMES = 5;
  private static final double SKIPPED_TIMES = 1.5;
  private static final int LEAST_SAMPLES = 10;
  private static final int ENOUGH_SAMPLES = 1 << 12;

  /** Of the places, this share of what is given out must be taken for the limit to be raised. */
  private static final double USED = 0.8;

  /** By how many octaves less is given out at times: by 3 standard errors of the difference to be seen, within bounds. */
  private static final double ERRORS = 3;

  private static final double LEAST_OCTAVES = 0.15;
  private static final double MOST_OCTAVES = 0.6;

  /** After so many steps to and fro, places are kept free in one of four phases only, which costs less throughput. */
  private static final int CALM = 3;

  /** After so many steps the same way it is no longer at rest. */
  private static final int LONG_RUN = 3;

  /** One outcome in so many that is dropped is a reason to give out less. */
  private static final int DROPPED = 50;

  private static final double LESS = 0.9;

  // A word of samples: their number, and the sum of their logarithms in 256ths of an octave.
  private static final int COUNT_SHIFT = 40;
  private static final long SUM = (1L << COUNT_SHIFT) - 1;
  private static final double PER_OCTAVE = 256;

  private static final VarHandle SAMPLES;
  private static final VarHandle FLIGHT;
  private static final VarHandle DROPS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SAMPLES = lookup.findVarHandle(Adaptation.class, "samples", long.class);
      FLIGHT = lookup.findVarHandle(Adaptation.class, "flight", long.class);
      DROPS = lookup.findVarHandle(Adaptation.class, "drops", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ConcurrencyLimit owner;
  private final Places places;
  private final TimeSource time;
  private final Kind kind;
  private final int minimum;
  private final int maximum;

  private volatile long samples;

  @SuppressWarnings("UnusedVariable") // but for FLIGHT
  private volatile long flight; // the sum of what was in flight at each sample

  @SuppressWarnings("UnusedVariable") // but for DROPS
  private volatile int drops;

  private volatile Phase phase;
  private volatile int limit;
  private volatile long outcomes; // in the last phase

  // Below: only by who has set this.
  private final AtomicBoolean turning = new AtomicBoolean();
  private final Evidence evidence = new Evidence();
  private double exact; // the limit before rounding
  private double factor = Kind.FIRST_FACTOR;
  private int run; // steps in a row up, or if negative down
  private int turns; // changes of direction, since there was a long run
  private double typical; // response time, as a logarithm
  private double octaves = 2 * LEAST_OCTAVES;
  private long lastLess;
  private boolean less; // since drops said so, after the low phase began
  private boolean afterLow;
  private double lowMean;
  private double lowFlight;
  private boolean lowUsed;
  private long lowCount;

  /** What is given out for some time. Immutable. */
  private static final class Phase {
    private final boolean low;
    private final int places;
    private final long from;
    private final long until;
    private final int shift; // one sample in 2 to this many is looked at

    Phase(boolean low, int places, long from, long until, int shift) {
      this.low = low;
      this.places = places;
      this.from = from;
      this.until = until;
      this.shift = shift;
    }

    /** Whether this one of many is looked at: a hash, since clocks may be coarse. */
    boolean skips(long elapsed, long now) {
      return shift > 0 && ((now ^ elapsed) * 0x9e3779b97f4a7c15L) >>> (Long.SIZE - shift) != 0;
    }
  }

  Adaptation(ConcurrencyLimit owner, Places places, ConcurrencyLimit.Builder builder) {
    this.owner = owner;
    this.places = places;
    this.time = builder.time;
    this.kind = builder.kind;
    this.minimum = builder.minimum;
    this.maximum = builder.maximum;
    this.exact = builder.initial;
    this.limit = builder.initial;
    long now = time.nanos();
    this.lastLess = now - SHORTEST_NANOS;
    this.phase = new Phase(false, builder.initial, now, now + SHORTEST_NANOS, 0);
  }

  int limit() {
    return limit;
  }

  void observe(long elapsed, boolean dropped, long now) {
    if (dropped) {
      dropped(now);
      return;
    }
    Phase current = phase;
    if (now - current.from < 0) {
      return;
    }
    if (!current.skips(elapsed, now)) {
      SAMPLES.getAndAdd(this, (1L << COUNT_SHIFT) + log(elapsed));
      FLIGHT.getAndAdd(this, (long) places.taken());
    }
    if (now - current.until >= 0) {
      turn(current, now);
    }
  }

  /** In 256ths of an octave, and straight between octaves, which is off by the same for all that is compared. */
  static int log(long elapsed) {
    int bits = Float.floatToRawIntBits((float) (elapsed + 1)) >>> 15;
    return bits - (127 << 8);
  }

  private void dropped(long now) {
    int dropped = (int) DROPS.getAndAdd(this, 1) + 1;
    if (dropped <= outcomes / DROPPED || !turning.compareAndSet(false, true)) {
      return;
    }
    int before = limit;
    try {
      // Answers to what was sent before the last time that it was given out less tell nothing of
      // that.
      if (now - lastLess >= Math.max(SHORTEST_NANOS, (long) Math.pow(2, typical))) {
        lastLess = now;
        less = true;
        drops = 0;
        run = 0;
        evidence.forget();
        set(exact * LESS);
        owner.open(Math.min(places.allowed(), limit));
      }
    } finally {
      turning.set(false);
    }
    owner.tell(before, limit);
  }

  private void turn(Phase current, long now) {
    if (!turning.compareAndSet(false, true)) {
      return;
    }
    int before = limit;
    try {
      if (phase == current) {
        end(current, now);
      }
    } finally {
      turning.set(false);
    }
    owner.tell(before, limit);
  }

  private void end(Phase current, long now) {
    if (samples >>> COUNT_SHIFT < LEAST_SAMPLES) {
      if (current.shift > 0) { // there are far fewer than there were
        phase = new Phase(current.low, current.places, current.from, current.until, 0);
      }
      return;
    }
    long taken = (long) SAMPLES.getAndSet(this, 0L);
    long flown = (long) FLIGHT.getAndSet(this, 0L);
    long count = taken >>> COUNT_SHIFT;
    double mean = (taken & SUM) / PER_OCTAVE / count;
    double inFlight = (double) flown / count;
    boolean used = inFlight >= USED * current.places;
    if (current.low) {
      afterLow = true;
      lowMean = mean;
      lowFlight = inFlight;
      lowUsed = used;
      lowCount = count;
      less = false;
    } else if (afterLow) {
      afterLow = false;
      compare(mean, inFlight, used || lowUsed, count);
    } else if (limit == 1 && used && !less) {
      set(2); // with one place there is none to keep free
    }
    outcomes = count << current.shift;
    drops = 0;
    begin(mean, now);
  }

  private void compare(double mean, double inFlight, boolean used, long count) {
    double error = Evidence.error(count, lowCount);
    octaves = Math.max(LEAST_OCTAVES, Math.min(MOST_OCTAVES, ERRORS * error));
    evidence.add(mean - lowMean, log2(inFlight / lowFlight), error);
    double pull = 2 * (Evidence.NEITHER - evidence.slope());
    if (!evidence.suffices() || (pull > 0 && (!used || less))) {
      return;
    }
    evidence.forget();
    boolean up = pull > 0;
    factor = Kind.factor(factor, up == run > 0);
    if (run != 0 && up != run > 0) {
      turns++;
      run = 0;
    }
    run += up ? 1 : -1;
    if (Math.abs(run) >= LONG_RUN) {
      turns = 0;
    }
    // Where it goes to and fro, two steps the same way may be chance, and don't grow yet.
    set(kind.next(exact, pull, turns == 0 ? Math.abs(run) : 1, factor));
  }

  private void begin(double mean, long now) {
    typical = typical == 0 || mean > typical + 1 ? mean : typical + 0.3 * (mean - typical);
    double answering = Math.pow(2, Math.max(typical, mean));
    long length = SHORTEST_NANOS;
    while (length < TYPICAL_TIMES * Math.pow(2, typical) && length < LONGEST_NANOS) {
      length <<= 1;
    }
    // A phase of which three quarters are over already is left out.
    long wall = wallNanos();
    long number = Math.floorDiv(wall + length / 4, length);
    int every = turns >= CALM ? 4 : 2;
    boolean low = Math.floorMod(number, every) == every - 1 && limit > 1;
    long last = low ? number : number - Math.floorMod(number, every) + every - 2;
    int given = low
        ? (int) Math.max(1, Math.min(limit - 1, Math.round(exact * Math.pow(2, -octaves))))
        : limit;
    long skipped = (long) Math.min(SKIPPED_TIMES * answering, length / 2.0);
    int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(outcomes / ENOUGH_SAMPLES));
    owner.open(given);
    phase = new Phase(low, given, now + skipped, now + ((last + 1) * length - wall), shift);
  }

  private long wallNanos() {
    Instant wall = time.instant();
    return wall.getEpochSecond() * 1_000_000_000L + wall.getNano();
  }

  private void set(double next) {
    exact = Math.max(minimum, Math.min(maximum, next));
    limit = (int) Math.round(exact);
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
