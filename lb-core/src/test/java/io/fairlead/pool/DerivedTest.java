package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.CapturedLog;
import io.fairlead.backend.Derived;
import io.fairlead.backend.Members;
import io.fairlead.backend.Veto;
import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DerivedTest {

  private static Derived<Integer> sizeOf(Members members, AtomicInteger computed) {
    return members.derive(live -> {
      computed.incrementAndGet();
      return live.size();
    });
  }

  @Test
  void computedAtOnce_andAfterEachChange_butNotByWhoCausesIt() {
    TestPool test = new TestPool(0);
    test.update("a", "b", "c");
    AtomicInteger computed = new AtomicInteger();
    Derived<Integer> size = sizeOf(test.pool.publication().all, computed);
    assertThat(size.get()).isEqualTo(3);
    test.veto("a", Veto.Kind.HARD);
    assertThat(size.get()).as("on the scheduler only").isEqualTo(3);
    test.clock.runDue();
    assertThat(size.get()).isEqualTo(2);
    test.lift("a");
    test.clock.runDue();

    assertThat(size.get()).isEqualTo(3);
    assertThat(computed).hasValue(3);
  }

  @Test
  void nothingChanged_notComputed() {
    TestPool test = new TestPool();
    test.update("a", "b", "c");
    AtomicInteger computed = new AtomicInteger();
    sizeOf(test.pool.publication().all, computed);
    test.pool.control(test.member("a"), "test").factor(0.5);
    test.pool.control(test.member("a"), "test").factor(1);
    test.veto("b", Veto.Kind.HARD);
    test.lift("b");
    test.clock.runDue();

    assertThat(computed.get()).isLessThanOrEqualTo(2);
    int before = computed.get();
    test.pool.availabilityChanged();
    test.clock.runDue();
    assertThat(computed).hasValue(before);
  }

  @Test
  void tenThousandFactors_computedOnceOrTwice() {
    TestPool test = new TestPool();
    String[] ids = new String[10_000];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = "m" + i;
    }
    test.update(ids);
    AtomicInteger computed = new AtomicInteger();
    Derived<Double> total = test.pool.publication().all.derive(live -> {
      computed.incrementAndGet();
      return live.total();
    });
    for (PoolMember member : members(test)) {
      test.pool.control(member, "test").factor(0.5);
    }
    test.clock.runDue();

    assertThat(total.get()).isEqualTo(5_000);
    assertThat(computed).hasValueBetween(2, 3);
  }

  private static List<PoolMember> members(TestPool test) {
    List<PoolMember> members = new ArrayList<>();
    for (int i = 0; i < test.pool.publication().all.size(); i++) {
      members.add(test.pool.publication().all.get(i));
    }
    return members;
  }

  @Test
  void ofAView_followsTheViewsLive() {
    TestPool test = new TestPool(0);
    test.update("a", "b", "c", "d");
    Members view = test.pool.publication().all.where(i -> i != 3);
    Members inner = view.where(i -> i != 2);
    AtomicInteger computed = new AtomicInteger();
    Derived<Integer> size = sizeOf(inner, computed);
    test.veto("d", Veto.Kind.HARD);
    test.veto("c", Veto.Kind.HARD);
    test.clock.runDue();
    assertThat(computed).as("of no concern to it").hasValue(1);
    test.veto("a", Veto.Kind.HARD);
    test.clock.runDue();

    assertThat(size.get()).isEqualTo(1);
  }

  /** A scope decides by itself whether there is a panic: what was derived from it before it was one follows. */
  @Test
  void ofAScope_knowsOfThePanicThatThereIsAsSoonAsItIsOne() {
    TestPool test = new TestPool();
    test.update("a", "b", "c", "d");
    test.veto("b", Veto.Kind.STATISTICAL);
    test.veto("c", Veto.Kind.STATISTICAL);
    List<Derived<String>> derived = new ArrayList<>();
    test.onScope = all -> {
      Members scope = all.where(i -> i > 0);
      derived.add(scope.derive(live -> live.size() + " " + live.panic()));
      derived.add(scope.where(i -> i > 0).derive(live -> live.size() + " " + live.panic()));
      return scope;
    };
    test.pool.update(List.of(
        TestPool.backend("a", 1),
        TestPool.backend("b", 1),
        TestPool.backend("c", 1),
        TestPool.backend("d", 2)));
    test.clock.runDue();

    assertThat(derived).extracting(Derived::get).containsExactly("3 true", "2 true");
  }

  @Test
  void functionThrows_firstTime_toTheCaller() {
    TestPool test = new TestPool();
    test.update("a");
    Members all = test.pool.publication().all;

    assertThatIllegalStateException()
        .isThrownBy(() -> all.derive(live -> {
          throw new IllegalStateException("no");
        }))
        .withMessage("no");
    assertThatNullPointerException().isThrownBy(() -> all.derive(live -> null));
  }

  @Test
  void functionThrows_later_whatWasBeforeStays_andOthersAreComputed() {
    TestPool test = new TestPool(0);
    test.update("a", "b");
    Members all = test.pool.publication().all;
    AtomicBoolean broken = new AtomicBoolean();
    Derived<Integer> breaks = all.derive(live -> {
      if (broken.get()) {
        throw new IllegalStateException("no");
      }
      return live.size();
    });
    Derived<Integer> works = sizeOf(all, new AtomicInteger());
    broken.set(true);
    try (CapturedLog log = new CapturedLog()) {
      test.veto("a", Veto.Kind.HARD);
      test.clock.runDue();
      assertThat(log.text()).contains("the strategy threw");
    }
    assertThat(breaks.get()).isEqualTo(2);
    assertThat(works.get()).isEqualTo(1);
    broken.set(false);
    test.lift("a");
    test.veto("b", Veto.Kind.HARD);
    test.clock.runDue();
    assertThat(breaks.get()).as("it goes on").isEqualTo(1);
  }

  /** Whatever the order in which threads come to it, in the end it is that of the last live set. */
  @Test
  void changesFromTwoThreads_endsUpRight() throws Exception {
    TestPool test = new TestPool(0);
    test.update("a", "b", "c", "d");
    Derived<String> names =
        test.pool.publication().all.derive(live -> live.size() + " " + live.total());
    for (int round = 0; round < 200; round++) {
      Concurrently.run(
          () -> {
            test.veto("a", Veto.Kind.HARD);
            test.pool.control(test.member("b"), "x").factor(0.5);
            test.lift("a");
          },
          () -> {
            test.veto("c", Veto.Kind.HARD);
            test.clock.runDue();
            test.pool.control(test.member("d"), "x").factor(2);
            test.lift("c");
            test.clock.runDue();
          });
      test.clock.runDue();
      assertThat(names.get()).as("round %d", round).isEqualTo("4 4.5");
      test.pool.control(test.member("b"), "x").factor(1);
      test.pool.control(test.member("d"), "x").factor(1);
      test.clock.runDue();
      assertThat(names.get()).as("round %d", round).isEqualTo("4 4.0");
    }
  }
}
