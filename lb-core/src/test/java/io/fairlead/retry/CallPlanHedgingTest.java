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
import static io.fairlead.retry.CallPlan.Target.HEDGE;
import static io.fairlead.retry.CallPlan.Target.SAME;
import static io.fairlead.retry.CallPlan.Target.UNTRIED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Two attempts of one call at once. */
class CallPlanHedgingTest {

  private static final RequestContext REPEATABLE = RequestContext.empty().repeatable();
  private static final long DELAY = 1_000;
  private static final Hedging AFTER_DELAY =
      Hedging.after(Duration.ofNanos(DELAY)).budget(1);

  private static CallPolicy policy(Hedging hedging, RetryPolicy retries) {
    return new CallPolicy(retries, hedging, new FakeClock(), () -> -1);
  }

  /** The first attempt is under way since the tenth nanosecond. */
  private static CallPlan leased(CallPolicy policy, RequestContext context) {
    CallPlan plan = policy.plan(context);
    assertThat(plan.next(START, 0, null, 0)).isEqualTo(SEND);
    assertThat(plan.until()).isEqualTo(CallPlan.NEVER);
    assertThat(plan.next(LEASED, 1, null, 10)).isEqualTo(WAIT);
    return plan;
  }

  private static CallPlan leased() {
    return leased(policy(AFTER_DELAY, RetryPolicy.standard()), REPEATABLE);
  }

  /** Both are under way. */
  private static CallPlan hedged(CallPolicy policy, RequestContext context) {
    CallPlan plan = leased(policy, context);
    assertThat(plan.next(TIMER, 0, null, 10 + DELAY)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.target()).isEqualTo(HEDGE);
    assertThat(plan.until()).isEqualTo(CallPlan.NEVER);
    return plan;
  }

  private static CallPlan hedged() {
    return hedged(policy(AFTER_DELAY, RetryPolicy.standard()), REPEATABLE);
  }

  @Test
  void hedge_comesADelayAfterTheFirstWasLeased() {
    CallPlan plan = leased();

    assertThat(plan.until()).isEqualTo(10 + DELAY);
    assertThat(plan.next(TIMER, 0, null, 10 + DELAY - 1)).as("too early").isEqualTo(WAIT);
    assertThat(plan.next(TIMER, 0, null, 10 + DELAY)).isEqualTo(SEND);
    assertThat(plan.next(TIMER, 0, null, 10 + 2 * DELAY)).as("one only").isEqualTo(WAIT);
  }

  @Test
  void hedge_wrapsAroundWithTheClock() {
    long start = Long.MAX_VALUE - 10;
    CallPlan plan = new CallPolicy(
            RetryPolicy.standard(), AFTER_DELAY, FakeClock.startingAt(start), () -> 0)
        .plan(REPEATABLE);
    plan.next(START, 0, null, start);
    plan.next(LEASED, 1, null, start);

    assertThat(plan.next(TIMER, 0, null, start + DELAY - 1)).isEqualTo(WAIT);
    assertThat(plan.next(TIMER, 0, null, start + DELAY)).isEqualTo(SEND);
  }

  @Test
  void mayHedge_onlyWhatMayBeRepeated_andWantsIt() {
    CallPolicy policy = policy(AFTER_DELAY, RetryPolicy.standard());

    assertThat(policy.plan(REPEATABLE).mayHedge()).isTrue();
    assertThat(policy.plan(RequestContext.empty()).mayHedge()).isFalse();
    assertThat(policy.plan(REPEATABLE.hedging(false)).mayHedge()).isFalse();
    CallPolicy none = new CallPolicy(RetryPolicy.standard(), null, new FakeClock(), () -> 0);
    assertThat(none.plan(REPEATABLE).mayHedge()).isFalse();
  }

  @Test
  void notHedged_whereTheFirstHasEnded() {
    CallPlan plan = leased();
    assertThat(plan.next(FAILED, 1, Outcome.serverError(), 20)).isEqualTo(SEND);

    assertThat(plan.target()).isEqualTo(UNTRIED);
    assertThat(plan.next(TIMER, 0, null, 10 + DELAY)).isEqualTo(WAIT);
    assertThat(plan.attempt()).isEqualTo(2);
  }

  @Test
  void notHedged_whereOneMoreSendWouldBeTooMany() {
    CallPolicy policy = policy(AFTER_DELAY, RetryPolicy.standard());

    assertThat(policy.plan(REPEATABLE.maxAttempts(1)).mayHedge()).isFalse();
    assertThat(policy.plan(REPEATABLE.maxAttempts(2)).mayHedge()).isTrue();
  }

  @Test
  void hedgingWithoutASecondAttempt_isRefused() {
    assertThatIllegalStateException()
        .isThrownBy(() -> policy(AFTER_DELAY, RetryPolicy.never()))
        .withMessageContainingAll(
            "hedging: ", "maxAttempts=1", "expected: maxAttempts of 2 or more");
  }

  @Test
  void notHedged_whereNothingCanBeSentAnyMore() {
    CallPlan plan = leased();
    plan.sendNoMore();

    assertThat(plan.next(TIMER, 0, null, 10 + DELAY)).isEqualTo(WAIT);
  }

  @Test
  void notHedged_afterTheTimeout() {
    CallPlan plan = leased(
        policy(AFTER_DELAY, RetryPolicy.standard()), REPEATABLE.timeout(Duration.ofNanos(DELAY)));

    assertThat(plan.next(TIMER, 0, null, 10 + DELAY)).isEqualTo(WAIT);
    assertThat(plan.next(ANSWERED, 1, Outcome.success(), 10 + DELAY)).isEqualTo(DELIVER);
  }

  @Test
  void theFirstToAnswerWell_isDelivered_andTheOtherComesTooLate() {
    for (int winner = 1; winner <= 2; winner++) {
      CallPlan plan = hedged();

      assertThat(plan.next(ANSWERED, winner, Outcome.success(), 2_000)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(winner);
      assertThat(plan.next(ANSWERED, 3 - winner, Outcome.success(), 2_000)).isEqualTo(NOTHING);
      assertThat(plan.attempt()).isEqualTo(winner);
    }
  }

  @Test
  void oneFails_theOtherIsTheRepetition() {
    for (int loser = 1; loser <= 2; loser++) {
      CallPolicy policy = policy(AFTER_DELAY, RetryPolicy.standard());
      CallPlan plan = hedged(policy, REPEATABLE);

      assertThat(plan.next(FAILED, loser, Outcome.serverError(), 2_000)).isEqualTo(WAIT);
      assertThat(plan.until()).isEqualTo(CallPlan.NEVER);
      assertThat(plan.next(ANSWERED, 3 - loser, Outcome.success(), 3_000)).isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(3 - loser);
      assertThat(policy.budget().withdrawals()).as("for the hedge alone").isEqualTo(1);
    }
  }

  @Test
  void bothFail_itGoesOnToAThird() {
    CallPlan plan = hedged();

    plan.next(FAILED, 2, Outcome.serverError(), 2_000);
    assertThat(plan.next(FAILED, 1, Outcome.timeout(), 2_000)).isEqualTo(SEND);

    assertThat(plan.attempt()).isEqualTo(3);
    assertThat(plan.target()).isEqualTo(UNTRIED);
    assertThat(plan.next(FAILED, 3, Outcome.timeout(), 2_000))
        .as("three may have reached a server")
        .isEqualTo(FAIL);
  }

  @Test
  void bothFail_andTheLastLostItsConnection_itGoesToAThirdAllTheSame() {
    CallPlan plan = hedged();

    plan.next(FAILED, 2, Outcome.serverError(), 2_000);
    assertThat(plan.next(FAILED, 1, Outcome.connectionLost(), 2_000)).isEqualTo(SEND);

    assertThat(plan.target()).as("who was the same would be two").isEqualTo(UNTRIED);
  }

  @Test
  void oneBadAnswer_isKeptUntilTheOtherHasEnded() {
    for (int answered = 1; answered <= 2; answered++) {
      CallPlan plan =
          hedged(policy(AFTER_DELAY, RetryPolicy.builder().maxAttempts(2).build()), REPEATABLE);

      assertThat(plan.next(ANSWERED, answered, Outcome.serverError(), 2_000)).isEqualTo(WAIT);
      assertThat(plan.next(FAILED, 3 - answered, Outcome.protocolError(), 2_000))
          .isEqualTo(DELIVER);
      assertThat(plan.attempt()).isEqualTo(answered);
    }
  }

  @Test
  void twoBadAnswers_theLastIsDelivered() {
    CallPlan plan =
        hedged(policy(AFTER_DELAY, RetryPolicy.builder().maxAttempts(2).build()), REPEATABLE);

    plan.next(ANSWERED, 2, Outcome.serverError(), 2_000);

    assertThat(plan.next(ANSWERED, 1, Outcome.serverError(), 2_000)).isEqualTo(DELIVER);
    assertThat(plan.attempt()).isEqualTo(1);
  }

  @Test
  void nobodyToHedgeWith_isAsIfThereHadBeenNone() {
    CallPlan plan = hedged();

    assertThat(plan.next(NOBODY, 2, null, 2_000)).isEqualTo(WAIT);
    assertThat(plan.next(FAILED, 1, Outcome.connectionLost(), 3_000)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.target()).isEqualTo(SAME);
  }

  @Test
  void nobodyToHedgeWith_andTheFirstHasFailedMeanwhile_itIsRepeatedThen() {
    CallPlan plan = hedged();

    assertThat(plan.next(ANSWERED, 1, Outcome.serverError(), 2_000)).isEqualTo(WAIT);
    assertThat(plan.next(NOBODY, 2, null, 2_000)).isEqualTo(SEND);
    assertThat(plan.attempt()).isEqualTo(2);
    assertThat(plan.target()).isEqualTo(UNTRIED);
    assertThat(plan.next(NOBODY, 2, null, 2_000)).isEqualTo(WAIT);
    assertThat(plan.until()).isEqualTo(2_000 + 25_000_000);
  }

  /** The first has failed so that nothing is repeated: the hedge, which is under way, is waited for. */
  @Test
  void oneIsAbandoned_theOtherGoesOn() {
    CallPlan plan = hedged();

    assertThat(plan.next(FAILED, 2, Outcome.abandoned(), 2_000)).isEqualTo(WAIT);
    assertThat(plan.next(FAILED, 1, Outcome.abandoned(), 2_000)).isEqualTo(FAIL);
  }

  // ---- the budgets ----

  @Test
  void ownBudget_isAShareOfTheCallsThatWereSent_andNothingBeyond() {
    CallPolicy policy =
        policy(Hedging.after(Duration.ofNanos(DELAY)).budget(0.25), RetryPolicy.standard());
    int hedges = 0;
    for (int call = 1; call <= 100; call++) {
      CallPlan plan = leased(policy, REPEATABLE);
      hedges += plan.next(TIMER, 0, null, 10 + DELAY) == SEND ? 1 : 0;
      assertThat(hedges).isEqualTo(call / 4);
      plan.next(ANSWERED, 1, Outcome.success(), 2_000);
    }
    assertThat(policy.budget().withdrawals())
        .as("each is a further request too")
        .isEqualTo(25);
  }

  @Test
  void budgetOfRetries_exhausted_noHedge() {
    RetryPolicy none =
        RetryPolicy.builder().budget(RetryBudget.builder().share(0).floor(0)).build();

    assertThat(leased(policy(AFTER_DELAY, none), REPEATABLE).next(TIMER, 0, null, 10 + DELAY))
        .isEqualTo(WAIT);
  }

  // ---- by a quantile ----

  @Test
  void quantile_fewAreKnown_noHedge_andThenAfterTheTimeThatMostTake() {
    CallPolicy policy = policy(Hedging.atQuantile(0.9).budget(1), RetryPolicy.standard());
    long now = 0;
    for (int call = 0; call < 100; call++) {
      CallPlan plan = policy.plan(REPEATABLE);
      assertThat(plan.mayHedge()).as("call %d", call).isFalse();
      plan.next(START, 0, null, now);
      now += (call % 10 == 9 ? 800 : 40) * 1_000_000L;
      plan.next(ANSWERED, 1, Outcome.success(), now);
    }

    CallPlan plan = policy.plan(REPEATABLE);
    assertThat(plan.mayHedge()).isTrue();
    plan.next(START, 0, null, now);
    plan.next(LEASED, 1, null, now);
    assertThat(plan.until() - now).isBetween(40_000_000L, 42_500_000L);
  }

  @Test
  void quantile_doesNotSinkWhereHedgesWin_norByFailures() {
    CallPolicy policy = policy(Hedging.atQuantile(0.9).budget(1), RetryPolicy.standard());
    long second = Duration.ofSeconds(1).toNanos();
    long now = 0;
    for (int call = 0; call < 100; call++) {
      CallPlan plan = policy.plan(REPEATABLE);
      plan.next(START, 0, null, now);
      now += second / 100;
      plan.next(ANSWERED, 1, Outcome.success(), now);
    }
    for (int call = 0; call < 800; call++) {
      CallPlan failing = policy.plan(REPEATABLE);
      failing.next(START, 0, null, now);
      failing.next(FAILED, 1, Outcome.connectFailure(), now); // at once

      CallPlan plan = policy.plan(REPEATABLE);
      plan.next(START, 0, null, now);
      plan.next(LEASED, 1, null, now);
      assertThat(plan.until() - now).as("call %d", call).isGreaterThanOrEqualTo(second / 100);
      now = plan.until();
      if (plan.next(TIMER, 0, null, now) == SEND) {
        assertThat(plan.next(ANSWERED, 2, Outcome.success(), now + 1)).isEqualTo(DELIVER);
      }
      now += second / 100;
    }
  }
}
