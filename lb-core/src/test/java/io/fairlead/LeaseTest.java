package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Tracker;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseTest {

  private final FakeClock clock = new FakeClock();
  private final List<String> tracked = Collections.synchronizedList(new ArrayList<>());
  private final Heard heard = new Heard();
  private final LoadBalancer balancer = LoadBalancer.builder("orders")
      .backends("a:80")
      .time(clock)
      .listener(heard)
      .strategy(environment -> new Tracking())
      .build();
  private final Member member = balancer.pool().members().get(0);

  private final class Tracking implements Selector, Tracker {
    @Override
    public Picker picker(Members members) {
      return choice -> members.get(0);
    }

    @Override
    public Tracker track(Member member) {
      return this;
    }

    @Override
    public void started(long now) {
      tracked.add("started");
    }

    @Override
    public void answered(Outcome outcome, long startNanos, long now) {
      tracked.add(outcome.toString());
    }

    @Override
    public void released() {
      tracked.add("released");
    }
  }

  private Lease lease() throws LoadBalancingException {
    heard.events.clear();
    tracked.clear();
    return balancer.acquire();
  }

  private void assertEnded(String outcome) {
    assertThat(tracked).containsExactly("started", outcome, "released");
    assertThat(heard.events)
        .containsExactly(
            "leased a:80", "answered a:80: " + outcome + " after PT0S", "released a:80");
    assertThat(member.inFlight()).isZero();
    assertThat(member.outstanding()).isZero();
  }

  @Test
  void record_isTheOutcome_andCloseTheEnd() throws Exception {
    Lease lease = lease();
    lease.record(Outcome.success());

    assertThat(member.outstanding()).isZero();
    assertThat(member.inFlight()).isEqualTo(1);
    lease.close();
    assertEnded("success");
  }

  @Test
  void record_again_isWithoutEffect() throws Exception {
    Lease lease = lease();
    lease.record(Outcome.serverError());
    lease.record(Outcome.success());
    lease.close();
    lease.record(Outcome.success());

    assertEnded("server error");
  }

  @Test
  void close_withoutAnOutcome_isAbandoned() throws Exception {
    Lease lease = lease();
    lease.close();
    lease.record(Outcome.success());
    lease.close();
    lease.closeLeaked();

    assertEnded("abandoned");
  }

  @Test
  void closeLeaked_tellsOnceAndLast() throws Exception {
    Lease lease = lease();
    lease.record(Outcome.success());
    lease.closeLeaked();
    lease.closeLeaked();
    lease.close();

    assertThat(heard.events)
        .containsExactly(
            "leased a:80", "answered a:80: success after PT0S", "released a:80", "leaked a:80");
  }

  @Test
  void record_null_isRefusedAndNothingHasHappened() throws Exception {
    Lease lease = lease();

    assertThatNullPointerException().isThrownBy(() -> lease.record(null)).withMessage("outcome");
    lease.record(Outcome.success());
    lease.close();
    assertEnded("success");
  }

  @Test
  void times_areThoseOfTheClock() throws Exception {
    clock.advance(Duration.ofSeconds(1));
    Lease lease = lease();
    clock.advance(Duration.ofSeconds(2));

    assertThat(lease.startNanos()).isEqualTo(Duration.ofSeconds(1).toNanos());
    assertThat(lease.answeredNanos()).isZero();
    lease.record(Outcome.success());
    assertThat(lease.answeredNanos()).isEqualTo(Duration.ofSeconds(3).toNanos());
    clock.advance(Duration.ofSeconds(4));
    lease.close();
    assertThat(heard.events).contains("answered a:80: success after PT2S");
    assertThat(member.silentSince()).isEqualTo(Duration.ofSeconds(3).toNanos());
  }

  @Test
  void randomSequences_theFirstOutcomeAndTheFirstCloseCount() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Lease lease = lease();
      String outcome = null;
      boolean closed = false;
      for (int step = 0; step < 6; step++) {
        switch (random.nextInt(4)) {
          case 0 -> {
            lease.record(Outcome.success());
            outcome = outcome == null ? "success" : outcome;
          }
          case 1 -> {
            lease.record(Outcome.timeout());
            outcome = outcome == null ? "timeout" : outcome;
          }
          case 2 -> {
            lease.close();
            closed = true;
          }
          default -> {
            lease.closeLeaked();
            closed = true;
          }
        }
        outcome = closed && outcome == null ? "abandoned" : outcome;
        assertThat(member.inFlight()).as("seed %d", seed).isEqualTo(closed ? 0 : 1);
        assertThat(member.outstanding()).as("seed %d", seed).isEqualTo(outcome == null ? 1 : 0);
      }
      lease.close();
      assertThat(tracked)
          .as("seed %d", seed)
          .containsExactly("started", outcome == null ? "abandoned" : outcome, "released");
    }
  }

  /** The race that is excluded: two outcomes, two releases, or a release before the outcome was told. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void recordsAndClosesRace_outcomeOnceReleaseOnceAndInThisOrder(int threads) throws Exception {
    race(threads, 3_000, Duration.ofSeconds(3));
  }

  @Test
  @Tag("soak")
  void recordsAndClosesRace_outcomeOnceReleaseOnceAndInThisOrder_long() throws Exception {
    race(2, 1_000_000, Duration.ofSeconds(30));
    race(4, 100_000, Duration.ofSeconds(30));
  }

  private void race(int threads, int rounds, Duration time) throws Exception {
    Rounds begin = new Rounds(threads, rounds, time);
    Rounds end = new Rounds(threads, Integer.MAX_VALUE, Duration.ofDays(1));
    Lease[] lease = {lease()};
    Executable[] pieces = new Executable[threads];
    for (int thread = 0; thread < threads; thread++) {
      int self = thread;
      pieces[thread] = () -> {
        for (int round = 0; begin.next(round); round++) {
          Lease mine = lease[0];
          // With two threads: record against close, record against record, and close against close.
          switch ((self + round) % 3) {
            case 0 -> mine.record(Outcome.success());
            case 1 -> mine.close();
            default -> {
              mine.record(Outcome.timeout());
              mine.close();
            }
          }
          end.next(round);
          if (self == 0) {
            mine.close(); // if nobody has
            assertThat(tracked).as("round %d", round).hasSize(3);
            assertThat(tracked.get(1))
                .as("round %d", round)
                .isIn("success", "timeout", "abandoned");
            assertEnded(tracked.get(1));
            lease[0] = lease();
          }
        }
      };
    }
    Concurrently.run(pieces);
    lease[0].close();
  }
}
