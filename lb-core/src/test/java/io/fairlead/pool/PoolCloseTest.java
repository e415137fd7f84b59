package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.backend.Veto;
import io.fairlead.testing.Concurrently;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class PoolCloseTest {

  private final TestPool test = new TestPool();
  private final Pool pool = test.pool;

  @Test
  void close_neverUsed_closesTheSelectorOnce() {
    pool.close();
    pool.close();

    assertThat(test.selector).containsExactly("close");
    assertThat(pool.closed()).isTrue();
  }

  @Test
  void close_idle_everybodyIsDrained_andThenTheSelectorClosed() {
    test.update("a", "b");
    test.events.clear();
    test.selector.clear();

    pool.close();

    assertThat(test.events).containsExactly("draining a", "drained a", "draining b", "drained b");
    assertThat(test.selector).containsExactly("forget a", "forget b", "close");
    assertThat(pool.members()).isEmpty();
    assertThat(pool.publication().picker().pick(null)).isNull();
    pool.close();
    assertThat(test.selector).hasSize(3);
  }

  @Test
  void close_requestsInFlight_allStayUntilTheLastHasEnded() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    PoolMember b = test.member("b");
    test.enter(a);
    test.events.clear();

    pool.close();

    assertThat(test.events).isEmpty();
    assertThat(pool.members()).hasSize(2);
    test.enter(b); // the call moves on
    test.end(a);
    assertThat(test.events).isEmpty();
    test.end(b);
    assertThat(test.events).containsExactly("draining a", "drained a", "draining b", "drained b");
    assertThat(test.selector).endsWith("close");
    assertThat(Collections.frequency(test.selector, "close")).isEqualTo(1);
    assertThat(b.enter(0, false)).isEqualTo(PoolMember.REFUSED);
  }

  @Test
  void close_whileOneDrains_waitsForIt() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update("b");
    test.events.clear();

    pool.close();
    assertThat(test.events).isEmpty();
    test.end(a);

    assertThat(test.events).containsExactly("drained a", "draining b", "drained b");
    assertThat(test.selector).endsWith("forget a", "forget b", "close");
  }

  @Test
  void update_afterClose_isRefused() {
    test.update("a");
    pool.close();

    assertThatIllegalStateException()
        .isThrownBy(() -> test.update("b"))
        .withMessage("test: closed (expected: no update after close)");
    assertThatIllegalStateException().isThrownBy(() -> test.update("a"));
  }

  @Test
  void vetoes_areCalledOffWithTheClose() {
    test.update("a");
    PoolMember a = test.member("a");
    pool.control(a, "p").vetoUntil(Veto.Kind.HARD, "x", 1_000);

    pool.close();

    assertThat(test.clock.scheduled()).isZero();
    pool.control(a, "p").vetoUntil(Veto.Kind.HARD, "x", 1_000);
    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void close_fromWithinAListener() {
    test.onEvent = event -> {
      if (event.equals("joined a")) {
        pool.close();
      }
    };

    test.update("a");

    assertThat(test.events).containsExactly("joined a", "draining a", "drained a");
    assertThat(test.selector).endsWith("forget a", "close");
  }

  @Test
  void close_whileOneIsBeingForgottenWhoseSuccessorIsGone_closesTheSelectorLast() throws Exception {
    test.update("a");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update();
    CountDownLatch forgetting = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    test.onForget = member -> {
      if (member == a) {
        forgetting.countDown();
        assertThatCode(goOn::await).doesNotThrowAnyException();
        test.selector.add("forgotten");
      }
    };
    Concurrently.run(() -> test.end(a), () -> {
      forgetting.await();
      test.update("a"); // another one
      test.update();
      pool.close();
      goOn.countDown();
    });

    assertThat(test.selector).endsWith("forgotten", "close");
  }

  /** The last requests end on several threads while another closes. */
  @Test
  void close_racesTheLastReleases_everythingOnceAndTheSelectorLast() throws Exception {
    for (int round = 0; round < 1_000; round++) {
      TestPool tested = new TestPool();
      tested.update("a", "b", "c");
      PoolMember a = tested.member("a");
      PoolMember b = tested.member("b");
      tested.enter(a);
      tested.enter(b);
      if (round % 2 == 0) {
        tested.update("b", "c");
      }
      Concurrently.run(() -> tested.end(a), () -> tested.end(b), tested.pool::close);

      for (String id : List.of("a", "b", "c")) {
        assertThat(Collections.frequency(tested.events, "drained " + id))
            .as("round %d, %s", round, id)
            .isEqualTo(1);
      }
      assertThat(Collections.frequency(tested.selector, "close"))
          .as("round %d", round)
          .isEqualTo(1);
      assertThat(tested.selector).as("round %d", round).endsWith("close");
      assertThat(tested.selector)
          .as("round %d", round)
          .contains("forget a", "forget b", "forget c");
    }
  }

  /** Requests that begin as it closes either are refused or count. */
  @Test
  void close_racesAFirstRequest_nobodyIsGoneWithARequest() throws Exception {
    for (int round = 0; round < 1_000; round++) {
      TestPool tested = new TestPool();
      tested.update("a");
      PoolMember a = tested.member("a");
      Concurrently.run(
          () -> {
            if (a.enter(0, false) != PoolMember.REFUSED) {
              assertThat(tested.selector).doesNotContain("forget a");
              tested.end(a);
            }
          },
          tested.pool::close);
      assertThat(tested.events)
          .as("round %d", round)
          .containsExactly("joined a", "draining a", "drained a");
      assertThat(tested.selector).as("round %d", round).endsWith("forget a", "close");
    }
  }

  /** Whoever ends a request has no table to wait for: what the end of the last one brings is left to who makes it. */
  @Test
  void requestsEnd_whileAnUpdateIsMade_theyDontWaitForIt() throws Exception {
    test.update("a");
    PoolMember a = test.member("a");
    test.enter(a);
    test.enter(a);
    CountDownLatch building = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    test.onPicker = members -> {
      building.countDown();
      assertThatCode(goOn::await).doesNotThrowAnyException();
      return choice -> null;
    };
    Concurrently.run(() -> test.update("a", "b"), () -> {
      building.await();
      pool.close();
      test.end(a);
      test.end(a);
      assertThat(a.inFlight()).isZero();
      assertThat(test.selector).doesNotContain("close");
      goOn.countDown();
    });

    assertThat(pool.members()).isEmpty();
    assertThat(test.events).contains("drained a", "drained b");
    assertThat(test.selector).endsWith("close");
  }

  /** Requests that move on and end on many members and threads: the last one finishes the pool, once. */
  @Test
  void requestsEnd_onAllThreads_theLastFinishes() throws Exception {
    for (int round = 0; round < 300; round++) {
      TestPool tested = new TestPool();
      tested.update("a", "b", "c");
      List<PoolMember> members =
          List.of(tested.member("a"), tested.member("b"), tested.member("c"));
      members.forEach(tested::enter);
      members.forEach(tested::enter);
      Concurrently.run(
          tested.pool::close,
          () -> members.forEach(tested::end),
          () -> {
            Throwable refused = catchThrowable(() -> tested.update("a", "b", "d"));
            assertThat(refused == null || refused.getMessage().contains("closed"))
                .isTrue();
          },
          () -> {
            for (int i = 2; i >= 0; i--) {
              tested.end(members.get(i));
            }
          });

      assertThat(tested.selector).as("round %d", round).endsWith("close");
      assertThat(Collections.frequency(tested.selector, "close")).isEqualTo(1);
      assertThat(tested.pool.members()).isEmpty();
    }
  }

  @Test
  void close_fromWithinTheStrategy_isCarriedOutAfterTheUpdate() {
    test.onPicker = members -> {
      pool.close();
      assertThat(test.selector).doesNotContain("close");
      return choice -> null;
    };
    test.update("a");

    assertThat(test.events).containsExactly("joined a", "draining a", "drained a");
    assertThat(test.selector).endsWith("forget a", "close");
  }
}
