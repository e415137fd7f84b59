package io.fairlead.circuitbreaker;

import static io.fairlead.circuitbreaker.CircuitBreaker.REJECTED;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What must hold whichever way threads meet. */
class CircuitBreakerStressTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final FakeClock clock = new FakeClock();

  /** Counts places, and notices one too many or too few. */
  private static final class Gate implements OpenGate {
    private final int cap;
    final AtomicInteger held = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    final AtomicInteger least = new AtomicInteger();

    Gate(int cap) {
      this.cap = cap;
    }

    @Override
    public boolean mayOpen() {
      int now = held.get();
      while (now < cap) {
        if (held.compareAndSet(now, now + 1)) {
          most.accumulateAndGet(now + 1, Math::max);
          return true;
        }
        now = held.get();
      }
      return false;
    }

    @Override
    public void closed() {
      least.accumulateAndGet(held.decrementAndGet(), Math::min);
    }
  }

  private static Executable[] threads(int count, ForThread body) {
    Executable[] threads = new Executable[count];
    Arrays.setAll(threads, i -> (Executable) () -> body.run(i));
    return threads;
  }

  private interface ForThread {
    void run(int thread) throws Throwable;
  }

  /**
   * 64 threads want trials; each that gets one succeeds, gives it back, loses it, or reports late, long after it has expired.
   * While the clock stands nothing expires, so that those that are neither reported nor lost must be within the permits.
   */
  @Test
  void halfOpen_64Threads_neverOverItsPermitsAndNeverWedged() throws Exception {
    int permits = 5;
    CircuitBreaker breaker = CircuitBreaker.builder()
        .consecutiveFailures(1)
        .openTime(Duration.ofSeconds(1))
        .jitter(0)
        .halfOpenPermits(permits)
        .halfOpenSuccesses(1_000)
        .permitTimeout(TIMEOUT)
        .time(clock)
        .build();
    breaker.failed(breaker.tryAcquire(), 1);
    clock.advance(Duration.ofSeconds(1));
    AtomicInteger inFlight = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger succeeded = new AtomicInteger();
    AtomicInteger granted = new AtomicInteger();
    Queue<Long> expired = new ConcurrentLinkedQueue<>();
    for (int round = 0; round < 60; round++) {
      Queue<Long> lost = new ConcurrentLinkedQueue<>();
      int seed = round * 64;
      Concurrently.run(threads(64, thread -> {
        SplittableRandom random = new SplittableRandom(seed + thread);
        for (int i = 0; i < 50; i++) {
          long permit = breaker.tryAcquire();
          if (permit == REJECTED) {
            Long late = expired.poll();
            if (late != null) {
              breaker.succeeded(late, 1); // must not count
            }
            continue;
          }
          granted.incrementAndGet();
          most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
          int how = random.nextInt(20);
          if (how == 0) {
            lost.add(permit); // and is in flight until it expires
            continue;
          }
          inFlight.decrementAndGet();
          if (how < 4) {
            succeeded.incrementAndGet();
            breaker.succeeded(permit, 1);
          } else {
            breaker.cancel(permit);
          }
        }
      }));
      assertThat(breaker.snapshot().trialsInFlight()).isEqualTo(lost.size());
      assertThat(inFlight).hasValue(lost.size());
      if (breaker.state() == State.CLOSED) {
        break;
      }
      assertThat(breaker.snapshot().trialsSucceeded()).isEqualTo(succeeded.get());
      clock.advance(TIMEOUT.plusMillis(5));
      inFlight.set(0);
      expired.addAll(lost);
    }
    assertThat(most.get()).isBetween(2, permits);
    assertThat(granted.get()).isGreaterThan(100);
    for (int i = 0; breaker.state() == State.HALF_OPEN; i++) {
      assertThat(i).as("not wedged").isLessThan(1_000);
      breaker.succeeded(breaker.tryAcquire(), 1);
      succeeded.incrementAndGet();
    }
    assertThat(breaker.state()).isEqualTo(State.CLOSED);
    assertThat(succeeded).hasValue(1_000);
  }

  @Test
  void transitions_areToldOnceInOrder_andPlacesBalance() throws Exception {
    Gate gate = new Gate(2);
    List<List<Transition>> told = new ArrayList<>();
    List<CircuitBreaker> breakers = new ArrayList<>();
    CircuitBreaker.Builder builder = CircuitBreaker.builder()
        .consecutiveFailures(2)
        .failureRate(40)
        .countWindow(10)
        .openTime(Duration.ofMillis(1))
        .maximumOpenTime(Duration.ofMillis(4))
        .halfOpenPermits(2)
        .permitTimeout(Duration.ofMillis(10))
        .gate(gate)
        .time(clock);
    for (int i = 0; i < 4; i++) {
      List<Transition> log = new ArrayList<>(); // not thread-safe: told one at a time
      told.add(log);
      breakers.add(builder
          .listener(new CircuitBreakerListener() {
            @Override
            public void transition(CircuitBreaker breaker, Transition transition) {
              log.add(transition);
            }
          })
          .build());
    }
    Concurrently.run(threads(8, thread -> {
      SplittableRandom random = new SplittableRandom(thread);
      for (int i = 0; i < 20_000; i++) {
        CircuitBreaker breaker = breakers.get(random.nextInt(breakers.size()));
        long permit = breaker.tryAcquire();
        if (permit != REJECTED) {
          if (random.nextInt(10) < 6) {
            breaker.succeeded(permit, 1);
          } else {
            breaker.failed(permit, 1);
          }
        }
        if (random.nextInt(50) == 0) {
          clock.advance(Duration.ofNanos(random.nextInt(1_000_000)));
        }
        int byHand = random.nextInt(3_000);
        if (byHand == 0) {
          breaker.forceOpen();
        } else if (byHand == 1) {
          breaker.disable();
        } else if (byHand < 20) {
          breaker.reset();
        }
      }
    }));
    int holding = 0;
    for (int i = 0; i < breakers.size(); i++) {
      CircuitBreaker breaker = breakers.get(i);
      CircuitBreakerSnapshot snapshot = breaker.snapshot();
      List<Transition> log = told.get(i);
      State state = State.CLOSED;
      for (int k = 0; k < log.size(); k++) {
        Transition transition = log.get(k);
        assertThat(transition.number()).isEqualTo(k + 1);
        assertThat(transition.from()).isEqualTo(state);
        state = transition.to();
        assertThat(isLegal(transition)).as("%s", transition).isTrue();
      }
      assertThat(snapshot.state()).isEqualTo(state);
      assertThat(snapshot.transitions()).isEqualTo(log.size()).isGreaterThan(50);
      holding += state == State.OPEN || state == State.HALF_OPEN ? 1 : 0;
    }
    assertThat(gate.held).hasValue(holding);
    assertThat(gate.most).hasValue(2);
    assertThat(gate.least.get()).isNotNegative();
    breakers.forEach(CircuitBreaker::reset);
    assertThat(gate.held).hasValue(0);
  }

  /** Both threads are let past the gate before either may open, over and over. */
  @Test
  void transition_twoThreadsAtTheSameMoment_oneMakesIt() throws Exception {
    int rounds = 3_000;
    CyclicBarrier bothAsked = new CyclicBarrier(2);
    CyclicBarrier bothDone = new CyclicBarrier(2);
    AtomicInteger held = new AtomicInteger();
    AtomicInteger told = new AtomicInteger();
    CircuitBreaker breaker = CircuitBreaker.builder()
        .consecutiveFailures(1)
        .time(clock)
        .gate(new OpenGate() {
          @Override
          public boolean mayOpen() {
            held.incrementAndGet();
            await(bothAsked);
            return true;
          }

          @Override
          public void closed() {
            held.decrementAndGet();
          }
        })
        .listener(new CircuitBreakerListener() {
          @Override
          public void transition(CircuitBreaker breaker, Transition transition) {
            told.incrementAndGet();
          }
        })
        .build();
    Concurrently.run(threads(2, thread -> {
      for (int i = 0; i < rounds; i++) {
        long permit = breaker.tryAcquire();
        await(bothDone);
        breaker.failed(permit, 1);
        await(bothDone);
        if (thread == 0) {
          assertThat(held).as("round %s", i).hasValue(1);
          assertThat(told).as("round %s", i).hasValue(2 * i + 1);
          breaker.reset();
        }
        await(bothDone);
      }
    }));
    assertThat(held).hasValue(0);
    assertThat(breaker.snapshot().transitions()).isEqualTo(2L * rounds);
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isLegal(Transition transition) {
    return switch (transition.to()) {
      case OPEN -> transition.from() == State.CLOSED || transition.from() == State.HALF_OPEN;
      case HALF_OPEN -> transition.from() == State.OPEN;
      case CLOSED, FORCED_OPEN, DISABLED -> transition.from() != transition.to();
    };
  }

  private CircuitBreaker.Builder neverOpens() {
    return CircuitBreaker.builder()
        .failureRate(1)
        .slowCallRate(1)
        .slowCall(Duration.ofMillis(1))
        .minimumCalls(1)
        .gate(new Gate(0))
        .time(clock);
  }

  /** Each thread: one of four fails, one of four is slow, one of them both. */
  private static void report(CircuitBreaker breaker, int i) {
    long permit = breaker.tryAcquire();
    long elapsed = i % 4 < 2 ? 1 : 2_000_000;
    if (i % 4 == 0 || i % 8 == 3) {
      breaker.failed(permit, elapsed);
    } else {
      breaker.succeeded(permit, elapsed);
    }
  }

  @Test
  void timeWindow_clockStands_countsAllExactly() throws Exception {
    CircuitBreaker breaker = neverOpens().build();
    Concurrently.run(threads(4, thread -> {
      for (int i = 0; i < 40_000; i++) {
        report(breaker, i);
      }
    }));
    CircuitBreakerSnapshot snapshot = breaker.snapshot();
    assertThat(snapshot.calls()).isEqualTo(160_000);
    assertThat(snapshot.failures()).isEqualTo(60_000);
    assertThat(snapshot.slowCalls()).isEqualTo(80_000);
  }

  /** None is lost when slices end: all that was counted in the last ten is there. */
  @Test
  void timeWindow_slicesEndMeanwhile_losesNone() throws Exception {
    CircuitBreaker breaker = neverOpens().timeWindow(Duration.ofSeconds(10)).build();
    report(breaker, 1);
    Concurrently.run(threads(4, thread -> {
      for (int i = 0; i < 40_000; i++) {
        report(breaker, i);
        if (thread == 0 && i % 5_000 == 4_999) {
          clock.advance(Duration.ofSeconds(1)); // eight times in all
        }
      }
    }));
    CircuitBreakerSnapshot snapshot = breaker.snapshot();
    assertThat(snapshot.calls()).isEqualTo(160_001);
    assertThat(snapshot.failures()).isEqualTo(60_000);
    assertThat(snapshot.slowCalls()).isEqualTo(80_000);
    clock.advance(Duration.ofSeconds(9));
    assertThat(breaker.snapshot().calls()).isLessThan(80_000);
    clock.advance(Duration.ofSeconds(1));
    assertThat(breaker.snapshot().calls()).isZero();
  }

  /**
   * The last so many calls, whichever they are, hold as many failures as each thread's pattern has it, give or take one pattern a
   * thread; and one call a thread, for calls of the same moment that were given the same number.
   */
  @Test
  void countWindow_underContention_isExactToWithinWhatIsUnderWay() throws Exception {
    int window = 1_000;
    CircuitBreaker breaker = neverOpens().countWindow(window).build();
    Concurrently.run(threads(4, thread -> {
      for (int i = 0; i < 40_000; i++) {
        report(breaker, i);
        if (i % 100 == 0) {
          CircuitBreakerSnapshot snapshot = breaker.snapshot();
          assertThat(snapshot.failures()).isBetween(0L, (long) window);
        }
      }
    }));
    CircuitBreakerSnapshot snapshot = breaker.snapshot();
    assertThat(snapshot.calls()).isEqualTo(window);
    assertThat(snapshot.failures()).isBetween(375L - 4 * 4, 375L + 4 * 4);
    assertThat(snapshot.slowCalls()).isBetween(500L - 4 * 4, 500L + 4 * 4);
    for (int i = 0; i < window; i++) {
      breaker.succeeded(breaker.tryAcquire(), 1);
    }
    assertThat(breaker.snapshot().failures()).isZero();
    assertThat(breaker.snapshot().slowCalls()).isZero();
  }

  @Test
  void consecutiveFailures_concurrent_openAtTheLastAtTheLatest() throws Exception {
    for (int round = 0; round < 200; round++) {
      CircuitBreaker breaker =
          CircuitBreaker.builder().consecutiveFailures(40).time(clock).build();
      long permit = breaker.tryAcquire();
      Concurrently.run(threads(4, thread -> {
        for (int i = 0; i < 10; i++) {
          breaker.failed(permit, 1);
        }
      }));
      assertThat(breaker.state()).isEqualTo(State.OPEN);
    }
  }

  @Test
  void failureRate_concurrent_opensAtTheLastAtTheLatest() throws Exception {
    for (int round = 0; round < 200; round++) {
      CircuitBreaker breaker = CircuitBreaker.builder()
          .failureRate(100)
          .countWindow(40)
          .minimumCalls(40)
          .time(clock)
          .build();
      long permit = breaker.tryAcquire();
      Concurrently.run(threads(4, thread -> {
        for (int i = 0; i < 10; i++) {
          breaker.failed(permit, 1);
        }
      }));
      assertThat(breaker.state()).isEqualTo(State.OPEN);
    }
  }
}
