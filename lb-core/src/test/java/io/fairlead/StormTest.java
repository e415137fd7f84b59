package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All servers have too much to do and say so, ten times as many callers come: retries do not make it much more. */
class StormTest {

  private static final RequestContext REPEATABLE = RequestContext.empty().repeatable();

  private static final int CALM_PER_SECOND = 50;
  private static final int CALM_CALLS = 1500;
  private static final int STORM_PER_SECOND = 10 * CALM_PER_SECOND;
  private static final int STORM_CALLS = 60_000;

  // Of the budget, by default.
  private static final double SHARE = 0.2;
  private static final double FLOOR_PER_SECOND = 10;
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private final FakeClock clock = FakeClock.movedByWaiting();
  private final Deque<Long> calls = new ArrayDeque<>(); // when those of the last window began
  private final Deque<Long> retries = new ArrayDeque<>();
  private boolean storm;
  private int requests;

  /** Whose servers answer with a status. */
  private final CallBody<Integer> body = new CallBody<>() {
    @Override
    public Integer run(Attempt attempt) {
      requests++;
      if (attempt.number() > 1) {
        retries.add(clock.nanos());
        assertThat((double) inWindow(retries))
            .as("retries in the 10 s until %s ms", clock.nanos() / 1_000_000)
            .isLessThanOrEqualTo(SHARE * inWindow(calls) + FLOOR_PER_SECOND * WINDOW.toSeconds());
      }
      return storm ? 503 : 200;
    }

    @Override
    public Outcome classify(@Nullable Integer status, @Nullable Throwable failure) {
      return status != null && status == 503 ? Outcome.serverError() : Outcome.success();
    }
  };

  private int inWindow(Deque<Long> times) {
    while (!times.isEmpty() && clock.nanos() - times.getFirst() > WINDOW.toNanos()) {
      times.removeFirst();
    }
    return times.size();
  }

  /** Calls so often. Returns how many requests reached servers. */
  private int call(LoadBalancer orders, int times, int perSecond) throws IOException {
    requests = 0;
    for (int i = 0; i < times; i++) {
      calls.add(clock.nanos());
      assertThat(orders.call(REPEATABLE, body)).isEqualTo(storm ? 503 : 200);
      clock.advance(Duration.ofSeconds(1).dividedBy(perSecond));
    }
    return requests;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void allAnswer503_requestsStayWithinTheBudget_atEachMoment(long seed) throws IOException {
    try (LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("a:1", "b:1", "c:1")
        .time(clock)
        .chance(SeededChance.of(seed))
        .build()) {
      assertThat(call(orders, CALM_CALLS, CALM_PER_SECOND))
          .as("seed %s", seed)
          .isEqualTo(CALM_CALLS);
      storm = true;
      assertThat(call(orders, STORM_CALLS, STORM_PER_SECOND))
          .as("the budget is there to be used, too; seed %s", seed)
          .isGreaterThan((int) ((1 + 0.8 * SHARE) * STORM_CALLS));
      storm = false;
      assertThat(call(orders, CALM_CALLS, CALM_PER_SECOND))
          .as("after the storm, seed %s", seed)
          .isEqualTo(CALM_CALLS);
    }
  }
}
