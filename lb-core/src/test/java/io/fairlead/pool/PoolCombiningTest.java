package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.strategy.Tracker;
import io.fairlead.testing.Concurrently;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Updates from several threads at once: a picker is made for the last of them only. */
class PoolCombiningTest {

  private final TestPool test = new TestPool();
  private final CountDownLatch building = new CountDownLatch(1);
  private final CountDownLatch build = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();

  @AfterEach
  void noThreadIsLeft() throws InterruptedException {
    build.countDown();
    for (Thread thread : threads) {
      thread.join(10_000);
      assertThat(thread.isAlive()).isFalse();
    }
  }

  /** The first update is held up while its picker is built; whoever names itself "bad" is refused. */
  private void holdUpTheFirst() {
    test.onPicker = members -> {
      for (int i = 0; i < members.size(); i++) {
        if (members.get(i).backend().id().startsWith("bad")) {
          throw new IllegalStateException("refused " + members.get(i));
        }
      }
      building.countDown();
      try {
        assertThat(build.await(30, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return choice -> null;
    };
  }

  private AtomicReference<@Nullable Throwable> start(String... ids) {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread thread = new Thread(() -> {
      try {
        test.update(ids);
      } catch (Throwable e) {
        thrown.set(e);
      }
    });
    threads.add(thread);
    thread.start();
    return thrown;
  }

  /** Until it waits for the first; what it asks for is known by then. */
  private void awaitWaiting() {
    Thread last = threads.get(threads.size() - 1);
    while (last.getState() != Thread.State.WAITING) {
      assertThat(last.getState()).isNotEqualTo(Thread.State.TERMINATED);
      Thread.onSpinWait();
    }
  }

  private void end() throws InterruptedException {
    build.countDown();
    for (Thread thread : threads) {
      thread.join(10_000);
    }
  }

  @Test
  void severalWait_onlyTheLastIsMade() throws Exception {
    holdUpTheFirst();
    start("a");
    building.await();
    for (int i = 0; i < 10; i++) {
      start("b" + i, "c" + i);
      awaitWaiting();
    }
    end();

    assertThat(test.ids()).containsExactly("b9", "c9");
    assertThat(test.selector.stream().filter(text -> text.startsWith("picker")))
        .containsExactly("picker of 1", "picker of 2");
  }

  @Test
  void lastFails_onlyItsCallerIsTold_andTheOneBeforeIsMade() throws Exception {
    holdUpTheFirst();
    AtomicReference<@Nullable Throwable> first = start("a");
    building.await();
    AtomicReference<@Nullable Throwable> second = start("b");
    awaitWaiting();
    AtomicReference<@Nullable Throwable> last = start("bad");
    awaitWaiting();
    end();

    assertThat(first.get()).isNull();
    assertThat(second.get()).isNull();
    assertThat(last.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("refused bad (bad:80)");
    assertThat(test.ids()).containsExactly("b");
  }

  @Test
  void onesInBetweenWouldFail_nobodyNeedsToKnow() throws Exception {
    holdUpTheFirst();
    start("a");
    building.await();
    AtomicReference<@Nullable Throwable> second = start("bad");
    awaitWaiting();
    AtomicReference<@Nullable Throwable> last = start("c");
    awaitWaiting();
    end();

    assertThat(second.get()).isNull();
    assertThat(last.get()).isNull();
    assertThat(test.ids()).containsExactly("c");
  }

  @Test
  void allFail_eachIsToldOfItsOwn_andTheOldSetStays() throws Exception {
    holdUpTheFirst();
    start("a");
    building.await();
    List<AtomicReference<@Nullable Throwable>> thrown = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      thrown.add(start("bad" + i));
      awaitWaiting();
    }
    end();

    for (int i = 0; i < 4; i++) {
      assertThat(thrown.get(i).get()).hasMessageContaining("refused bad" + i);
    }
    assertThat(test.ids()).containsExactly("a");
  }

  @Test
  void closedWhileWaiting_refused() throws Exception {
    holdUpTheFirst();
    start("a");
    building.await();
    AtomicReference<@Nullable Throwable> second = start("b");
    awaitWaiting();
    test.pool.close(); // which does not wait
    assertThat(test.selector).doesNotContain("close");
    end();

    assertThat(second.get()).hasMessage("test: closed (expected: no update after close)");
    assertThat(test.ids()).isEmpty();
    assertThat(test.selector).endsWith("close");
  }

  /** Whichever was last: afterwards the pool is one that was asked for, and a further update is made. */
  @Test
  void manyThreads_endsWithASetThatWasAskedFor() throws Exception {
    List<List<String>> asked = Collections.synchronizedList(new ArrayList<>());
    Concurrently.run(
        () -> updates("x", asked), () -> updates("y", asked), () -> updates("z", asked));

    assertThat(asked).contains(test.ids());
    assertThat(test.ids().get(0)).as("the last of some thread").endsWith("199");
    test.update("end");
    assertThat(test.ids()).containsExactly("end");
    assertThat(test.pool.draining()).isEmpty();
  }

  private void updates(String name, List<List<String>> asked) {
    for (int i = 0; i < 200; i++) {
      String[] ids = {name + i, name, "all"};
      asked.add(List.of(ids));
      test.update(ids);
    }
  }

  /** Thrown past the compiler, as other languages may: it refuses the update like any other, and hides none. */
  @Test
  void laterOneThrowsWhatIsChecked_theOneBeforeIsMade() throws Exception {
    holdUpTheFirst();
    start("a");
    building.await();
    AtomicReference<@Nullable Throwable> second = start("b");
    awaitWaiting();
    AtomicReference<@Nullable Throwable> third = start("c");
    awaitWaiting();
    test.onTrack = member -> {
      if (member.backend().id().equals("c")) {
        PoolCombiningTest.<RuntimeException>sneak(new IOException("from elsewhere"));
      }
      return Tracker.NONE;
    };
    end();

    assertThat(second.get()).isNull();
    assertThat(test.ids()).containsExactly("b");
    assertThat(third.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("test: the strategy threw")
        .hasRootCauseMessage("from elsewhere");
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneak(Throwable e) throws T {
    throw (T) e;
  }
}
