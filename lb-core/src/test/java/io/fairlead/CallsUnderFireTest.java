package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * An hour of calls to servers that die, hang, are slow, answer that they fail, and come back: on a fake clock, by one thread, without a
 * socket, alike each time for one seed.
 */
class CallsUnderFireTest {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final int SERVERS = 6;
  private static final int BAD_AT_ONCE = 2; // a call may reach three
  private static final double SHARE = 0.2;
  private static final double FLOOR = 2;
  private static final long WINDOW = Duration.ofSeconds(10).toNanos();

  private enum State {
    WELL,
    SLOW,
    DEAD,
    RESETS,
    HANGS,
    FAILS,
    BUSY
  }

  /** One hour of one seed. */
  private static final class Hour {
    private final long seed;
    private final Random random;
    private final FakeClock clock = FakeClock.movedByWaiting();
    private final Heard heard = new Heard();
    private final LoadBalancer balancer;
    private final State[] states = new State[SERVERS];
    private final Deque<Long> callTimes = new ArrayDeque<>();
    private final Deque<Long> repeatTimes = new ArrayDeque<>();

    private long history = 17;
    private int changes;
    private int calls;
    private int reached;
    private int failed;
    private int sentWhereNotWell;
    private boolean refused; // the attempt before

    Hour(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      for (int i = 0; i < SERVERS; i++) {
        states[i] = State.WELL;
      }
      heard.onEvent = event -> history = history * 31 + event.hashCode();
      balancer = LoadBalancer.builder("orders")
          .backends(
              IntStream.range(0, SERVERS).mapToObj(i -> "s" + i + ":80").toArray(String[]::new))
          .time(clock)
          .chance(SeededChance.of(seed))
          .retries(RetryPolicy.builder()
              .budget(RetryBudget.builder().share(SHARE).floor(FLOOR))
              .build())
          .listener(heard)
          .build();
    }

    Hour play() {
      scheduleChange();
      while (clock.nanos() < HOUR.toNanos()) {
        call();
        clock.advance(Duration.ofMillis(10 + random.nextInt(100)));
        heard.events.clear();
      }
      for (Member member : balancer.pool().members()) {
        assertThat(member.inFlight()).as("seed %d: %s", seed, member).isZero();
      }
      balancer.close();
      return this;
    }

    private void scheduleChange() {
      clock.at(clock.nanos() + (1 + random.nextInt(20)) * 1_000_000_000L, () -> {
        int server = random.nextInt(SERVERS);
        long bad = IntStream.range(0, SERVERS)
            .filter(i -> i != server && states[i] != State.WELL)
            .count();
        State[] all = State.values();
        states[server] = bad < BAD_AT_ONCE ? all[random.nextInt(all.length)] : State.WELL;
        changes++;
        scheduleChange();
      });
    }

    private void call() {
      calls++;
      callTimes.add(clock.nanos());
      int changesBefore = changes;
      int[] attempts = {0};
      try {
        int status = balancer.call(RequestContext.empty().repeatable(), new CallBody<Integer>() {
          @Override
          public Integer run(Attempt attempt) throws IOException {
            return serve(attempt, ++attempts[0]);
          }

          @Override
          public Outcome classify(@Nullable Integer status, @Nullable Throwable failure) {
            if (status == null) {
              return Outcome.of(failure);
            }
            return switch (status) {
              case 200 -> Outcome.success();
              case 429 -> Outcome.throttled(Duration.ofSeconds(3));
              default -> Outcome.serverError();
            };
          }
        });
        history = history * 31 + status;
        checkGood(status == 200, changesBefore);
      } catch (IOException e) {
        history = history * 31 + e.getMessage().hashCode();
        checkGood(false, changesBefore);
      }
    }

    private void checkGood(boolean good, int changesBefore) {
      if (!good) {
        failed++;
        // Only if a server turned bad just as the call came to it.
        assertThat(changes)
            .as("seed %d: a call failed after %s, with %s", seed, clock, List.of(states))
            .isGreaterThan(changesBefore);
      }
    }

    private int serve(Attempt attempt, int number) throws IOException {
      int server = attempt.backend().host().charAt(1) - '0';
      State state = states[server];
      if (state != State.DEAD) {
        reached++;
        if (number > 1 && !refused) { // what goes on from a server that was not reached is free
          repeatTimes.add(clock.nanos());
        }
        checkBudget();
      }
      sentWhereNotWell += state == State.WELL ? 0 : 1;
      refused = state == State.DEAD;
      switch (state) {
        case WELL -> take(5, 15);
        case SLOW -> take(300, 800);
        case DEAD -> {
          take(1, 2);
          throw new ConnectException("refused");
        }
        case RESETS -> {
          take(1, 10);
          throw new IOException("reset");
        }
        case HANGS -> {
          take(1_000, 1_001);
          throw new SocketTimeoutException("timeout");
        }
        case FAILS -> {
          take(2, 5);
          return 503;
        }
        case BUSY -> {
          take(2, 5);
          return 429;
        }
      }
      return 200;
    }

    private void take(int fromMillis, int toMillis) {
      clock.advance(Duration.ofMillis(fromMillis + random.nextInt(toMillis - fromMillis)));
    }

    /** In any window of the budget there are no more repetitions than it tells. */
    private void checkBudget() {
      long now = clock.nanos();
      // One window more for calls, which count when their first attempt ends, and may have been
      // repeated late.
      while (!callTimes.isEmpty() && now - callTimes.peekFirst() > WINDOW * 12 / 10) {
        callTimes.removeFirst();
      }
      while (!repeatTimes.isEmpty() && now - repeatTimes.peekFirst() >= WINDOW) {
        repeatTimes.removeFirst();
      }
      assertThat((double) repeatTimes.size())
          .as("seed %d: repetitions after %s", seed, clock)
          .isLessThanOrEqualTo(SHARE * callTimes.size() + FLOOR * 10);
    }
  }

  @Test
  void anHour_ofOneSeed_isTheSameEachTime_andOfAnotherIsNot() {
    Hour once = new Hour(1).play();
    Hour again = new Hour(1).play();
    Hour other = new Hour(2).play();

    assertThat(again.history).isEqualTo(once.history);
    assertThat(again.calls).isEqualTo(once.calls);
    assertThat(other.history).isNotEqualTo(once.history);
  }

  @Test
  void anHour_noCallFails_andServersGetFewMoreRequestsThanCalls() {
    for (long seed = 10; seed < 14; seed++) {
      Hour hour = new Hour(seed).play();

      assertThat(hour.calls).isGreaterThan(20_000);
      assertThat(hour.changes).isGreaterThan(200);
      assertThat(hour.reached)
          .as("seed %d: of %d calls", seed, hour.calls)
          .isLessThanOrEqualTo((int) (hour.calls * (1 + SHARE) + FLOOR * HOUR.toSeconds()));
      assertThat(hour.failed)
          .as("seed %d: for a server that turned bad at that moment", seed)
          .isLessThanOrEqualTo(hour.changes / 20);
      assertThat(hour.sentWhereNotWell).as("seed %d", seed).isGreaterThan(500);
    }
  }
}
