package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.backend.Veto;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlowStartTest {

  private static final Duration WINDOW = Duration.ofSeconds(100);

  private static TestPool pool() {
    return pool(new FakeClock());
  }

  private static TestPool pool(FakeClock clock) {
    return new TestPool(0.5, clock, WINDOW);
  }

  /** From a tenth to all, as if in a straight line from nothing: nobody is more than a step away from it. */
  private static void assertRamps(TestPool test, String id, double weight) {
    assertThat(test.member(id).weight()).as("at first").isCloseTo(weight / 10, within(1e-9));
    for (int second = 1; second < 100; second++) {
      test.clock.advance(Duration.ofSeconds(1));
      assertThat(test.member(id).weight())
          .as("after %d of 100 s", second)
          .isCloseTo(weight * Math.max(0.1, second / 100.0), within(weight * 0.021));
    }
    test.clock.advance(Duration.ofSeconds(3));
    assertThat(test.member(id).weight()).as("at last").isEqualTo(weight);
  }

  @Test
  void firstSet_doesNotRamp() {
    TestPool test = pool();
    test.update("a", "b");

    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
    assertThat(test.clock.scheduled()).as("timers").isZero();
  }

  /** The clock may start anywhere. */
  @ParameterizedTest
  @ValueSource(longs = {0, Long.MIN_VALUE, -1, Long.MAX_VALUE - 50_000_000_000L})
  void newMember_rampsUpInAStraightLine(long start) {
    TestPool test = pool(FakeClock.startingAt(start));
    test.update("a");
    test.update("a", "b");

    assertThat(test.live()).isEqualTo("a=1.0 b=0.1");
    assertRamps(test, "b", 1);
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
    assertThat(test.clock.scheduled()).as("timers, when nobody ramps up").isZero();
  }

  @Test
  void vetoLifted_rampsUpAgain() {
    TestPool test = pool();
    test.update("a", "b");
    test.veto("b", Veto.Kind.HARD);
    test.lift("b");

    assertRamps(test, "b", 1);
  }

  @Test
  void oneOfTwoVetoesLifted_rampsUpWhenTheOtherIs() {
    TestPool test = pool();
    test.update("a", "b");
    test.veto("b", Veto.Kind.HARD);
    test.pool.control(test.member("b"), "other").veto(Veto.Kind.HARD, "too");
    test.lift("b");
    test.clock.advance(WINDOW.multipliedBy(2));
    test.pool.control(test.member("b"), "other").lift();

    assertRamps(test, "b", 1);
  }

  @Test
  void returnsWhileItDrains_rampsUp() {
    TestPool test = pool();
    test.update("a", "b");
    PoolMember b = test.member("b");
    test.enter(b);
    test.update("a");
    test.update("a", "b");

    assertThat(test.member("b")).isSameAs(b);
    assertRamps(test, "b", 1);
    test.end(b);
  }

  @Test
  void vetoedDuringItsRamp_beginsAnew() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    test.clock.advance(Duration.ofSeconds(60));
    test.veto("b", Veto.Kind.HARD);
    test.lift("b");

    assertRamps(test, "b", 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1_000_000})
  void anyWeight_rampsSmoothly(int weight) {
    TestPool test = pool();
    test.update("a");
    test.pool.update(List.of(TestPool.backend("a", 1), TestPool.backend("b", weight)));

    assertRamps(test, "b", weight);
  }

  @Test
  void otherFactors_areMultiplied() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    test.pool.control(test.member("b"), "other").factor(0.5);

    assertRamps(test, "b", 0.5);
  }

  @Test
  void severalWindows_oneTimerForAll() {
    TestPool test = pool();
    test.update("a");
    for (int i = 0; i < 20; i++) {
      test.clock.advance(Duration.ofSeconds(1));
      test.pool.update(TestPool.backends(IntStream.rangeClosed(0, i)
          .mapToObj(k -> k == 0 ? "a" : "b" + k)
          .toArray(String[]::new)));
      test.clock.runDue();
      assertThat(test.clock.scheduled()).as("timers").isLessThanOrEqualTo(1);
    }
  }

  @Test
  void strategyRefusesTheUpdate_nothingOfItIsLeft() {
    TestPool test = pool();
    test.update("a", "c");
    PoolMember c = test.member("c");
    test.enter(c);
    test.update("a");
    test.onPicker = members -> {
      throw new IllegalStateException("no");
    };
    assertThat(catchThrowable(() -> test.update("a", "b", "c"))).hasMessage("no");
    assertThat(c.weight()).as("of who drains").isEqualTo(1);
    test.clock.advance(WINDOW.multipliedBy(2));

    assertThat(test.clock.scheduled()).as("timers").isZero();
    assertThat(test.live()).isEqualTo("a=1.0");
    test.onPicker = members -> choice -> null;
    test.update("a", "b", "c");
    assertThat(test.member("c")).isSameAs(c);
    assertThat(test.live()).isEqualTo("a=1.0 b=0.1 c=0.1");
    test.end(c);
  }

  @Test
  void leavesDuringItsRamp_timerEnds() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    test.update("a");
    test.clock.advance(WINDOW.multipliedBy(2));

    assertThat(test.clock.scheduled()).isZero();
    test.update("a", "b");
    assertRamps(test, "b", 1);
  }

  @Test
  void poolClosedDuringARamp_timerEnds() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    test.pool.close();
    test.clock.advance(WINDOW.multipliedBy(2));

    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void noWindow_noRamp() {
    TestPool test = new TestPool();
    test.update("a");
    test.update("a", "b");

    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
  }

  @Test
  void gone_itIsForgottenAtOnce() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    PoolMember b = test.member("b");
    test.enter(b);
    test.update("a");
    test.clock.runDue();
    assertThat(test.clock.scheduled()).as("it may return").isEqualTo(1);
    test.end(b);

    assertThat(test.clock.scheduled()).as("timers").isZero();
    test.pool.slowStart().begin(b);
    assertThat(test.clock.scheduled()).as("timers").isZero();
  }

  @Test
  void poolClosed_noTimerIsLeft() {
    TestPool test = pool();
    test.update("a");
    test.update("a", "b");
    test.clock.runDue();
    test.pool.close();

    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void itsName_isNoOtherPolicys() {
    TestPool test = pool();
    test.update("a");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> test.pool.control(test.member("a"), "slow start"))
        .withMessage("policy: slow start (expected: another name, since this is the balancer's own"
            + " policy)");
  }
}
