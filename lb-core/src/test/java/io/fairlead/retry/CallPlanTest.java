package io.fairlead.retry;

import static io.fairlead.retry.CallPlan.Answer.DELIVER;
import static io.fairlead.retry.CallPlan.Answer.FAIL;
import static io.fairlead.retry.CallPlan.Answer.NOTHING;
import static io.fairlead.retry.CallPlan.Answer.SEND;
import static io.fairlead.retry.CallPlan.Answer.WAIT;
import static io.fairlead.retry.CallPlan.Event.ANSWERED;
import static io.fairlead.retry.CallPlan.Event.FAILED;
import static io.fairlead.retry.CallPlan.Event.LEASED;
import static io.fairlead.retry.CallPlan.Event.NOBODY;
import static io.fairlead.retry.CallPlan.Event.START;
import static io.fairlead.retry.CallPlan.Event.TIMER;
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
  private static final long FIRST = Duration.ofMillis(25).toNanos(); // the first back-off

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
  void answeredWell_deliversAndIsOver() {
    for (Outcome outcome : List.of(Outcome.success(), Outcome.ignored(), Outcome.abandoned())) {
      CallPlan plan = started(REPEATABLE);

      assertThat(plan.next(ANSWERED, 1, outcome, 0)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(1);
      assertOver(plan);
    }
  }

  private static final List<Outcome> BAD_ANSWERS = List.of(
      Outcome.serverError(),
      Outcome.protocolError(),
      Outcome.timeout(),
      Outcome.unavailable(SECOND),
      Outcome.throttled(SECOND));

  @Test
  void answeredBadly_toBeSentOnce_isDelivered() {
    for (Outcome outcome : BAD_ANSWERS) {
      CallPlan plan = started(ONCE);

      assertThat(plan.next(ANSWERED, 1, outcome, 0)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(1);
      assertOver(plan);
    }
  }

  @Test
  void answeredBadly_repeatable_goesOn_andTheLastIsDelivered() {
    for (Outcome outcome : BAD_ANSWERS) {
      CallPlan plan = started(REPEATABLE);

      assertThat(plan.next(ANSWERED, 1, outcome, 0)).isEqualTo(SEND);
      assertThat(plan.target()).isEqualTo(UNTRIED);
      assertThat(plan.next(ANSWERED, 2, outcome, 0)).isEqualTo(SEND);
      assertThat(plan.next(ANSWERED, 3, outcome, 0)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(3);
      assertOver(plan);
    }
  }

  @Test
  void answeredBadly_andThenNoAnswerAtAll_hasNothingToDeliver() {
    CallPlan plan = started(REPEATABLE);

    plan.next(ANSWERED, 1, Outcome.serverError(), 0);
    fail(plan, Outcome.protocolError());

    assertThat(fail(plan, Outcome.protocolError()))
        .as("the answer was let go of when the next one was sent")
        .isEqualTo(FAIL);
  }

  @Test
  void answeredBadly_andThenNobody_isKeptAndDelivered() {
    CallPlan plan = started(REPEATABLE.timeout(Duration.ofMillis(20)));

    plan.next(ANSWERED, 1, Outcome.serverError(), 0);

    assertThat(plan.next(NOBODY, 2, null, 0)).as("no time for a back-off").isEqualTo(DELIVER);
    assertThat(plan.attempt()).isEqualTo(1);
    assertOver(plan);
  }

  @Test
  void nobody_failsAndIsOver() {
    CallPlan plan = started(REPEATABLE);

    assertThat(plan.next(NOBODY, 1, null, 0)).isEqualTo(FAIL);
    assertOver(plan);
  }

  @Test
  void nobodyUntried_waits_andGoesToAnyone_whoIsTheLastChance() {
    CallPlan plan = started(ONCE);
    fail(plan, Outcome.connectFailure());

    assertThat(plan.next(NOBODY, 2, null, 7)).isEqualTo(WAIT);
    long until = 7 + FIRST;
    assertThat(plan.until()).isEqualTo(until);
    assertThat(plan.next(TIMER, 0, null, until - 1)).as("too early").isEqualTo(WAIT);
    assertThat(plan.next(TIMER, 0, null, until)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.target()).isEqualTo(ANYONE);
    assertThat(plan.until()).isEqualTo(CallPlan.NEVER);
    assertThat(plan.next(NOBODY, 2, null, until)).isEqualTo(FAIL);
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
    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(WAIT);
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
  @EnumSource(
      value = Event.class,
      names = {"LEASED", "TIMER"},
      mode = EnumSource.Mode.EXCLUDE)
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
    assertThatNullPointerException()
        .isThrownBy(() -> plan.next(null, 1, Outcome.timeout(), 0))
        .withMessage("event");
    assertThat(plan.next(FAILED, 1, Outcome.connectFailure(), 0))
        .as("nothing has changed")
        .isEqualTo(SEND);
  }

  // ---- the budget ----

  private static CallPolicy policy(RetryBudget.Builder budget) {
    RetryPolicy retries = RetryPolicy.builder().maxAttempts(10).budget(budget).build();
    return new CallPolicy(retries, null, new FakeClock(), () -> -1);
  }

  private static RetryBudget.Builder three() {
    return RetryBudget.builder().share(0).floor(0.3);
  }

  private static CallPlan started(CallPolicy policy, RequestContext context) {
    CallPlan plan = policy.plan(context);
    assertThat(plan.next(START, 0, null, 0)).isEqualTo(SEND);
    return plan;
  }

  @Test
  void budget_oneForEachRepetition_untilThereIsNone() {
    CallPolicy policy = policy(three());
    CallPlan plan = started(policy, REPEATABLE);
    for (int retries = 1; retries <= 3; retries++) {
      assertThat(fail(plan, Outcome.serverError())).isEqualTo(SEND);
      assertThat(policy.budget().withdrawals()).isEqualTo(retries);
    }

    assertThat(fail(plan, Outcome.serverError())).isEqualTo(FAIL);
    CallPlan next = started(policy, REPEATABLE);
    assertThat(next.next(ANSWERED, 1, Outcome.serverError(), 0)).isEqualTo(DELIVER);
    assertThat(policy.budget().withdrawals()).isEqualTo(3);
  }

  @Test
  void budget_whatReachedNobodyAndLostConnections_areFree() {
    CallPolicy policy = policy(three().floor(0));
    CallPlan plan = started(policy, REPEATABLE);

    for (Outcome free : List.of(
        Outcome.connectFailure(),
        Outcome.connectionLost(),
        Outcome.connectionLost().unsent())) {
      assertThat(fail(plan, free)).as("%s", free).isEqualTo(SEND);
    }
    assertThat(fail(plan, Outcome.timeout().unsent()))
        .as("it was a server that took its time")
        .isEqualTo(FAIL);
  }

  @Test
  void budget_whoWasPaidForAndFoundNobodyUntried_isNotPaidForAgain() {
    CallPolicy policy = policy(three());
    CallPlan plan = started(policy, REPEATABLE);

    fail(plan, Outcome.serverError());
    plan.next(NOBODY, 2, null, 0);
    assertThat(plan.next(TIMER, 0, null, FIRST)).isEqualTo(SEND);

    assertThat(policy.budget().withdrawals()).isEqualTo(1);
  }

  @Test
  void budget_aSecondRoundOfThoseThatWereNotReached_isPaidFor() {
    CallPolicy policy = policy(three().floor(0.1));
    CallPlan plan = started(policy, ONCE);

    fail(plan, Outcome.connectFailure());
    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(WAIT);
    assertThat(policy.budget().withdrawals()).isEqualTo(1);
    plan.next(TIMER, 0, null, FIRST);
    assertThat(fail(plan, Outcome.connectFailure())).isEqualTo(SEND);
    assertThat(plan.next(NOBODY, 3, null, FIRST)).as("there is no more").isEqualTo(FAIL);
  }

  @Test
  void budget_grows_onceForEachCallThatWasSent() {
    CallPolicy policy = policy(RetryBudget.builder());
    CallPlan repeated = started(policy, REPEATABLE);
    assertThat(policy.budget().deposits()).isZero();
    for (int attempt = 1; attempt <= 3; attempt++) {
      fail(repeated, Outcome.serverError());
      assertThat(policy.budget().deposits()).isEqualTo(1);
    }
    CallPlan leased = started(policy, REPEATABLE);
    leased.next(LEASED, 1, null, 0);
    assertThat(policy.budget().deposits()).isEqualTo(2);
    leased.next(ANSWERED, 1, Outcome.success(), 0);
    assertThat(policy.budget().deposits()).isEqualTo(2);

    assertThat(started(policy, REPEATABLE).next(NOBODY, 1, null, 0)).isEqualTo(FAIL);
    assertThat(policy.budget().deposits()).as("one that was refused").isEqualTo(2);
  }

  // ---- waiting ----

  /** Fails an attempt, finds nobody untried, and returns how long it waits; -1 if it ends. */
  private static long backOff(CallPlan plan, Outcome outcome, long now) {
    assertThat(plan.next(FAILED, plan.attempt(), outcome, now)).isEqualTo(SEND);
    Answer answer = plan.next(NOBODY, plan.attempt(), null, now);
    if (answer == FAIL) {
      return -1;
    }
    assertThat(answer).isEqualTo(WAIT);
    long wait = plan.until() - now;
    assertThat(plan.next(TIMER, 0, null, plan.until())).isEqualTo(SEND);
    return wait;
  }

  private static CallPlan waiting(long fraction, RequestContext context) {
    RetryPolicy retries = RetryPolicy.builder()
        .maxAttempts(10)
        .backoff(Duration.ofMillis(100), Duration.ofMillis(1_500))
        .build();
    return started(new CallPolicy(retries, null, new FakeClock(), () -> fraction), context);
  }

  @Test
  void backoff_doubles_upToTheLongest() {
    CallPlan plan = waiting(-1, REPEATABLE);

    for (long millis : new long[] {100, 200, 400, 800, 1_500, 1_500, 1_500}) {
      assertThat(backOff(plan, Outcome.serverError(), 0)).isEqualTo(millis * 1_000_000);
    }
  }

  @Test
  void backoff_isUpToAHalfShorterByChance() {
    assertThat(backOff(waiting(0, REPEATABLE), Outcome.serverError(), 0)).isEqualTo(50_000_000);
    assertThat(backOff(waiting(Long.MIN_VALUE, REPEATABLE), Outcome.serverError(), 0))
        .as("half of what is left to chance")
        .isEqualTo(75_000_000);
  }

  @Test
  void backoff_wrapsAroundWithTheClock() {
    long start = Long.MAX_VALUE - 5;
    CallPlan plan = plan(REPEATABLE, start);
    plan.next(START, 0, null, start);
    plan.next(FAILED, 1, Outcome.serverError(), start);
    assertThat(plan.next(NOBODY, 2, null, start)).isEqualTo(WAIT);

    assertThat(plan.until()).isEqualTo(start + FIRST).isNegative();
    assertThat(plan.next(TIMER, 0, null, start + FIRST - 1)).isEqualTo(WAIT);
    assertThat(plan.next(TIMER, 0, null, start + FIRST)).isEqualTo(SEND);
  }

  @Test
  void retryAfter_isWaitedFor_ifItIsLonger() {
    for (long millis : new long[] {0, 99, 100, 101, 1_500}) {
      for (boolean throttled : new boolean[] {false, true}) {
        Duration told = Duration.ofMillis(millis);
        Outcome outcome = throttled ? Outcome.throttled(told) : Outcome.unavailable(told);

        assertThat(backOff(waiting(-1, REPEATABLE), outcome, 5))
            .as("%s", outcome)
            .isEqualTo(Math.max(100, millis) * 1_000_000);
      }
    }
  }

  @Test
  void retryAfter_longerThanTheLongestWait_endsTheCall() {
    for (Duration told :
        List.of(Duration.ofMillis(1_500).plusNanos(1), Duration.ofSeconds(Long.MAX_VALUE))) {
      assertThat(backOff(waiting(-1, REPEATABLE), Outcome.unavailable(told), 5))
          .as("%s", told)
          .isEqualTo(-1);
    }
  }

  @Test
  void retryAfter_holdsNobodyBackWhoWasNotTried() {
    CallPlan plan = waiting(-1, REPEATABLE);

    assertThat(fail(plan, Outcome.unavailable(Duration.ofDays(1)))).isEqualTo(SEND);
    assertThat(plan.target()).isEqualTo(UNTRIED);
  }

  /** Who took all the time that there is would do so again. */
  @Test
  void backoff_afterATimeOut_onlyWhereAttemptsHaveOneOfTheirOwn() {
    assertThat(backOff(waiting(-1, REPEATABLE), Outcome.timeout(), 0)).isEqualTo(-1);
    assertThat(backOff(waiting(-1, REPEATABLE.attemptTimeout(SECOND)), Outcome.timeout(), 0))
        .isEqualTo(100_000_000);
  }

  @Test
  void backoff_thatWouldEndAfterTheTimeout_isNotBegun() {
    RequestContext context = REPEATABLE.timeout(SECOND);
    long last = SECOND.minusMillis(100).toNanos(); // too late by a nanosecond

    assertThat(backOff(waiting(-1, context), Outcome.serverError(), last)).isEqualTo(-1);
    assertThat(backOff(waiting(-1, context), Outcome.serverError(), last - 1))
        .isEqualTo(100_000_000);
  }

  @Test
  void backoff_thatEndedAfterTheTimeout_sendsNothing() {
    CallPlan plan = waiting(-1, REPEATABLE.timeout(SECOND));
    plan.next(ANSWERED, 1, Outcome.serverError(), 0);
    plan.next(NOBODY, 2, null, 0);

    assertThat(plan.next(TIMER, 0, null, SECOND.toNanos()))
        .as("a thread that overslept")
        .isEqualTo(DELIVER);
  }

  @Test
  void maxAttempts_ofTheContext_comesBeforeThePolicys() {
    CallPlan once = started(REPEATABLE.maxAttempts(1));
    assertThat(fail(once, Outcome.serverError())).isEqualTo(FAIL);

    CallPlan often = plan(REPEATABLE.maxAttempts(5), RetryPolicy.never(), 0);
    often.next(START, 0, null, 0);
    for (int send = 1; send < 5; send++) {
      assertThat(fail(often, Outcome.serverError())).isEqualTo(SEND);
    }
    assertThat(fail(often, Outcome.serverError())).isEqualTo(FAIL);
  }

  @Test
  void never_whatReachedNobodyStillGoesOn_butWithoutAWait() {
    CallPlan plan = plan(REPEATABLE, RetryPolicy.never(), 0);
    plan.next(START, 0, null, 0);

    assertThat(fail(plan, Outcome.connectFailure())).isEqualTo(SEND);
    assertThat(plan.next(NOBODY, 2, null, 0)).isEqualTo(FAIL);
  }

  @Test
  void sendNoMore_noFurtherAttempt_andAnAnswerIsDelivered() {
    CallPlan failed = started(REPEATABLE);
    failed.sendNoMore();
    assertThat(fail(failed, Outcome.connectFailure())).isEqualTo(FAIL);

    CallPlan answered = started(REPEATABLE);
    answered.sendNoMore();
    assertThat(answered.next(ANSWERED, 1, Outcome.serverError(), 0)).isEqualTo(DELIVER);
  }

  @Test
  void sendNoMore_duringAWait_endsTheCallThen() {
    CallPlan plan = started(REPEATABLE);
    plan.next(ANSWERED, 1, Outcome.serverError(), 0);
    plan.next(NOBODY, 2, null, 0);
    plan.sendNoMore();

    assertThat(plan.next(TIMER, 0, null, FIRST)).isEqualTo(DELIVER);
  }
}
