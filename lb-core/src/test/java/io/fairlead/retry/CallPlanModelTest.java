package io.fairlead.retry;

import static io.fairlead.retry.CallPlan.Answer.NOTHING;
import static io.fairlead.retry.CallPlan.Target.ANYONE;
import static io.fairlead.retry.CallPlan.Target.HEDGE;
import static io.fairlead.retry.CallPlan.Target.SAME;
import static io.fairlead.retry.CallPlan.Target.UNTRIED;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Random events, in any order in which they can come; what must hold is counted beside the plan. */
class CallPlanModelTest {

  private static final int CALLS = 10_000;
  private static final Duration TIMEOUT = Duration.ofMillis(60);
  private static final long HEDGE_DELAY = 15_000_000;
  private static final long LONGEST = Duration.ofSeconds(1).toNanos();

  private static final List<Outcome> OUTCOMES = List.of(
      Outcome.success(),
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
      Outcome.unavailable(Duration.ofMillis(200)),
      Outcome.throttled(Duration.ofSeconds(2)));

  @Test
  void randomEvents_neverMoreThanTheLimits() {
    Map<Target, Integer> sends = new EnumMap<>(Target.class);
    Map<Answer, Integer> answers = new EnumMap<>(Answer.class);
    for (long seed = 0; seed < CALLS; seed++) {
      Call call = new Call(seed);
      try {
        call.run();
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + call.history, e);
      }
      call.sends.forEach((target, count) -> sends.merge(target, count, Integer::sum));
      call.answers.forEach((answer, count) -> answers.merge(answer, count, Integer::sum));
    }
    for (Target target : Target.values()) {
      assertThat(sends.get(target)).as("%s, else nothing was tried", target).isGreaterThan(200);
    }
    for (Answer answer : Answer.values()) {
      assertThat(answers.get(answer)).as("%s, else nothing was tried", answer).isGreaterThan(200);
    }
  }

  /** One call, and what is known of it without the plan. */
  private static final class Call {
    private final Random random;
    private final boolean repeatable;
    private final boolean limited;
    private final boolean hedging;
    private final int most;
    private final int affordable;
    private final CallPolicy policy;
    private final CallPlan plan;
    private final long start;
    private long now;

    private final TreeMap<Integer, Boolean> underway = new TreeMap<>(); // leased already?
    private Target target = ANYONE; // of the last one that was to be sent
    private Outcome last = Outcome.success();
    private long firstLeased;
    private long waitsUntil = CallPlan.NEVER;
    private boolean somethingBegan;
    private boolean exhausted;
    private int attempts;
    private int held;
    private int reached;
    private int mayHaveReached;
    private int paid;
    private int hedges;

    private final List<String> history = new ArrayList<>();
    private final Map<Target, Integer> sends = new EnumMap<>(Target.class);
    private final Map<Answer, Integer> answers = new EnumMap<>(Answer.class);

    Call(long seed) {
      random = new Random(seed);
      repeatable = random.nextInt(3) > 0;
      limited = random.nextInt(4) == 0;
      hedging = random.nextBoolean();
      most = hedging ? 2 + random.nextInt(3) : 1 + random.nextInt(4);
      affordable = random.nextInt(3) == 0 ? random.nextInt(3) : 100;
      start = random.nextInt(4) == 0 ? Long.MAX_VALUE - 1_000 : random.nextLong();
      now = start;
      RetryPolicy retries = RetryPolicy.builder()
          .maxAttempts(most)
          .budget(RetryBudget.builder().share(0).floor(affordable / 10.0))
          .build();
      policy = new CallPolicy(
          retries,
          hedging ? Hedging.after(Duration.ofNanos(HEDGE_DELAY)).budget(1) : null,
          FakeClock.startingAt(start),
          SeededChance.of(seed));
      RequestContext context = RequestContext.empty().repeatable(repeatable);
      plan = policy.plan(limited ? context.timeout(TIMEOUT) : context);
    }

    void run() {
      assertThat(plan.mayHedge()).isEqualTo(hedging && repeatable);
      sent(tell(Event.START, 0, Outcome.success()), Event.START);
      Answer answer = Answer.SEND;
      while (answer != Answer.DELIVER && answer != Answer.FAIL) {
        now += random.nextInt(8) * 1_000_000L;
        answer = step();
        assertThat(attempts).isLessThanOrEqualTo(CallPlan.MAX_ATTEMPTS);
        assertThat(reached).isLessThanOrEqualTo(most);
        assertThat(policy.budget().withdrawals())
            .as("paid for what was sent, and perhaps for one more that could not be")
            .isBetween((long) paid, Math.min(paid + 1L, affordable));
      }
      assertThat(policy.budget().deposits()).isEqualTo(somethingBegan ? 1 : 0);
      for (Event event : Event.values()) {
        assertThat(plan.next(event, plan.attempt(), Outcome.connectFailure(), now))
            .isEqualTo(NOTHING);
      }
    }

    private Answer tell(Event event, int attempt, Outcome outcome) {
      Answer answer = plan.next(event, attempt, outcome, now);
      history.add((now - start) / 1_000_000 + " ms: " + event + ' ' + attempt + ' ' + outcome
          + " -> " + answer + ' ' + plan.attempt() + ' ' + plan.target());
      answers.merge(answer, 1, Integer::sum);
      return answer;
    }

    private Answer step() {
      if (random.nextInt(100) == 0 && !underway.containsValue(false)) {
        plan.sendNoMore();
        exhausted = true;
      }
      if (random.nextInt(8) == 0) {
        int other = attempts + 1 + random.nextInt(40);
        assertThat(tell(Event.FAILED, other, Outcome.serverError())).isEqualTo(NOTHING);
        assertThat(tell(Event.START, 0, Outcome.serverError())).isEqualTo(NOTHING);
      }
      if (underway.isEmpty() || (underway.getOrDefault(1, false) && random.nextInt(8) > 0)) {
        return timer();
      }
      List<Integer> all = List.copyOf(underway.keySet());
      int attempt = all.get(random.nextInt(all.size()));
      if (underway.get(attempt)) {
        return ended(attempt);
      }
      return random.nextInt(4) == 0 ? nobody(attempt) : leased(attempt);
    }

    private Answer timer() {
      Answer answer = tell(Event.TIMER, 0, Outcome.success());
      if (answer == Answer.SEND) {
        sent(answer, Event.TIMER);
      } else if (answer == Answer.WAIT) {
        checkWait();
      } else {
        assertThat(underway).isEmpty();
        checkEnd(answer);
      }
      return answer;
    }

    private Answer leased(int attempt) {
      underway.put(attempt, true);
      held = target == HEDGE ? held : 0;
      if (attempt != 1 || attempts > 1 || !plan.mayHedge()) {
        return Answer.WAIT; // of whom the plan need not know
      }
      somethingBegan = true;
      firstLeased = now;
      Answer answer = tell(Event.LEASED, attempt, Outcome.success());
      assertThat(answer).isEqualTo(Answer.WAIT);
      assertThat(plan.until()).isEqualTo(now + HEDGE_DELAY);
      return answer;
    }

    private Answer nobody(int attempt) {
      underway.remove(attempt);
      attempts--;
      Target before = target;
      target = before == HEDGE ? ANYONE : before; // as if there had been no hedge
      boolean wasAlone = underway.isEmpty();
      Answer answer = tell(Event.NOBODY, attempt, Outcome.success());
      if (before == HEDGE && !wasAlone) {
        assertThat(answer).as("a hedge that nobody takes").isEqualTo(Answer.WAIT);
      } else if (before == SAME) {
        assertThat(answer).as("the same has left").isEqualTo(Answer.SEND);
        assertThat(plan.target()).isEqualTo(UNTRIED);
        sent(answer, Event.NOBODY);
      } else if (before == ANYONE) {
        checkEnd(answer);
      } else if (answer == Answer.WAIT) {
        waitsUntil = plan.until();
        checkWait();
        Duration told = last.retryAfter();
        assertThat(waitsUntil - now)
            .isGreaterThanOrEqualTo(told == null ? 12_500_000 : told.toNanos());
      } else if (answer == Answer.SEND) {
        assertThat(before)
            .as("a hedge that nobody takes, after the first has failed")
            .isEqualTo(HEDGE);
        sent(answer, Event.FAILED);
      } else {
        checkEnd(answer);
      }
      return answer;
    }

    private Answer ended(int attempt) {
      underway.remove(attempt);
      somethingBegan = true;
      boolean answered = random.nextInt(3) == 0;
      last = OUTCOMES.get(random.nextInt(OUTCOMES.size()));
      boolean lost = last.isConnectionLost();
      boolean bad = last.failed() || last.retryAfter() != null || lost;
      mayHaveReached += last.isUnsent() ? 0 : 1;
      reached += last.isUnsent() || lost ? 0 : 1;
      held = answered ? attempt : held;
      Answer answer = tell(answered ? Event.ANSWERED : Event.FAILED, attempt, last);
      if (answered && !bad) {
        assertThat(answer).isEqualTo(Answer.DELIVER);
      } else if (!underway.isEmpty()) {
        assertThat(answer).as("the other one is the repetition").isEqualTo(Answer.WAIT);
      } else if (!bad) {
        assertThat(answer).isNotIn(Answer.SEND, Answer.WAIT);
      }
      switch (answer) {
        case SEND -> sent(answer, Event.FAILED);
        case WAIT -> checkWait();
        default -> checkEnd(answer);
      }
      return answer;
    }

    private void sent(Answer answer, Event event) {
      assertThat(answer).isEqualTo(Answer.SEND);
      Target before = target;
      target = plan.target();
      sends.merge(target, 1, Integer::sum);
      attempts++;
      assertThat(plan.attempt()).isEqualTo(attempts);
      boolean free = last.isConnectionLost() || last.kind() == Outcome.Kind.CONNECT;
      if (event == Event.START) {
        assertThat(target).isEqualTo(ANYONE);
      } else {
        assertThat(exhausted).isFalse();
        assertThat(repeatable || mayHaveReached == 0).as("may be repeated").isTrue();
        assertThat(reached).isLessThan(most);
        if (event != Event.NOBODY) {
          assertThat(limited && now - start >= TIMEOUT.toNanos()).as("late").isFalse();
        }
        if (target == HEDGE) {
          assertThat(event).isEqualTo(Event.TIMER);
          assertThat(underway).containsOnlyKeys(1);
          assertThat(now - firstLeased).isGreaterThanOrEqualTo(HEDGE_DELAY);
          assertThat(hedging && repeatable && reached + 1 < most).isTrue();
          assertThat(++hedges).isEqualTo(1);
          paid++;
        } else {
          assertThat(underway).isEmpty();
          assertThat(target == ANYONE).isEqualTo(event == Event.TIMER);
          if (event == Event.TIMER) {
            assertThat(now - waitsUntil).isGreaterThanOrEqualTo(0);
            paid += free ? 1 : 0; // else it was paid for when the attempt before had ended
          } else if (event == Event.FAILED) {
            boolean same = last.isConnectionLost() && before != SAME && before != HEDGE;
            assertThat(target).isEqualTo(same ? SAME : UNTRIED);
            paid += free ? 0 : 1;
          }
        }
      }
      waitsUntil = CallPlan.NEVER;
      underway.put(attempts, false);
    }

    private void checkWait() {
      if (underway.isEmpty()) {
        assertThat(plan.until()).isEqualTo(waitsUntil).isNotEqualTo(CallPlan.NEVER);
        assertThat(waitsUntil - now).isLessThanOrEqualTo(LONGEST);
        assertThat(limited && waitsUntil - start >= TIMEOUT.toNanos()).isFalse();
      }
    }

    private void checkEnd(Answer answer) {
      if (held == 0) {
        assertThat(answer).isEqualTo(Answer.FAIL);
        assertThat(underway).as("under way where it gives up").isEmpty();
      } else {
        assertThat(answer).isEqualTo(Answer.DELIVER);
        assertThat(plan.attempt()).isEqualTo(held);
      }
    }
  }
}
