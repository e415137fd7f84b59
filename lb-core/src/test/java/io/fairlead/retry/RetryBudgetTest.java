package io.fairlead.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RetryBudgetTest {

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000L);

  private RetryBudget.Builder builder() {
    return RetryBudget.builder().time(clock);
  }

  private static int withdrawAll(RetryBudget budget) {
    int withdrawn = 0;
    while (budget.tryWithdraw()) {
      withdrawn++;
    }
    return withdrawn;
  }

  @Test
  void fresh_hasTheFloorOfOneWindow() {
    RetryBudget budget = builder().build();

    assertThat(budget.balance()).isEqualTo(100);
    assertThat(withdrawAll(budget)).isEqualTo(100);
    assertThat(budget.balance()).isZero();
  }

  @Test
  void deposits_growItByTheShare() {
    RetryBudget budget = builder().share(0.2).floor(0).build();

    for (int i = 0; i < 99; i++) {
      budget.deposit();
    }

    assertThat(withdrawAll(budget)).as("99 × 0.2, rounded down").isEqualTo(19);
    budget.deposit();
    assertThat(withdrawAll(budget)).isEqualTo(1);
  }

  @Test
  void deposits_areForgottenAfterTheWindow() {
    RetryBudget budget = builder().floor(0).window(Duration.ofSeconds(10)).build();
    for (int i = 0; i < 100; i++) {
      budget.deposit();
    }

    clock.advance(Duration.ofMillis(8_999));
    assertThat(budget.balance()).isEqualTo(20);
    clock.advance(Duration.ofMillis(1_001));
    assertThat(budget.balance()).isZero();
  }

  @Test
  void withdrawals_countForTheWindowAndNotForever() {
    RetryBudget budget = builder().floor(1).window(Duration.ofSeconds(10)).build();
    assertThat(withdrawAll(budget)).isEqualTo(10);

    clock.advance(Duration.ofSeconds(10));
    assertThat(budget.balance()).as("the slice still counts").isZero();
    clock.advance(Duration.ofSeconds(1));
    assertThat(withdrawAll(budget)).isEqualTo(10);
    clock.advance(Duration.ofDays(400));
    assertThat(withdrawAll(budget)).isEqualTo(10);
  }

  @Test
  void timeThatRunsBackwards_isTheLastThatWasSeen() {
    RetryBudget budget = builder().floor(1).build();
    long now = clock.nanos();
    budget.balance(now + Duration.ofSeconds(100).toNanos());

    budget.deposit(now);
    assertThat(budget.tryWithdraw(now)).isTrue();
    assertThat(budget.snapshot().deposits()).isEqualTo(1);
    assertThat(budget.snapshot().withdrawals()).isEqualTo(1);
  }

  @Test
  void shareAndFloorOfZero_neverGiveAny() {
    RetryBudget budget = builder().share(0).floor(0).build();
    budget.deposit();

    assertThat(budget.tryWithdraw()).isFalse();
  }

  @Test
  void snapshot_andToString_tellHowItStands() {
    RetryBudget budget = builder().build();
    for (int i = 0; i < 10; i++) {
      budget.deposit();
    }
    assertThat(budget.tryWithdraw()).isTrue();

    assertThat(budget.snapshot()).isEqualTo(new RetryBudget.Snapshot(10, 1, 101));
    assertThat(budget)
        .hasToString("RetryBudget 101 left, 10 deposited and 1 withdrawn in the window");
  }

  @Test
  void builder_isARecipe() {
    RetryBudget.Builder builder = builder().floor(1);
    RetryBudget.Builder copy = builder.copy().floor(2);
    RetryBudget first = builder.build();
    withdrawAll(first);

    assertThat(builder.build().balance()).isEqualTo(10);
    assertThat(copy.build().balance()).isEqualTo(20);
  }

  static Stream<Arguments> badSettings() {
    return Stream.of(
        bad(() -> RetryBudget.builder().share(-0.1), "share: -0.1 (expected: 0 to 1)"),
        bad(() -> RetryBudget.builder().share(1.1), "share: 1.1 (expected: 0 to 1)"),
        bad(() -> RetryBudget.builder().share(Double.NaN), "share: NaN (expected: 0 to 1)"),
        bad(
            () -> RetryBudget.builder().floor(-1),
            "floor: -1.0 (expected: 0 to 1000000 per second)"),
        bad(
            () -> RetryBudget.builder().floor(1e7),
            "floor: 1.0E7 (expected: 0 to 1000000 per second)"),
        bad(
            () -> RetryBudget.builder().window(Duration.ZERO),
            "window: PT0S (expected: 100 ms to 1 h)"),
        bad(
            () -> RetryBudget.builder().window(Duration.ofDays(1)),
            "window: PT24H (expected: 100 ms to 1 h)"));
  }

  private static Arguments bad(Executable setting, String message) {
    return Arguments.of(setting, message);
  }

  @ParameterizedTest
  @MethodSource("badSettings")
  void badSetting_isRefused(Executable setting, String message) {
    assertThatThrownBy(setting::execute)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  /**
   * Against a reference that remembers each request and each retry: never more than the rule allows in the window that ends with a
   * retry, and never refused where the rule would hold with nine tenths of the window for requests, and eleven for retries.
   */
  @Test
  void anySchedule_keepsTheRule_andIsNotOffByMoreThanASlice() {
    for (long seed = 0; seed < 1_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double share = random.nextInt(11) / 10.0;
      int floor = random.nextInt(4);
      long window = Duration.ofSeconds(1).toNanos();
      long slice = window / 10;
      RetryBudget budget = RetryBudget.builder()
          .share(share)
          .floor(floor)
          .window(Duration.ofSeconds(1))
          .time(clock)
          .build();
      long now = clock.nanos();
      Deque<Long> requests = new ArrayDeque<>();
      Deque<Long> retries = new ArrayDeque<>();
      for (int i = 0; i < 300; i++) {
        now += random.nextInt(20) == 0 ? random.nextLong(2 * window) : random.nextLong(slice / 4);
        if (random.nextInt(3) > 0) {
          budget.deposit(now);
          requests.add(now);
        } else if (budget.tryWithdraw(now)) {
          retries.add(now);
          assertThat((double) since(retries, now - window))
              .as("seed %d, step %d", seed, i)
              .isLessThanOrEqualTo(share * since(requests, now - window) + floor + 1e-6);
        } else {
          assertThat(since(retries, now - window - slice) + 1.0)
              .as("refused, seed %d, step %d", seed, i)
              .isGreaterThan(share * since(requests, now - window + slice) + floor - 1e-6);
        }
      }
    }
  }

  private static int since(Deque<Long> times, long from) {
    int count = 0;
    for (long time : times) {
      if (time - from > 0) {
        count++;
      }
    }
    return count;
  }

  /** Of many who try at once while slices end, no two get the same retry. */
  @Test
  void manyAtOnce_getNoMoreThanThereIs() throws Exception {
    RetryBudget budget =
        builder().share(0.5).floor(100).window(Duration.ofSeconds(1)).build();
    long start = clock.nanos();
    AtomicLong steps = new AtomicLong();
    AtomicLong withdrawn = new AtomicLong();
    AtomicLong deposited = new AtomicLong();
    List<Executable> pieces = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      pieces.add(() -> {
        for (int k = 0; k < 50_000; k++) {
          long now = start + steps.incrementAndGet() * 4_000; // 0.8 s in all: everything counts
          if (k % 3 == 0) {
            budget.deposit(now);
            deposited.incrementAndGet();
          } else if (budget.tryWithdraw(now)) {
            withdrawn.incrementAndGet();
          }
        }
      });
    }

    Concurrently.run(pieces.toArray(Executable[]::new));

    long end = start + steps.get() * 4_000;
    while (budget.tryWithdraw(end)) {
      withdrawn.incrementAndGet();
    }
    assertThat(withdrawn.get()).isEqualTo(100 + deposited.get() / 2);
  }
}
