package io.fairlead.concurrency;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;

/** What makes a limit move. */
final class Adaptation {

  private static final int MIN_SAMPLES = 10;
  private static final long SLOT_NANOS = 1L << 28;
  private static final int COUNT_SHIFT = 40;
  private static final long SUM = (1L << COUNT_SHIFT) - 1;
  private static final double LOW = 0.8;

  private static final VarHandle SAMPLES;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SAMPLES = lookup.findVarHandle(Adaptation.class, "samples", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Phase {
    final boolean low;
    final int places;
    final long from;
    final long until;

    Phase(boolean low, int places, long from, long until) {
      this.low = low;
      this.places = places;
      this.from = from;
      this.until = until;
    }
  }

  private final ConcurrencyLimit owner;
  private final int minimum;
  private final int maximum;
  private final long wallOffset; // wall clock less nanos

  private volatile long samples;
  private final AtomicBoolean turning = new AtomicBoolean();
  private volatile Phase phase;
  private volatile boolean reached;
  private volatile int limit;

  // guarded by turning
  private double exact;
  private double highMean;
  private double lowMean;
  private long highCount;
  private long lowCount;
  private int highPlaces;
  private int lowPlaces;
  private int streak;
  private long lastDrop;

  Adaptation(ConcurrencyLimit owner, ConcurrencyLimit.Builder builder) {
    this.owner = owner;
    this.minimum = builder.minimum;
    this.maximum = builder.maximum;
    this.exact = builder.initial;
    this.limit = builder.initial;
    Instant wall = builder.time.instant();
    long now = builder.time.nanos();
    this.wallOffset = wall.getEpochSecond() * 1_000_000_000L + wall.getNano() - now;
    this.lastDrop = now - (1L << 40);
    this.phase = new Phase(false, builder.initial, now, now + SLOT_NANOS);
  }

  int limit() {
    return limit;
  }

  void refused() {
    if (!reached) {
      reached = true;
    }
  }

  void observe(long elapsed, boolean dropped, long now) {
    if (dropped) {
      drop(now);
      return;
    }
    Phase current = phase;
    if (now - current.from < 0) {
      return;
    }
    SAMPLES.getAndAdd(this, (1L << COUNT_SHIFT) + log(elapsed));
    if (now - current.until >= 0) {
      turn(current, now);
    }
  }

  /** In 256ths of an octave. */
  static int log(long elapsed) {
    int bits = Float.floatToRawIntBits((float) (elapsed + 1)) >>> 15;
    return bits - 0x7f00;
  }

  private void drop(long now) {
    if (!turning.compareAndSet(false, true)) {
      return;
    }
    int before = limit;
    try {
      if (now - lastDrop >= SLOT_NANOS) {
        lastDrop = now;
        streak = 0;
        set(exact * 0.9);
        owner.open(Math.min(owner.open(), limit));
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
      if (phase == current && samples >>> COUNT_SHIFT >= MIN_SAMPLES) {
        next(current, now);
      }
    } finally {
      turning.set(false);
    }
    owner.tell(before, limit);
  }

  private void next(Phase current, long now) {
    long taken = (long) SAMPLES.getAndSet(this, 0L);
    long count = taken >>> COUNT_SHIFT;
    double mean = (double) (taken & SUM) / count / 256;
    if (current.low) {
      lowMean = mean;
      lowCount = count;
      lowPlaces = current.places;
    } else {
      highMean = mean;
      highCount = count;
      highPlaces = current.places;
    }
    if (lowCount > 0 && highCount > 0 && reached) {
      adapt();
    }
    reached = false;
    double typical = Math.pow(2, mean);
    long length = SLOT_NANOS;
    while (length < 12 * typical && length < 1L << 36) {
      length <<= 1;
    }
    long wall = now + wallOffset;
    long number = Math.floorDiv(wall + length / 4, length);
    boolean low = (number & 1) == 1 && limit > 1;
    int places = low ? (int) Math.min(limit - 1, Math.round(limit * LOW)) : limit;
    long skip = (long) Math.min(3 * typical, length / 2.0);
    owner.open(places);
    phase = new Phase(low, places, now + skip, (number + 1) * length - wallOffset);
  }

  private void adapt() {
    double octaves = Math.log((double) highPlaces / lowPlaces) / Math.log(2);
    double e = octaves == 0 ? 0 : Math.max(-1, Math.min(2, (highMean - lowMean) / octaves));
    double n = (double) highCount * lowCount / (highCount + lowCount);
    double w = n / (n + 50);
    if (e < 0.25) {
      streak = Math.min(streak + 1, 5);
    } else {
      streak = 0;
    }
    double gain = 0.2 * (1 << Math.max(0, streak - 1));
    set(exact * Math.pow(2, Math.min(1, gain * w * (0.5 - e))));
  }

  private void set(double next) {
    exact = Math.max(minimum, Math.min(maximum, next));
    limit = (int) Math.round(exact);
  }
}
