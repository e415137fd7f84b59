package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.Lease;
import io.fairlead.LoadBalancingException;
import io.fairlead.NoBackendException;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.StrategyContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StickySessionsTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.sticky(Strategy.leastConnections());
  }

  private static Testbed bed(Strategy strategy, int members) {
    return new Testbed(strategy, 1, Testbed.equal(members));
  }

  private static RequestContext session(String id) {
    return RequestContext.empty().session(id);
  }

  @Test
  void session_stays_andOthersAreSpread() throws Exception {
    Testbed bed = bed(Strategy.sticky(Strategy.roundRobin()), 5);
    List<String> first = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      first.add(bed.pick(session("s" + i)));
    }
    for (int i = 49; i >= 0; i--) {
      assertThat(bed.pick(session("s" + i))).isEqualTo(first.get(i));
    }

    assertThat(Testbed.counts(first).values()).containsOnly(10);
    assertThat(bed.moved).isEmpty();
  }

  @Test
  void withoutSession_innerStrategy() throws Exception {
    Testbed bed = bed(Strategy.sticky(Strategy.roundRobin()), 3);

    assertThat(bed.picks(30).values()).containsOnly(10);
  }

  @Test
  void memberVetoed_sessionMovesOnce_andStaysThere() throws Exception {
    Testbed bed = bed(strategy(), 4);
    String first = bed.pick(session("s"));
    bed.veto(first);
    String second = bed.pick(session("s"));
    assertThat(second).isNotEqualTo(first);
    assertThat(bed.moved).containsExactly("s: " + first + " to " + second);
    bed.lift(first);
    for (int i = 0; i < 20; i++) {
      assertThat(bed.pick(session("s"))).isEqualTo(second);
    }

    assertThat(bed.moved).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void memberOfNoWeight_sessionMoves(boolean byFactor) throws Exception {
    Testbed bed = bed(strategy(), 2);
    String first = bed.pick(session("s"));
    if (byFactor) {
      bed.factor(first, 0);
    } else {
      List<Backend> changed = Testbed.without(Testbed.equal(2), first);
      changed.add(Testbed.backend(first, 0));
      bed.update(changed);
    }

    assertThat(bed.pick(session("s"))).isNotEqualTo(first);
    assertThat(bed.moved).hasSize(1);
  }

  @Test
  void memberLeaves_sessionMoves() throws Exception {
    Testbed bed = bed(strategy(), 4);
    String first = bed.pick(session("s"));
    bed.update(Testbed.without(Testbed.equal(4), first));
    String second = bed.pick(session("s"));

    assertThat(bed.moved).containsExactly("s: " + first + " to " + second);
    assertThat(bed.pick(session("s"))).isEqualTo(second);
  }

  /** A further attempt goes elsewhere, and the next request comes back. */
  @Test
  void attemptFails_furtherOneGoesElsewhere_sessionStays() throws Exception {
    Testbed bed = bed(strategy(), 4);
    String first = bed.pick(session("s"));
    for (int i = 0; i < 10; i++) {
      try (Lease lease = bed.balancer.acquire(session("s"))) {
        assertThat(lease.backend().id()).isEqualTo(first);
        lease.record(Outcome.serverError());
        try (Lease other = lease.another()) {
          assertThat(other.backend().id()).isNotEqualTo(first);
        }
      }
    }

    assertThat(bed.moved).isEmpty();
  }

  /** Another server under the same id takes over, which is told of: it knows nothing of the sessions. */
  @Test
  void memberReplacedUnderTheSameId_sessionStaysWithTheId_andIsToldOf() throws Exception {
    Testbed bed = bed(strategy(), 4);
    List<String> first = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      first.add(bed.pick(session("s" + i)));
    }
    List<Backend> moved = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      moved.add(Backend.builder("elsewhere", 81 + i).id("m" + i).build());
    }
    bed.update(moved);
    for (int i = 0; i < 20; i++) {
      assertThat(bed.pick(session("s" + i))).isEqualTo(first.get(i));
    }

    assertThat(bed.moved).hasSize(20).allMatch(text -> text.matches("s\\d+: (m\\d) to \\1"));
  }

  @Test
  void nobodyIsLeft_sessionIsRemembered() throws Exception {
    Testbed bed = bed(strategy(), 3);
    String first = bed.pick(session("s"));
    bed.veto("m0", "m1", "m2");
    assertThat(catchThrowable(() -> bed.pick(session("s")))).isInstanceOf(NoBackendException.class);
    bed.lift("m0", "m1", "m2");

    assertThat(bed.pick(session("s"))).isEqualTo(first);
    assertThat(bed.moved).isEmpty();
  }

  @Test
  void idleForLong_isForgotten_andNotBefore() throws Exception {
    Testbed bed = new Testbed(
        StickySessions.builder(Strategy.roundRobin())
            .idleTime(Duration.ofMinutes(10))
            .build(),
        1,
        Testbed.equal(100),
        FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000),
        builder -> {});
    String first = bed.pick(session("s"));
    for (int i = 0; i < 5; i++) { // each use counts
      bed.clock.advance(Duration.ofMinutes(9));
      assertThat(bed.pick(session("s"))).isEqualTo(first);
    }
    bed.clock.advance(Duration.ofMinutes(11));

    assertThat(bed.pick(session("s"))).as("a new choice, in turn").isNotEqualTo(first);
    assertThat(bed.moved).as("it did not move: it is another one").isEmpty();
  }

  @Test
  void moreThanIsRemembered_isBounded() throws Exception {
    Testbed bed =
        bed(StickySessions.builder(Strategy.roundRobin()).maxSessions(100).build(), 50);
    List<String> first = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      first.add(bed.pick(session("s" + i)));
    }
    int same = 0;
    for (int i = 0; i < 10_000; i += 100) {
      same += bed.pick(session("s" + i)).equals(first.get(i)) ? 1 : 0;
    }

    assertThat(same).as("of 100 sessions of 10,000; two by chance").isLessThan(30);
  }

  /** Eight requests of a new session at once go to one member. */
  @Test
  void firstRequestsRace_allToOne() throws Exception {
    Testbed bed = bed(Strategy.sticky(Strategy.random()), 8);
    race(bed, "new", false);

    assertThat(bed.moved).isEmpty();
  }

  /** Eight requests of a session whose member is gone: told once, and all go to one member. */
  @Test
  void memberGone_requestsRace_toldOnce_allToOne() throws Exception {
    Testbed bed = bed(Strategy.sticky(Strategy.random()), 8);
    race(bed, "moving", true);

    assertThat(bed.moved).hasSize(300).doesNotHaveDuplicates();
  }

  private static void race(Testbed bed, String name, boolean moving) throws Exception {
    int threads = 8;
    List<Set<String>> reached = new ArrayList<>();
    IntStream.range(0, 300).forEach(round -> reached.add(new ConcurrentSkipListSet<>()));
    AtomicInteger rounds = new AtomicInteger(-1);
    AtomicReference<String> vetoed = new AtomicReference<>("");
    CyclicBarrier together = new CyclicBarrier(threads, () -> {
      String session = name + rounds.incrementAndGet();
      if (moving) {
        if (!vetoed.get().isEmpty()) {
          bed.lift(vetoed.get());
        }
        vetoed.set(pickUnchecked(bed, session));
        bed.veto(vetoed.get());
      }
    });
    Executable piece = () -> {
      for (int round = 0; round < 300; round++) {
        together.await();
        reached.get(round).add(bed.pick(session(name + round)));
      }
    };
    Executable[] pieces = new Executable[threads];
    Arrays.fill(pieces, piece);
    Concurrently.run(pieces);

    assertThat(reached).allSatisfy(ids -> assertThat(ids).hasSize(1));
  }

  private static String pickUnchecked(Testbed bed, String session) {
    try {
      return bed.pick(session(session));
    } catch (LoadBalancingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void settings_outOfRange_refused() {
    StickySessions.Builder builder = StickySessions.builder(Strategy.random());
    assertThatIllegalArgumentException().isThrownBy(() -> builder.maxSessions(0));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.idleTime(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.idleTime(Duration.ofNanos(-1)));
    assertThat(builder.build()).hasToString("sticky(random, maxSessions 100000, idleTime PT1H)");
  }
}
