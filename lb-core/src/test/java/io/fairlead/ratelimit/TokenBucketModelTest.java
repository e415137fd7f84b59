package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.FakeClock;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random operations at random times, against a bucket of exact fractions. */
class TokenBucketModelTest {

  private static final int SEEDS = 4_000;
  private static final int OPERATIONS = 120;
  private static final BigInteger FOREVER = BigInteger.ONE.shiftLeft(61);

  /** A bucket as the textbook has it: a number of permits, as a fraction, brought up to date before each use. */
  private static final class Model {
    private final RateLimit limit;
    private final BigInteger period; // permits are counted in this part of one
    private final BigInteger rate;
    private final BigInteger full;
    private BigInteger left;

    Model(RateLimit limit) {
      this.limit = limit;
      this.period = BigInteger.valueOf(limit.period().toNanos());
      this.rate = BigInteger.valueOf(limit.permits());
      this.full = cost(limit.capacity());
      this.left = limit.startsEmpty() ? BigInteger.ZERO : full;
    }

    BigInteger cost(long permits) {
      return BigInteger.valueOf(permits).multiply(period);
    }

    void advance(long nanos) {
      left = full.min(left.add(rate.multiply(BigInteger.valueOf(nanos))));
    }

    void take(long permits) {
      left = left.subtract(cost(permits));
    }

    void refund(long permits) {
      left = full.min(left.add(cost(permits)));
    }

    /** In nanoseconds, or less if some parts of a permit more were there. */
    long waitNanos(long permits, BigInteger more) {
      BigInteger missing = cost(permits).subtract(left).subtract(more);
      return missing.signum() <= 0
          ? 0
          : missing.add(rate).subtract(BigInteger.ONE).divide(rate).min(FOREVER).longValueExact();
    }

    long available() {
      return left.signum() <= 0 ? 0 : left.divide(period).longValueExact();
    }

    /** One unit of the bucket, rounded up. */
    BigInteger unit() {
      return period.divide(BigInteger.valueOf(new Units(limit).permit)).add(BigInteger.ONE);
    }
  }

  static RateLimit randomLimit(SplittableRandom random) {
    while (true) {
      try {
        long permits = switch (random.nextInt(4)) {
          case 0 -> random.nextLong(1, 20);
          case 1 -> random.nextLong(1, 1_000_000);
          case 2 -> 999_999_937;
          default -> random.nextLong(1, 1L << random.nextInt(1, 40));
        };
        long period = switch (random.nextInt(5)) {
          case 0 -> 1_000_000_000L;
          case 1 -> 60_000_000_000L;
          case 2 -> 86_400_000_000_000L;
          case 3 -> random.nextLong(1, 1L << random.nextInt(1, 54));
          default -> 3_000_000_000L;
        };
        RateLimit limit = RateLimit.of(permits, Duration.ofNanos(period));
        if (random.nextInt(3) == 0) {
          limit = limit.burst(random.nextLong(1, 1L << random.nextInt(1, 40)));
        }
        return random.nextInt(4) == 0 ? limit.startingEmpty() : limit;
      } catch (IllegalArgumentException e) {
        // Faster or slower than can be: another.
      }
    }
  }

  static long randomStep(SplittableRandom random, RateLimit limit) {
    long each = Math.max(1, limit.period().toNanos() / limit.permits());
    return switch (random.nextInt(12)) {
      case 0, 1, 2 -> 0;
      case 3 -> 1;
      case 4 -> each;
      case 5 -> Math.max(0, each - 1);
      case 6 -> random.nextLong(1 + 3 * each);
      case 7 -> random.nextLong(1 + limit.period().toNanos());
      case 8 -> random.nextLong(1L << random.nextInt(1, 58));
      case 9 -> 100_000_000_000L;
      default -> random.nextLong(1 + each / 2);
    };
  }

  static long randomPermits(SplittableRandom random, long capacity) {
    return switch (random.nextInt(4)) {
      case 0 -> 1;
      case 1 -> capacity;
      default -> random.nextLong(1, 1 + Math.min(capacity, 1L << random.nextInt(1, 41)));
    };
  }

  @Test
  void anySchedule_isAsTheModelSays() {
    for (int seed = 0; seed < SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      long start = switch (random.nextInt(4)) {
        case 0 -> Long.MAX_VALUE - random.nextLong(1L << random.nextInt(1, 62));
        case 1 -> Long.MIN_VALUE + random.nextLong(1000);
        case 2 -> -random.nextLong(1L << random.nextInt(1, 62));
        default -> random.nextLong();
      };
      run(seed, random, start);
    }
  }

  private static void run(int seed, SplittableRandom random, long start) {
    RateLimit limit = randomLimit(random);
    FakeClock clock = FakeClock.startingAt(start);
    TokenBucket bucket = TokenBucket.builder().limit(limit).time(clock).build();
    Model model = new Model(limit);
    List<String> log = new ArrayList<>();
    log.add("seed " + seed + ", start " + start + ", " + limit);
    // What the bucket may have less than the model, in the model's parts of a permit.
    BigInteger late = exact(limit) ? BigInteger.ZERO : model.unit().multiply(BigInteger.valueOf(3));
    long elapsed = 0;
    for (int i = 0; i < OPERATIONS; i++) {
      long step = randomStep(random, limit);
      if (elapsed + step < 0) {
        break; // the fake clock ends
      }
      elapsed += step;
      clock.advance(Duration.ofNanos(step));
      model.advance(step);
      long permits = randomPermits(random, limit.capacity());
      int operation = random.nextInt(12);
      log.add("+" + step + " operation " + operation + " of " + permits);
      long least = model.waitNanos(permits, BigInteger.ZERO);
      long most = late.signum() == 0 ? least : model.waitNanos(permits, late.negate()) + 1;
      switch (operation) {
        case 0, 1, 2, 3, 4 -> {
          boolean taken = bucket.tryAcquire(permits);
          assertThat(taken ? 0 : 1).as("%s", log).isBetween(least > 0 ? 1 : 0, most > 0 ? 1 : 0);
          if (taken) {
            model.take(permits);
          }
        }
        case 5, 6 -> {
          long maxWait = random.nextLong(1L << random.nextInt(1, 37));
          long wait = bucket.reserve(permits, Duration.ofNanos(maxWait));
          if (wait == TokenBucket.REFUSED) {
            assertThat(most).as("%s", log).isGreaterThan(maxWait);
          } else {
            assertThat(wait).as("%s", log).isBetween(least, Math.min(most, maxWait));
            model.take(permits);
          }
        }
        case 7 -> {
          bucket.refund(permits);
          model.refund(permits);
        }
        case 8, 9 ->
          assertThat(bucket.waitNanos(permits, clock.nanos())).as("%s", log).isBetween(least, most);
        case 10 -> {
          if (late.signum() == 0) {
            assertThat(bucket.available()).as("%s", log).isEqualTo(model.available());
          } else {
            assertThat(bucket.available()).as("%s", log).isLessThanOrEqualTo(model.available());
          }
        }
        default -> {
          RateLimit other = randomLimit(random);
          Carry carry = List.of(Carry.values()).get(random.nextInt(3));
          log.add(carry + " " + other);
          Model next = new Model(other);
          if (carry == Carry.KEEP) {
            next.left = next.full.min(scaled(model.left, next.period, model.period));
            late = scaled(late, next.period, model.period);
          } else if (carry == Carry.SCALE) {
            next.left = scaled(model.left, next.full, model.full);
            late = scaled(late, next.full, model.full);
          } else {
            late = BigInteger.ZERO;
          }
          // A debt of more than what can be owed is cut: not what this is about.
          if (next.left.compareTo(next.unit().shiftLeft(60).negate()) < 0) {
            return;
          }
          bucket.replace(carry, other);
          limit = other;
          model = next;
          late = late.add(BigInteger.ONE)
              .add(model.unit().multiply(BigInteger.valueOf(exact(other) ? 2 : 5)));
          if (carry == Carry.RESET && exact(other)) {
            late = BigInteger.ZERO;
          }
        }
      }
    }
  }

  private static BigInteger scaled(BigInteger parts, BigInteger by, BigInteger of) {
    return parts.multiply(by).divide(of);
  }

  private static boolean exact(RateLimit limit) {
    return new Units(limit).exact();
  }

  /** Readings from before count for something, too: threads read the clock and come to the bucket in another order. */
  @Test
  void inNoWindow_isThereMoreThanCapacityAndRate_evenIfReadingsAreOld() {
    for (int seed = 0; seed < 1_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      RateLimit limit = randomLimit(random);
      FakeClock clock = FakeClock.startingAt(random.nextLong());
      TokenBucket bucket = TokenBucket.builder().limit(limit).time(clock).build();
      Model model = new Model(limit);
      long start = clock.nanos();
      long latest = 0;
      long granted = 0;
      long seen = 0;
      for (int i = 0; i < 200; i++) {
        long step = randomStep(random, limit);
        if (latest + step < 0 || latest + step > Long.MAX_VALUE / 2) {
          break;
        }
        latest += step;
        long at = Math.max(0, latest - (random.nextBoolean() ? 0 : randomStep(random, limit)));
        long permits = randomPermits(random, limit.capacity());
        seen = Math.max(seen, at);
        if (bucket.tryAcquire(permits, start + at)) {
          // Taken when the model has so much: at the reading, at the latest that was granted
          // before,
          // or a little after, but never after the latest that the bucket has seen.
          long effective = Math.max(granted, at);
          model.advance(effective - granted);
          long wait = model.waitNanos(permits, BigInteger.ZERO);
          model.advance(wait);
          granted = effective + wait;
          model.take(permits);
          assertThat(granted)
              .as("seed %d, operation %d, %s", seed, i, limit)
              .isLessThanOrEqualTo(seen);
        }
      }
    }
  }
}
