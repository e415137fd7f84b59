package io.fairlead.circuitbreaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.circuitbreaker.NaiveBreaker.Permit;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random schedules on one thread: the breaker does what {@link NaiveBreaker} does, step by step. */
class CircuitBreakerModelTest {

  private static final int SEEDS = 2_500;
  private static final int STEPS = 300;

  private record Held(long permit, Permit expected) {}

  private boolean mayOpen = true;
  private int places;

  @Test
  void randomSchedules_areAsTheNaiveOne() {
    for (long seed = 0; seed < SEEDS; seed++) {
      new CircuitBreakerModelTest().run(seed);
    }
  }

  private CircuitBreaker.Builder settings(Random random) {
    CircuitBreaker.Builder builder = CircuitBreaker.builder()
        .openTime(Duration.ofMillis(random.nextInt(1, 3_000)))
        .maximumOpenTime(Duration.ofMillis(random.nextInt(3_000, 20_000)))
        .jitter(random.nextInt(3) / 2.0)
        .permitTimeout(Duration.ofMillis(random.nextInt(60, 5_000)));
    int permits = random.nextInt(1, 5);
    builder.halfOpenPermits(permits).halfOpenSuccesses(permits + random.nextInt(4));
    int which = random.nextInt(1, 8);
    if ((which & 1) != 0) {
      builder.consecutiveFailures(random.nextInt(1, 8));
    }
    if ((which & 2) != 0) {
      builder.failureRate(random.nextDouble() * 99 + 1);
    }
    if ((which & 4) != 0) {
      builder.slowCallRate(random.nextInt(1, 101)).slowCall(Duration.ofMillis(50));
    }
    if (which > 1 && random.nextBoolean()) {
      int window = random.nextInt(1, 30);
      builder.countWindow(window).minimumCalls(random.nextInt(1, window + 1));
    } else if (which > 1) {
      builder
          .timeWindow(Duration.ofMillis(random.nextInt(10, 10_000)))
          .minimumCalls(random.nextInt(1, 20));
    }
    return builder;
  }

  private void run(long seed) {
    Random random = new Random(seed);
    FakeClock clock = FakeClock.startingAt(random.nextBoolean() ? random.nextLong() : -1_000);
    List<String> told = new ArrayList<>();
    boolean gated = random.nextBoolean();
    CircuitBreaker.Builder builder = settings(random)
        .time(clock)
        .listener(new CircuitBreakerListener() {
          @Override
          public void transition(CircuitBreaker breaker, Transition t) {
            told.add(t.number() + ": " + t.from() + " " + t.to());
          }
        });
    if (gated) {
      builder.gate(new OpenGate() {
        @Override
        public boolean mayOpen() {
          places += mayOpen ? 1 : 0;
          return mayOpen;
        }

        @Override
        public void closed() {
          places--;
        }
      });
    }
    NaiveBreaker naive = new NaiveBreaker(
        new Settings(builder), SeededChance.of(seed), () -> !gated || mayOpen, clock.nanos());
    CircuitBreaker breaker = builder.chance(SeededChance.of(seed)).build();
    double badness = random.nextDouble();
    List<Held> held = new ArrayList<>();
    List<Held> done = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      String where = "seed " + seed + ", step " + step;
      long now = clock.nanos() - (random.nextInt(4) == 0 ? random.nextInt(2_000_000_000) : 0);
      int what = random.nextInt(100);
      if (what < 40) {
        long permit = breaker.tryAcquire(now);
        Permit expected = naive.acquire(now);
        if ((permit == CircuitBreaker.REJECTED) != (expected == null)) {
          fail(where + ": permit " + permit + " (expected: " + expected + ")");
        }
        if (expected != null) {
          held.add(new Held(permit, expected));
        }
      } else if (what < 80 && !held.isEmpty()) {
        Held one = held.remove(random.nextInt(held.size()));
        settle(breaker, naive, one, random, badness, now, where);
        done.add(one);
      } else if (what < 82 && !done.isEmpty()) {
        settle(breaker, naive, done.get(random.nextInt(done.size())), random, 0.5, now, where);
      } else if (what < 95) {
        clock.advance(Duration.ofNanos((long) (Math.pow(random.nextDouble(), 4) * 6e9)));
      } else if (what < 96) {
        mayOpen = random.nextBoolean();
      } else if (what < 97) {
        badness = random.nextDouble();
      } else if (what == 97 && random.nextInt(4) == 0) {
        int how = random.nextInt(3);
        if (how == 0) {
          breaker.reset();
          naive.reset(clock.nanos());
        } else if (how == 1) {
          breaker.forceOpen();
          naive.force(State.FORCED_OPEN, clock.nanos());
        } else {
          breaker.disable();
          naive.force(State.DISABLED, clock.nanos());
        }
      } else if (what == 98) {
        assertThat(breaker.retryAtNanos(now) - naive.retryAt(now)).as(where).isZero();
      } else {
        assertThat(text(breaker.snapshot())).as(where).isEqualTo(naive.snapshot(clock.nanos()));
      }
      if (breaker.state(now) != naive.state(now)
          || told.size() != naive.transitions.size()
          || places != (gated ? naive.places : 0)) {
        fail(where + ": " + breaker + ", told " + told + ", " + places + " places (expected: "
            + naive.state(now) + ", told " + naive.transitions + ", " + naive.places + " places)");
      }
    }
    assertThat(told).as("seed " + seed).isEqualTo(naive.transitions);
  }

  private static void settle(
      CircuitBreaker breaker,
      NaiveBreaker naive,
      Held one,
      Random random,
      double badness,
      long now,
      String where) {
    long permit = one.permit();
    long elapsed = random.nextDouble() < badness * 0.5 ? 50_000_001 : random.nextInt(50_000_001);
    String expected;
    Runnable report;
    int how = random.nextInt(10);
    if (how == 0) {
      expected = naive.settle(one.expected(), null, false, elapsed, now);
      report = () -> breaker.cancel(permit);
    } else if (how == 1) {
      expected = naive.settle(one.expected(), null, true, elapsed, now);
      report = () -> breaker.abandoned(permit, elapsed, now);
    } else {
      boolean failed = random.nextDouble() < badness;
      expected = naive.settle(one.expected(), failed, false, elapsed, now);
      report = failed
          ? () -> breaker.failed(permit, elapsed, now)
          : () -> breaker.succeeded(permit, elapsed, now);
    }
    String actual = NaiveBreaker.COUNTED;
    try {
      report.run();
    } catch (IllegalStateException e) {
      actual = NaiveBreaker.TWICE;
    }
    if (!actual.equals(expected)) {
      fail(where + ": " + actual + " (expected: " + expected + ")");
    }
  }

  private static String text(CircuitBreakerSnapshot now) {
    return now.state() + ", calls " + now.calls() + ", failures " + now.failures() + ", slow "
        + now.slowCalls() + ", in a row " + now.consecutiveFailures() + ", lent "
        + now.trialsInFlight() + ", seen " + now.trialsSucceeded() + ", opened "
        + now.openedInARow() + ", rejected " + now.rejected() + ", transitions "
        + now.transitions();
  }
}
