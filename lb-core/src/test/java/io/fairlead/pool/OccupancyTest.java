package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Rounds;
import io.fairlead.testing.Concurrently;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class OccupancyTest {

  private final Occupancy occupancy = new Occupancy();

  @Test
  void enter_answered_released_countsBoth() {
    assertThat(occupancy.enter()).as("outstanding before").isZero();
    assertThat(occupancy.enter()).as("outstanding before").isEqualTo(1);
    assertCounts(2, 2);
    occupancy.answered();
    assertCounts(2, 1);
    assertThat(occupancy.released()).isFalse();
    assertCounts(1, 1);
  }

  private void assertCounts(int inFlight, int outstanding) {
    assertThat(occupancy.inFlight()).as("in flight").isEqualTo(inFlight);
    assertThat(occupancy.outstanding()).as("outstanding").isEqualTo(outstanding);
  }

  @Test
  void drain_empty_isGoneWithIt() {
    assertThat(occupancy.drain()).isTrue();
    assertThat(occupancy.draining()).isTrue();
    assertThat(occupancy.enter()).isEqualTo(Occupancy.DRAINS);
    assertThat(occupancy.drain()).as("again").isFalse();
    assertThat(occupancy.revive()).isFalse();
    assertCounts(0, 0);
  }

  @Test
  void drain_withRequests_isGoneWithTheLast() {
    occupancy.enter();
    occupancy.enter();

    assertThat(occupancy.drain()).isFalse();
    assertThat(occupancy.enter()).isEqualTo(Occupancy.DRAINS);
    assertCounts(2, 2);
    end();
    assertCounts(1, 1);
    occupancy.answered();
    assertThat(occupancy.released()).as("the last").isTrue();
    assertThat(occupancy.revive()).isFalse();
  }

  private void end() {
    occupancy.answered();
    assertThat(occupancy.released()).isFalse();
  }

  @Test
  void revive_whileDraining_takesRequestsAgain() {
    occupancy.enter();
    occupancy.drain();

    assertThat(occupancy.revive()).isTrue();
    assertThat(occupancy.draining()).isFalse();
    assertThat(occupancy.enter()).isNotNegative();
    end();
    end();
    assertThat(occupancy.drain()).isTrue();
  }

  @Test
  void counts_manyAtOnce_doNotRunIntoEachOther() {
    int many = 1_000_000;
    for (int i = 0; i < many; i++) {
      occupancy.enter();
    }
    occupancy.drain();
    assertCounts(many, many);
    for (int i = 0; i < many; i++) {
      occupancy.answered();
    }
    assertCounts(many, 0);
    assertThat(occupancy.draining()).isTrue();
  }

  /** Against three plain variables. */
  @Test
  void randomOperations_agreeWithTheModel() {
    for (long seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      Occupancy tested = new Occupancy();
      int inFlight = 0;
      int outstanding = 0;
      boolean draining = false;
      boolean gone = false;
      for (int step = 0; step < 100; step++) {
        String where = "seed " + seed + ", step " + step;
        switch (random.nextInt(6)) {
          case 0, 1 -> {
            boolean enters = !draining && !gone;
            assertThat(tested.enter() != Occupancy.DRAINS).as(where).isEqualTo(enters);
            inFlight += enters ? 1 : 0;
            outstanding += enters ? 1 : 0;
          }
          case 2 -> {
            if (outstanding > 0) {
              tested.answered();
              outstanding--;
            }
          }
          case 3 -> {
            if (inFlight > outstanding) {
              inFlight--;
              boolean last = draining && inFlight == 0;
              gone |= last;
              assertThat(tested.released()).as(where).isEqualTo(last);
            }
          }
          case 4 -> {
            boolean last = !gone && inFlight == 0;
            draining = true;
            gone |= last;
            assertThat(tested.drain()).as(where).isEqualTo(last);
          }
          default -> {
            assertThat(tested.revive()).as(where).isEqualTo(!gone);
            draining &= gone;
          }
        }
        assertThat(tested.inFlight()).as(where).isEqualTo(inFlight);
        assertThat(tested.outstanding()).as(where).isEqualTo(outstanding);
        assertThat(tested.draining()).as(where).isEqualTo(draining || gone);
      }
    }
  }

  /** The race that is excluded: a request that enters after the member was told to be gone, or two that are told so. */
  @Test
  void enterRacesDrain_goneExactlyOnceAndNobodyAfter() throws Exception {
    raceEnterAgainstDrain(20_000, Duration.ofSeconds(3));
  }

  @Test
  @Tag("soak")
  void enterRacesDrain_goneExactlyOnceAndNobodyAfter_long() throws Exception {
    raceEnterAgainstDrain(2_000_000, Duration.ofSeconds(30));
  }

  private static void raceEnterAgainstDrain(int rounds, Duration time) throws InterruptedException {
    Occupancy[] all = new Occupancy[rounds];
    for (int i = 0; i < rounds; i++) {
      all[i] = new Occupancy();
    }
    AtomicInteger[] gone = new AtomicInteger[rounds];
    for (int i = 0; i < rounds; i++) {
      gone[i] = new AtomicInteger();
    }
    Rounds together = new Rounds(2, rounds, time);
    Concurrently.run(
        () -> {
          for (int i = 0; together.next(i); i++) {
            for (int request = 0; request < 2; request++) {
              if (all[i].enter() != Occupancy.DRAINS) {
                assertThat(gone[i].get())
                    .as("gone with one in flight, round %d", i)
                    .isZero();
                all[i].answered();
                if (all[i].released()) {
                  gone[i].incrementAndGet();
                }
              }
            }
          }
        },
        () -> {
          for (int i = 0; together.next(i); i++) {
            if (all[i].drain()) {
              gone[i].incrementAndGet();
            }
          }
        });
    for (int i = 0; i < together.played(); i++) {
      assertThat(gone[i]).as("round %d", i).hasValue(1);
      assertThat(all[i].inFlight()).as("round %d", i).isZero();
      assertThat(all[i].outstanding()).as("round %d", i).isZero();
      assertThat(all[i].enter()).as("round %d", i).isEqualTo(Occupancy.DRAINS);
    }
  }

  /** Who returns just as the last request ends is either gone or back, never both. */
  @Test
  void reviveRacesTheLastRelease_goneOrBack() throws Exception {
    int rounds = 20_000;
    Occupancy[] all = new Occupancy[rounds];
    boolean[] revived = new boolean[rounds];
    boolean[] gone = new boolean[rounds];
    for (int i = 0; i < rounds; i++) {
      all[i] = new Occupancy();
      all[i].enter();
      all[i].answered();
      all[i].drain();
    }
    Rounds together = new Rounds(2, rounds, Duration.ofSeconds(3));
    Concurrently.run(
        () -> {
          for (int i = 0; together.next(i); i++) {
            gone[i] = all[i].released();
          }
        },
        () -> {
          for (int i = 0; together.next(i); i++) {
            revived[i] = all[i].revive();
          }
        });
    for (int i = 0; i < together.played(); i++) {
      assertThat(revived[i]).as("round %d", i).isNotEqualTo(gone[i]);
      assertThat(all[i].enter() != Occupancy.DRAINS).as("round %d", i).isEqualTo(revived[i]);
    }
  }

  /** Many more threads than processors, so that some are stopped between their reading and their writing. */
  @Test
  void manyThreads_enterAndLeaveWhileItDrainsAndReturns_countsAreExact() throws Exception {
    AtomicInteger entered = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    AtomicInteger gone = new AtomicInteger();
    Runnable requests = () -> {
      for (int i = 0; i < 50_000; i++) {
        if (occupancy.enter() != Occupancy.DRAINS) {
          entered.incrementAndGet();
          assertThat(occupancy.outstanding()).isBetween(1, 4);
          occupancy.answered();
          assertThat(occupancy.inFlight()).isBetween(1, 4);
          ended.incrementAndGet();
          gone.addAndGet(occupancy.released() ? 1 : 0);
        }
      }
    };
    Concurrently.run(requests::run, requests::run, requests::run, () -> {
      occupancy.enter(); // so that it is never empty, and can be revived
      for (int i = 0; i < 50_000; i++) {
        gone.addAndGet(occupancy.drain() ? 1 : 0);
        assertThat(occupancy.revive()).isTrue();
      }
    });

    assertThat(ended).hasValue(entered.get());
    assertThat(gone).hasValue(0);
    assertCounts(1, 1);
  }
}
