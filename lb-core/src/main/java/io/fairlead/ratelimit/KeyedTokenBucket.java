package io.fairlead.ratelimit;

import com.github.benmanes.caffeine.cache.Caffeine;
import io.fairlead.time.Chance;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits how often something happens for each of many keys, such as clients, addresses or API keys, all by the same
 * {@linkplain RateLimit limits}.
 *
 * <pre>{@code
 * KeyedTokenBucket<String> perClient =
 *     KeyedTokenBucket.<String>builder().limit(RateLimit.perSecond(10)).maximumKeys(1_000_000).build();
 * if (perClient.tryAcquire(clientId)) {
 *   …
 * }
 * }</pre>
 *
 * <p>What holds for a {@link TokenBucket} holds for that of each key. A key takes room from its first request until it is
 * forgotten: when other keys come, three quarters of the room are taken, and its bucket is full again. Not before, so no key is
 * granted more for having been forgotten.
 *
 * <p>There is room for {@link Builder#maximumKeys} keys. Keys that come when there is none left, and nobody's bucket is full, share a
 * few spare buckets, until there is room: together they get no more than one key does alone from each of these. So a flood of keys
 * can neither use up the memory, nor make a key forgotten that is being limited, nor get any single key more than its due; but it
 * does take from other <em>new</em> keys as long as it lasts. {@link #overflowed} counts how often that happened, and a warning is
 * logged the first time.
 *
 * <p>Keys need {@code equals} and {@code hashCode} as keys of a map do. Where strangers choose them, keys that are
 * {@link Comparable}, as strings are, stay fast even if all have the same hash.
 *
 * <p>Thread-safe, lock-free and without allocation for keys that it knows.
 *
 * @param <K> what tells apart those who are limited
 */
public final class KeyedTokenBucket<K> {

  /*
   * The value of a key in the map is all the state of its bucket. It changes for another one in the map by replacement of just
   * this value, after it was sealed, so that nothing that is spent on a value that goes is lost.
   *
   * A new key's value is pending at first: in the map, but without a bucket. Whoever meets it makes the bucket from the spare one
   * of this key: full if that was never used, and as that one is otherwise, since the key may have spent that. Who spends from
   * the spare bucket looks afterwards whether the key has got into the map meanwhile, and if so gives it back. Either this
   * spending is seen by who makes the bucket, or the pending value by who spends, so no key ever has two full buckets.
   */

  private static final Logger log = LoggerFactory.getLogger(KeyedTokenBucket.class);

  private static final int SPARE_BITS = 6;

  /** How many keys a new one has looked at, whether they can be forgotten. */
  private static final int LOOKS = 4;

  /** The same when there is no room left. */
  private static final int LOOKS_IF_FULL = 16;

  private final List<RateLimit> limits;
  private final Units[] units;
  private final int maximumKeys;
  private final TimeSource time;
  private final long seed;

  private final ConcurrentMap<K, Line> lines =
      Caffeine.newBuilder().<K, Line>build().asMap();

  /** Keys in the map, and those about to be put there. */
  private final AtomicInteger size = new AtomicInteger();

  private final AtomicReferenceArray<@Nullable Line> spares =
      new AtomicReferenceArray<>(1 << SPARE_BITS);
  private final LongAdder overflowed = new LongAdder();
  private final AtomicBoolean warned = new AtomicBoolean();

  /** The last reading of the clock at which a key was forgotten: no bucket begins before, lest an old reading got twice. */
  private final AtomicLong forgot;

  private final AtomicBoolean sweeping = new AtomicBoolean();
  private Iterator<Map.Entry<K, Line>> hand = Collections.emptyIterator(); // guarded by sweeping

  private KeyedTokenBucket(Builder<K> builder) {
    this.limits = List.copyOf(builder.limits);
    this.units = Units.of(limits);
    this.maximumKeys = builder.maximumKeys;
    this.time = builder.time;
    this.seed = builder.chance.nextLong();
    this.forgot = new AtomicLong(time.nanos());
  }

  /** A builder. */
  public static <K> Builder<K> builder() {
    return new Builder<>();
  }

  /** Takes one permit of this key, if there is one. */
  public boolean tryAcquire(K key) {
    return tryAcquire(key, 1, time.nanos());
  }

  /**
   * Takes as many permits of this key, if there are so many: all or none.
   *
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   */
  public boolean tryAcquire(K key, long permits) {
    return tryAcquire(key, permits, time.nanos());
  }

  /** As {@link #tryAcquire(Object, long)}, with the caller's own reading of the clock. */
  public boolean tryAcquire(K key, long permits, long nowNanos) {
    while (true) {
      Line line = lines.get(key);
      if (line != null) {
        long wait = line.take(permits, nowNanos, 0);
        if (wait != Line.ENDED) {
          return wait == 0;
        }
        renew(key, line, nowNanos);
      } else {
        for (Units each : units) {
          each.check(permits);
        }
        if (!admit(key, nowNanos)) {
          long wait = spill(key, permits, nowNanos);
          if (wait != Line.ENDED) {
            return wait == 0;
          }
        }
      }
    }
  }

  /** Puts a new key into the map, if there is room or can be made, or somebody else has. */
  private boolean admit(K key, long now) {
    sweep(now);
    // One of several threads with the same new key takes a place, whoever comes first.
    return lines.computeIfAbsent(key, k -> takePlace() ? Line.pending(units[0]) : null) != null;
  }

  private boolean takePlace() {
    int before;
    do {
      before = size.get();
      if (before >= maximumKeys) {
        return false;
      }
    } while (!size.compareAndSet(before, before + 1));
    return true;
  }

  /** Takes from the spare bucket of a key without one. {@link Line#ENDED} if it has one now. */
  private long spill(K key, long permits, long now) {
    int i = spare(key);
    while (true) {
      Line line = spares.get(i);
      if (line == null) {
        spares.compareAndSet(i, null, Line.of(units, later(forgot.get(), now)));
        continue;
      }
      long wait = line.take(permits, now, 0);
      if (wait == Line.ENDED) {
        renewSpare(i, line, now);
      } else if (lines.containsKey(key)) {
        if (wait == 0) {
          refundSpare(i, permits, now);
        }
        return Line.ENDED;
      } else {
        countOverflow();
        return wait;
      }
    }
  }

  private void countOverflow() {
    overflowed.increment();
    if (!warned.get() && warned.compareAndSet(false, true)) {
      log.warn(
          "More than {} keys are being limited; new ones share buckets until there is room",
          maximumKeys);
    }
  }

  private void refundSpare(int i, long permits, long now) {
    while (true) {
      Line line = Objects.requireNonNull(spares.get(i));
      if (line.refund(permits, now)) {
        return;
      }
      renewSpare(i, line, now);
    }
  }

  private void renewSpare(int i, Line line, long now) {
    line.seal();
    spares.compareAndSet(i, line, line.successor(now));
  }

  private void renew(K key, Line line, long now) {
    if (line.isPending()) {
      lines.replace(key, line, first(key, now));
      return;
    }
    line.seal();
    if (line.isFull(now)) {
      forgot.accumulateAndGet(now, KeyedTokenBucket::later);
      if (lines.remove(key, line)) {
        size.decrementAndGet();
      }
    } else {
      lines.replace(key, line, line.successor(now));
    }
  }

  /** A new key's bucket. */
  private Line first(K key, long now) {
    int i = spare(key);
    while (true) {
      Line line = spares.get(i);
      if (line == null) {
        return Line.of(units, later(forgot.get(), now));
      }
      long from = later(forgot.get(), now);
      Line copy = line.copy(from);
      if (copy != null) {
        return copy;
      }
      renewSpare(i, line, from);
    }
  }

  /**
   * Forgets some of those who can be, going round all over time. Not while there is plenty of room:
   * many a key is full again soon, and comes back.
   */
  private void sweep(long now) {
    int size = this.size.get();
    if (size <= maximumKeys / 4 * 3 || !sweeping.compareAndSet(false, true)) {
      return;
    }
    try {
      int looks = size < maximumKeys ? LOOKS : LOOKS_IF_FULL;
      for (int i = 0; i < looks; i++) {
        if (!hand.hasNext()) {
          hand = lines.entrySet().iterator();
          if (!hand.hasNext()) {
            return;
          }
        }
        Map.Entry<K, Line> entry = hand.next();
        Line line = entry.getValue();
        if (!line.isPending() && line.isFull(now)) {
          renew(entry.getKey(), line, now);
        }
      }
    } finally {
      sweeping.set(false);
    }
  }

  /**
   * Gives back permits of this key that were taken and not used, as far as they fit. Those of a key that shares a spare bucket stay
   * spent.
   *
   * @param permits 1 or more
   */
  public void refund(K key, long permits) {
    if (permits < 1) {
      throw new IllegalArgumentException("permits: " + permits + " (expected: 1 or more)");
    }
    long now = time.nanos();
    Line line = lines.get(key);
    while (line != null && !line.refund(permits, now)) {
      renew(key, line, now);
      line = lines.get(key);
    }
  }

  /**
   * In how many nanoseconds this key would have as many permits, if nobody took any until then; 0 if it has.
   *
   * @throws IllegalArgumentException if there can never be so many, or for less than 1
   */
  public long waitNanos(K key, long permits, long nowNanos) {
    while (true) {
      Line line = lines.get(key);
      if (line == null) {
        return first(key, nowNanos).estimate(permits, nowNanos);
      }
      long wait = line.estimate(permits, nowNanos);
      if (wait != Line.ENDED) {
        return wait;
      }
      renew(key, line, nowNanos);
    }
  }

  /** As {@link #waitNanos}, read now. */
  public Duration waitTime(K key, long permits) {
    return Duration.ofNanos(waitNanos(key, permits, time.nanos()));
  }

  /** How many permits of this key could be taken at once. */
  public long available(K key) {
    return available(key, time.nanos());
  }

  /** As {@link #available(Object)}, with the caller's own reading of the clock. */
  public long available(K key, long nowNanos) {
    while (true) {
      Line line = lines.get(key);
      if (line == null) {
        return first(key, nowNanos).available(nowNanos);
      }
      long permits = line.available(nowNanos);
      if (permits != Line.ENDED) {
        return permits;
      }
      renew(key, line, nowNanos);
    }
  }

  /** How many keys have a bucket of their own, at this moment; about, while others come and go. */
  public int size() {
    return size.get();
  }

  /** How many requests had to share a bucket with other keys so far, since there was no room for their own. */
  public long overflowed() {
    return overflowed.sum();
  }

  /** The limits, in the order in which permits are taken from them. */
  public List<RateLimit> limits() {
    return limits;
  }

  private int spare(K key) {
    long mixed = (key.hashCode() + seed) * 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ (mixed >>> 32)) * 0xbf58476d1ce4e5b9L;
    return (int) (mixed >>> (Long.SIZE - SPARE_BITS));
  }

  private static long later(long a, long b) {
    return a - b > 0 ? a : b;
  }

  /** As in {@code KeyedTokenBucket [10 per PT1S], 3 keys}. */
  @Override
  public String toString() {
    return "KeyedTokenBucket " + limits + ", " + size() + " keys";
  }

  /**
   * A recipe for limiters by key. Each call of {@link #build} gives one of its own. Not thread-safe.
   *
   * @param <K> what tells apart those who are limited
   */
  public static final class Builder<K> {
    private static final int MAXIMUM_KEYS = 100_000;

    private final List<RateLimit> limits = new ArrayList<>();
    private int maximumKeys = MAXIMUM_KEYS;
    private TimeSource time = TimeSource.system();
    private Chance chance = Chance.system();

    private Builder() {}

    /**
     * One more limit of each key. Permits are taken from them in the order in which they are set. At least one is needed.
     *
     * @param limit one that starts full, and without warm-up, since that is how a key that was forgotten comes back
     */
    public Builder<K> limit(RateLimit limit) {
      if (limit.startsEmpty() || !limit.warmUp().isZero()) {
        throw new IllegalArgumentException(
            "limit: " + limit + " (expected: one that starts full, and without warm-up)");
      }
      limits.add(limit);
      return this;
    }

    /** How many keys may have a bucket of their own at once: 1 or more, 100,000 unless set. */
    public Builder<K> maximumKeys(int maximumKeys) {
      if (maximumKeys < 1) {
        throw new IllegalArgumentException(
            "maximumKeys: " + maximumKeys + " (expected: 1 or more)");
      }
      this.maximumKeys = maximumKeys;
      return this;
    }

    /** Where time comes from: the system unless set. */
    public Builder<K> time(TimeSource time) {
      this.time = Objects.requireNonNull(time, "time");
      return this;
    }

    /** Draws the seed by which keys are spread over spare buckets: the system's unless set. */
    public Builder<K> chance(Chance chance) {
      this.chance = Objects.requireNonNull(chance, "chance");
      return this;
    }

    /** A builder with the same settings, which goes its own way. */
    public Builder<K> copy() {
      Builder<K> copy = new Builder<>();
      copy.limits.addAll(limits);
      copy.maximumKeys = maximumKeys;
      copy.time = time;
      copy.chance = chance;
      return copy;
    }

    /**
     * A new limiter, without any key.
     *
     * @throws IllegalStateException without a limit
     */
    public KeyedTokenBucket<K> build() {
      return new KeyedTokenBucket<>(this);
    }
  }
}
