package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Ten times the load, and servers that answer nothing but 503: calls come whether others have ended or not, each driven by its plan, all
 * on a fake clock. Retries must not make it worse.
 */
class RetryStormTest {

  private static final double SHARE = 0.2;
  private static final double FLOOR = 10;
  private static final double WINDOW_SECONDS = 10;
  private static final int USUAL = 100; // calls a second

  private final FakeClock clock = new FakeClock();
  private boolean failing;
  private int calls;
  private int sent;
  private int refused;
  private int delivered;
  private int failed;

  private LoadBalancer balancer(RetryPolicy retries) {
    return LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80", "d:80")
        .time(clock)
        .chance(SeededChance.of(1))
        .retries(retries)
        .build();
  }

  /** A call as {@link CallPlan} shows it, but that waits by being told. */
  private final class Call {
    private final LoadBalancer balancer;
    private final CallPlan plan;
    private @Nullable Lease lease;

    Call(LoadBalancer balancer) {
      this.balancer = balancer;
      this.plan = balancer.plan(RequestContext.empty().repeatable());
      calls++;
      go(plan.next(Event.START, 0, null, clock.nanos()));
    }

    private void go(Answer answer) {
      switch (answer) {
        case SEND -> send();
        case WAIT ->
          clock.at(plan.until(), () -> go(plan.next(Event.TIMER, 0, null, clock.nanos())));
        case DELIVER, FAIL, NOTHING -> end(answer);
      }
    }

    private void send() {
      Lease before = lease;
      try {
        lease = before == null
            ? balancer.acquire(RequestContext.empty().repeatable())
            : before.another(plan.target());
      } catch (LoadBalancingException e) {
        refused++;
        go(plan.next(Event.NOBODY, plan.attempt(), null, clock.nanos()));
        return;
      }
      if (before != null) {
        before.close();
      }
      sent++;
      clock.at(clock.nanos() + 5_000_000, this::answer);
    }

    private void answer() {
      Outcome outcome = failing ? Outcome.serverError() : Outcome.success();
      lease.record(outcome);
      go(plan.next(Event.ANSWERED, plan.attempt(), outcome, clock.nanos()));
    }

    private void end(Answer answer) {
      if (answer == Answer.DELIVER && Outcome.success().equals(lease.outcome())) {
        delivered++;
      } else {
        failed++;
      }
      if (lease != null) {
        lease.close();
      }
    }
  }

  private void load(LoadBalancer balancer, int seconds, int perSecond) {
    for (int i = 0; i < seconds * perSecond; i++) {
      Call unused = new Call(balancer);
      clock.advance(Duration.ofNanos(1_000_000_000L / perSecond));
    }
  }

  private void end(LoadBalancer balancer) {
    clock.advance(Duration.ofSeconds(10));
    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).as("on %s", member).isZero();
    }
    assertThat(delivered + failed).isEqualTo(calls);
    balancer.close();
  }

  @Test
  void allFail_atTenTimesTheLoad_serversGetNoMoreThanTheBudgetAllows() {
    LoadBalancer balancer = balancer(RetryPolicy.standard());
    load(balancer, 10, USUAL);
    assertThat(sent).as("all is well").isEqualTo(calls).isEqualTo(delivered);

    failing = true;
    int callsBefore = calls;
    int sentBefore = sent;
    int seconds = 30;
    load(balancer, seconds, 10 * USUAL);
    int inTheStorm = calls - callsBefore;
    assertThat(sent - sentBefore)
        .as("of %d calls, %d attempts refused", inTheStorm, refused)
        .isLessThanOrEqualTo((int)
            (inTheStorm * (1 + SHARE) + SHARE * callsBefore + FLOOR * (seconds + WINDOW_SECONDS)))
        .isGreaterThan((int) (inTheStorm * 1.1));

    failing = false;
    clock.advance(Duration.ofSeconds(10));
    int deliveredBefore = delivered;
    int failedBefore = failed;
    load(balancer, 60, USUAL);
    end(balancer);
    assertThat(delivered - deliveredBefore)
        .as("it is over when it is over: %d failed", failed - failedBefore)
        .isEqualTo(60 * USUAL);
  }

  /** What it would be without: the budget is what the test above shows. */
  @Test
  void allFail_withABudgetWithoutBounds_serversGetThreeTimesTheCalls() {
    LoadBalancer balancer = balancer(RetryPolicy.builder()
        .budget(RetryBudget.builder().share(1).floor(1_000_000))
        .build());
    failing = true;
    load(balancer, 10, 10 * USUAL);
    end(balancer);

    assertThat(sent).isGreaterThan((int) (calls * 2.9));
  }
}
