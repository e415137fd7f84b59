package io.fairlead.retry;

import static io.fairlead.retry.CallPlan.Answer.DELIVER;
import static io.fairlead.retry.CallPlan.Answer.FAIL;
import static io.fairlead.retry.CallPlan.Answer.NOTHING;
import static io.fairlead.retry.CallPlan.Answer.SEND;
import static io.fairlead.retry.CallPlan.Event.ANSWERED;
import static io.fairlead.retry.CallPlan.Event.FAILED;
import static io.fairlead.retry.CallPlan.Event.NOBODY;
import static io.fairlead.retry.CallPlan.Event.START;
import static io.fairlead.retry.CallPlan.Target.ANYONE;
import static io.fairlead.retry.CallPlan.Target.SAME;
import static io.fairlead.retry.CallPlan.Target.UNTRIED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class CallPlanTest {

  private static final RequestContext ONCE = RequestContext.empty();
  private static final RequestContext REPEATABLE = ONCE.repeatable();
  private static final Duration SECOND = Duration.ofSeconds(1);

  private static CallPlan plan(RequestContext context, RetryPolicy retries, long start) {
    FakeClock clock = FakeClock.startingAt(start);
    return new CallPolicy(retries, null, clock, () -> -1).plan(context);
  }

  private static CallPlan plan(RequestContext context, long start) {
    return plan(context, RetryPolicy.standard(), start);
  }

  private static CallPlan started(RequestContext context) {
    CallPlan plan = plan(context, 0);
    assertThat(plan.next(START, 0, null, 0)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(1);
    assertThat(plan.target()).isEqualTo(ANYONE);
    return plan;
  }

  private static Answer fail(CallPlan plan, Outcome outcome) {
    return plan.next(FAILED, plan.attempt(), outcome, 0);
  }

  /** What comes after a first attempt that failed so: for a request to be sent once, and for one that may be repeated. */
  static List<Arguments> afterTheFirstFailure() {
    return List.of(
        arguments(Outcome.connectFailure(), UNTRIED, UNTRIED),
        arguments(Outcome.timeout(), null, UNTRIED),
        arguments(Outcome.timeout().unsent(), UNTRIED, UNTRIED),
        arguments(Outcome.protocolError(), null, UNTRIED),
        arguments(Outcome.protocolError().unsent(), UNTRIED, UNTRIED),
        arguments(Outcome.serverError(), null, UNTRIED),
        arguments(Outcome.serverError().unsent(), UNTRIED, UNTRIED),
        arguments(Outcome.connectionLost(), null, SAME),
        arguments(Outcome.connectionLost().unsent(), SAME, SAME),
        arguments(Outcome.abandoned(), null, null),
        arguments(Outcome.abandoned().unsent(), null, null),
        arguments(Outcome.ignored(), null, null),
        arguments(Outcome.ignored().unsent(), null, null),
        arguments(Outcome.success(), null, null),
        arguments(Outcome.unavailable(SECOND), null, UNTRIED),
        arguments(Outcome.throttled(SECOND), null, UNTRIED));
  }

  @ParameterizedTest
  @MethodSource("afterTheFirstFailure")
  void failed_firstAttempt(Outcome outcome, @Nullable Target once, @Nullable Target repeatable) {
    assertAnswer(started(ONCE), outcome, once);
    assertAnswer(started(REPEATABLE), outcome, repeatable);
  }

  private static void assertAnswer(CallPlan plan, Outcome outcome, @Nullable Target next) {
    if (next == null) {
      assertThat(fail(plan, outcome)).isEqualTo(FAIL);
      assertThat(plan.attempt()).isEqualTo(1);
      assertOver(plan);
    } else {
      assertThat(fail(plan, outcome)).isEqualTo(SEND);
      assertThat(plan.attempt()).isEqualTo(2);
      assertThat(plan.target()).isEqualTo(next);
    }
  }

  private static void assertOver(CallPlan plan) {
    for (Event event : Event.values()) {
      assertThat(plan.next(event, plan.attempt(), Outcome.connectFailure(), 0))
          .as("%s after the end", event)
          .isEqualTo(NOTHING);
    }
  }

  @Test
  void answered_deliversAndIsOver() {
    for (Outcome outcome : List.of(
        Outcome.success(), Outcome.serverError(), Outcome.timeout(), Outcome.unavailable(SECOND))) {
      CallPlan plan = started(REPEATABLE);

      assertThat(plan.next(ANSWERED, 1, outcome, 0)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(1);
      assertOver(plan);
    }
  }

  @Test
  void nobody_failsAndIsOver() {
    CallPlan plan = started(REPEATABLE);

    assertThat(plan.next(NOBODY, 1, null, 0)).isEqualTo(FAIL);
    assertOver(plan);
  }

  @Test
  void nobody_forAFurtherAttempt_fails() {
    CallPlan plan = started(ONCE);
    fail(plan, Outcome.connectFailure());

    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(FAIL);
    assertOver(plan);
  }

  @Test
  void nobody_sinceTheSameHasLeft_goesToAnUntriedAsTheSameAttempt() {
    CallPlan plan = started(REPEATABLE);
    fail(plan, Outcome.connectionLost());
    assertThat(plan.target()).isEqualTo(SAME);

    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.target()).isEqualTo(UNTRIED);
    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(FAIL);
  }

  @Test
  void connectionLost_again_goesToAnotherBackend() {
    CallPlan plan = started(REPEATABLE);

    fail(plan, Outcome.connectionLost());
    assertThat(plan.target()).isEqualTo(SAME);
    fail(plan, Outcome.connectionLost());
    assertThat(plan.target()).isEqualTo(UNTRIED);
    fail(plan, Outcome.connectionLost());
    assertThat(plan.target()).as("of another backend").isEqualTo(SAME);
  }

  @Test
  void maxSends_reached_fails() {
    CallPlan plan = started(REPEATABLE);
    for (int send = 1; send < 3; send++) {
      assertThat(fail(plan, Outcome.serverError())).isEqualTo(SEND);
      assertThat(fail(plan, Outcome.connectFailure())).as("costs nothing").isEqualTo(SEND);
    }

    assertThat(fail(plan, Outcome.timeout())).isEqualTo(FAIL);
    assertOver(plan);
  }

  @Test
  void maxAttempts_reached_fails() {
    for (Outcome outcome :
        List.of(Outcome.connectFailure(), Outcome.connectionLost().unsent())) {
      CallPlan plan = started(ONCE);
      for (int attempt = 1; attempt < CallPlan.MAX_ATTEMPTS; attempt++) {
        assertThat(fail(plan, outcome)).isEqualTo(SEND);
      }

      assertThat(plan.attempt()).isEqualTo(CallPlan.MAX_ATTEMPTS);
      assertThat(fail(plan, outcome)).isEqualTo(FAIL);
      assertOver(plan);
    }
  }

  @Test
  void timeout_noAttemptBeginsAtItsEndOrLater() {
    for (long start : new long[] {0, 5, Long.MAX_VALUE - 10, Long.MIN_VALUE}) {
      for (long late : new long[] {0, 1, Duration.ofDays(36).toNanos()}) {
        CallPlan plan = plan(ONCE.timeout(SECOND), start);
        plan.next(START, 0, null, start);
        long end = start + SECOND.toNanos();

        assertThat(plan.next(FAILED, 1, Outcome.connectFailure(), end - 1)).isEqualTo(SEND);
        assertThat(plan.next(FAILED, 2, Outcome.connectFailure(), end + late)).isEqualTo(FAIL);
      }
    }
  }

  @Test
  void timeout_anAnswerAfterItsEnd_isDeliveredAllTheSame() {
    CallPlan plan = started(ONCE.timeout(SECOND));

    assertThat(plan.next(ANSWERED, 1, Outcome.success(), 2 * SECOND.toNanos())).isEqualTo(DELIVER);
  }

  @Test
  void timeout_forEver_neverEnds() {
    CallPlan plan = started(ONCE.timeout(Duration.ofSeconds(Long.MAX_VALUE)));

    long centuries = Duration.ofDays(100_000).toNanos();
    assertThat(plan.next(FAILED, 1, Outcome.connectFailure(), centuries)).isEqualTo(SEND);
  }

  @ParameterizedTest
  @EnumSource(Event.class)
  void anyEvent_ofAnotherAttempt_isNothing(Event event) {
    CallPlan plan = started(REPEATABLE);
    fail(plan, Outcome.serverError());

    for (int other : new int[] {-1, 0, 1, 3}) {
      assertThat(plan.next(event, other, Outcome.serverError(), 0)).isEqualTo(NOTHING);
    }
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.next(ANSWERED, 2, Outcome.success(), 0)).isEqualTo(DELIVER);
  }

  @Test
  void start_twice_isNothing() {
    CallPlan plan = started(REPEATABLE);

    assertThat(plan.next(START, 0, null, 0)).isEqualTo(NOTHING);
    assertThat(plan.next(START, 1, null, 0)).isEqualTo(NOTHING);
    assertThat(plan.attempt()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(value = Event.class, names = "START", mode = EnumSource.Mode.EXCLUDE)
  void anyEvent_beforeTheStart_isNothing(Event event) {
    CallPlan plan = plan(REPEATABLE, 0);

    assertThat(plan.next(event, 0, Outcome.serverError(), 0)).isEqualTo(NOTHING);
    assertThat(plan.next(START, 0, null, 0)).isEqualTo(SEND);
  }

  @Test
  void failed_withoutAnOutcome_isRefused() {
    CallPlan plan = started(ONCE);

    assertThatNullPointerException()
        .isThrownBy(() -> plan.next(FAILED, 1, null, 0))
        .withMessage("outcome");
  }

  /** Random events; what must hold is counted beside the plan. */
  @Test
  void randomEvents_neverMoreThanTheLimits() {
    List<Outcome> outcomes = List.of(
        Outcome.connectFailure(),
        Outcome.connectFailure(),
        Outcome.connectFailure(),
        Outcome.connectFailure(),
        Outcome.connectionLost(),
        Outcome.connectionLost().unsent(),
        Outcome.timeout(),
        Outcome.timeout().unsent(),
        Outcome.protocolError(),
        Outcome.serverError(),
        Outcome.abandoned(),
        Outcome.ignored(),
        Outcome.unavailable(SECOND));
    Event[] events = {FAILED, FAILED, FAILED, FAILED, FAILED, FAILED, NOBODY, ANSWERED, START};
    for (long seed = 0; seed < 20_000; seed++) {
      Random random = new Random(seed);
      boolean repeatable = random.nextBoolean();
      boolean limited = random.nextInt(4) == 0;
      RequestContext context = repeatable ? REPEATABLE : ONCE;
      long start = random.nextLong();
      CallPlan plan = plan(limited ? context.timeout(Duration.ofNanos(50)) : context, start);
      String what = "seed " + seed;
      long now = start;
      Answer answer = plan.next(START, 0, null, now);
      int reached = 0;
      int mayHaveReached = 0;
      int attempts = 1;
      Outcome last = null;
      while (answer == SEND || answer == NOTHING) {
        now += random.nextInt(3);
        Event event = events[random.nextInt(events.length)];
        Outcome outcome = outcomes.get(random.nextInt(outcomes.size()));
        int about = plan.attempt() - (random.nextInt(10) == 0 ? 1 : 0);
        boolean late = about != plan.attempt() || event == START;
        int before = plan.attempt();
        Target target = plan.target();
        answer = plan.next(event, about, outcome, now);
        if (late) {
          assertThat(answer).as(what).isEqualTo(NOTHING);
          continue;
        }
        assertThat(answer).as(what).isNotEqualTo(NOTHING);
        if (event == FAILED) {
          last = outcome;
          mayHaveReached += outcome.isUnsent() ? 0 : 1;
          reached += outcome.isUnsent() || outcome.isConnectionLost() ? 0 : 1;
        }
        if (answer == SEND && event == FAILED) {
          attempts++;
          assertThat(repeatable || mayHaveReached == 0).as(what + ": repeated").isTrue();
          assertThat(reached).as(what).isLessThan(3);
          assertThat(limited && now - start >= 50).as(what + ": late").isFalse();
          assertThat(plan.target()).as(what).isNotEqualTo(ANYONE);
          boolean same = last.isConnectionLost() && target != SAME;
          assertThat(plan.target() == SAME).as(what + ": same").isEqualTo(same);
        } else if (answer == SEND) {
          assertThat(event).as(what).isEqualTo(NOBODY);
          assertThat(target).as(what).isEqualTo(SAME);
          assertThat(plan.target()).as(what).isEqualTo(UNTRIED);
        } else {
          assertThat(answer).as(what).isEqualTo(event == ANSWERED ? DELIVER : FAIL);
          assertThat(plan.attempt()).as(what).isEqualTo(before);
        }
        assertThat(plan.attempt()).as(what).isEqualTo(attempts);
        assertThat(attempts).as(what).isLessThanOrEqualTo(CallPlan.MAX_ATTEMPTS);
      }
      assertOver(plan);
    }
  }
}
