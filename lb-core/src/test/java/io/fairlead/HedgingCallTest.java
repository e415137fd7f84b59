package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.Hedging;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls of which two attempts are under way at once. The hedge runs inside the first attempt, where that moves the clock. */
class HedgingCallTest {

  private static final RequestContext REPEATABLE = RequestContext.empty().repeatable();
  private static final Duration DELAY = Duration.ofMillis(10);
  private static final String BAD = "bad ";

  private final FakeClock clock = FakeClock.movedByWaiting();
  private final Heard heard = new Heard();
  private final List<String> log = new ArrayList<>();
  private final Queue<Runnable> queued = new ArrayDeque<>();
  private final Map<String, Integer> open =
      new HashMap<>(); // results that somebody has to let go of
  private @Nullable Cancellable call;
  private LoadBalancer balancer = builder().build();

  private LoadBalancer.Builder builder() {
    return LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .time(clock)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .executor(Runnable::run)
        .maxSilence(Duration.ZERO) // whose watch would have a timer too
        .hedging(Hedging.after(DELAY).budget(1))
        .listener(heard);
  }

  private void rebuild(LoadBalancer.Builder builder) {
    balancer.close();
    balancer = builder.build();
  }

  private interface Step {
    String run(Attempt attempt) throws IOException, InterruptedException;
  }

  /** The body: the first attempt takes the first of these, and so on. What they return is a result to be let go of. */
  private CallBody<String> body(Step... steps) {
    return new CallBody<>() {
      @Override
      public void started(Cancellable cancel) {
        call = cancel;
      }

      @Override
      public String run(Attempt attempt) throws IOException, InterruptedException {
        int number = attempt.number();
        attempt.onCancel(() -> log.add("cancel " + number));
        String result = steps[number - 1].run(attempt);
        synchronized (open) {
          open.merge(result, 1, Integer::sum);
        }
        return result;
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        if (failure != null) {
          return Outcome.of(failure);
        }
        return result != null && result.startsWith(BAD) ? Outcome.serverError() : Outcome.success();
      }

      @Override
      public void discard(String result) {
        letGo(result);
      }
    };
  }

  private void letGo(String result) {
    synchronized (open) {
      open.merge(result, -1, Integer::sum);
    }
  }

  private String call(Step... steps) throws IOException {
    String result = balancer.call(REPEATABLE, body(steps));
    letGo(result);
    return result;
  }

  private void passDelay() {
    clock.advance(DELAY);
  }

  private int inFlight() {
    return balancer.pool().members().stream().mapToInt(Member::inFlight).sum();
  }

  private long count(Outcome.Kind kind) {
    return balancer.pool().members().stream()
        .mapToLong(member -> member.count(kind))
        .sum();
  }

  @AfterEach
  void nothingIsLeaked() {
    assertThat(inFlight()).as("in flight").isZero();
    assertThat(open.values()).as("let go of once: %s", open).allMatch(count -> count == 0);
    assertThat(clock.scheduled()).as("timers").isZero();
  }

  // ---- who wins ----

  @Test
  void hedgeWins_theFirstIsCancelled() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              assertThat(attempt.cancelled()).isTrue();
              assertThat(log).containsExactly("cancel 1");
              assertThat(inFlight()).as("its place is taken until it returns").isEqualTo(2);
              throw new IOException("closed");
            },
            attempt -> {
              assertThat(attempt.isHedge()).isTrue();
              assertThat(attempt.mayBeCancelled()).isTrue();
              return "second";
            }))
        .isEqualTo("second");

    assertThat(count(Outcome.Kind.SUCCESS)).isEqualTo(1);
    assertThat(count(Outcome.Kind.ABANDONED)).isEqualTo(1);
    assertThat(log).containsExactly("cancel 1");
    assertThat(heard.events).contains("answered a:80: abandoned after PT0.01S");
  }

  @Test
  void hedgeWins_whateverTheFirstBringsThen_isLetGoOf() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              return "first, too late";
            },
            attempt -> "second"))
        .isEqualTo("second");
    assertThat(open).containsOnlyKeys("first, too late", "second");
  }

  /** Whoever is cancelled in the middle may throw anything: a stream that was closed under it, a thread that was interrupted. */
  @Test
  void hedgeWins_whateverTheFirstThrowsThen_doesNotCount() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              throw new IllegalStateException("closed");
            },
            attempt -> "second"))
        .isEqualTo("second");
    assertThat(call(
            attempt -> {
              passDelay();
              throw new InterruptedException("by its own cancelling");
            },
            attempt -> "second"))
        .isEqualTo("second");
    assertThat(Thread.interrupted()).isFalse();
    assertThat(count(Outcome.Kind.IGNORED)).isZero();
  }

  @Test
  void firstWins_beforeTheHedgeIsDue_thereIsNone() throws Exception {
    assertThat(call(attempt -> {
          clock.advance(DELAY.minusNanos(1));
          return "first";
        }))
        .isEqualTo("first");
    clock.advance(DELAY);
    assertThat(log).isEmpty();
  }

  @Test
  void firstWins_beforeTheHedgeBegins_itIsNotSent() throws Exception {
    rebuild(builder().executor(queued::add));

    assertThat(call(attempt -> {
          passDelay();
          assertThat(queued).hasSize(1);
          return "first";
        }))
        .isEqualTo("first");
    queued.remove().run();
    assertThat(heard.events).noneMatch(event -> event.startsWith("retried"));
  }

  @Test
  void firstWins_theHedgeUnderWayIsCancelled_andGivesItsPlaceBackWhenItReturns() throws Exception {
    CountDownLatch underWay = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    rebuild(builder().executor(task -> {
      Thread thread = new Thread(() -> {
        task.run();
        ended.countDown();
      });
      thread.setDaemon(true);
      thread.start();
    }));

    assertThat(call(
            attempt -> {
              passDelay();
              await(underWay);
              return "first";
            },
            attempt -> {
              attempt.onCancel(cancelled::countDown);
              underWay.countDown();
              await(goOn);
              return "second, too late";
            }))
        .isEqualTo("first");
    await(cancelled);
    assertThat(inFlight()).as("the hedge's").isEqualTo(1);
    assertThat(count(Outcome.Kind.ABANDONED)).isEqualTo(1);
    goOn.countDown();
    await(ended);
    assertThat(open).containsOnlyKeys("first", "second, too late");
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertThat(latch.await(30, TimeUnit.SECONDS)).as("in time").isTrue();
  }

  // ---- failures ----

  @Test
  void hedgeFails_theFirstGoesOn() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              assertThat(attempt.cancelled()).isFalse();
              return "first";
            },
            attempt -> {
              throw new IOException("broken");
            }))
        .isEqualTo("first");
    assertThat(inFlight()).isZero();
  }

  @Test
  void bothFail_aThirdIsSent() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              throw new IOException("broken");
            },
            attempt -> {
              throw new IOException("broken too");
            },
            attempt -> {
              assertThat(attempt.isHedge()).isFalse();
              assertThat(inFlight()).as("the others were let go of").isEqualTo(1);
              return "third";
            }))
        .isEqualTo("third");
  }

  @Test
  void firstFails_theHedgeIsWaitedFor() throws Exception {
    CountDownLatch firstFailed = new CountDownLatch(1);
    FakeClock still = new FakeClock(); // who waits is to be seen
    rebuild(builder().time(still).executor(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      thread.start();
    }));
    CountDownLatch underWay = new CountDownLatch(1);

    Concurrently.run(
        () -> assertThat(call(
                attempt -> {
                  still.advance(DELAY);
                  await(underWay);
                  throw new IOException("broken");
                },
                attempt -> {
                  underWay.countDown();
                  await(firstFailed);
                  return "second";
                }))
            .isEqualTo("second"),
        () -> {
          still.awaitWaiting(1);
          firstFailed.countDown();
        });
  }

  @Test
  void hedgeAnswersBadly_andTheFirstFails_thatIsWhatTheCallerGets() throws Exception {
    rebuild(builder().retries(RetryPolicy.builder().maxAttempts(2).build()));

    assertThat(call(
            attempt -> {
              passDelay();
              throw new IOException("broken");
            },
            attempt -> BAD + "answer"))
        .isEqualTo(BAD + "answer");
  }

  @Test
  void bothAnswerBadly_theLastIsWhatTheCallerGets() throws Exception {
    rebuild(builder().retries(RetryPolicy.builder().maxAttempts(2).build()));

    assertThat(call(
            attempt -> {
              passDelay();
              return BAD + "first";
            },
            attempt -> BAD + "second"))
        .isEqualTo(BAD + "first");
  }

  @Test
  void bothFail_theCallerIsToldOfBoth() {
    rebuild(builder().retries(RetryPolicy.builder().maxAttempts(2).build()));
    IOException first = new IOException("first");
    IOException second = new IOException("second");

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> call(
            attempt -> {
              passDelay();
              throw first;
            },
            attempt -> {
              throw second;
            }))
        .withCause(first)
        .satisfies(e -> assertThat(e).hasSuppressedException(second));
  }

  @Test
  void bugOfTheHedges_isTheCallersToHearOf() {
    for (Throwable bug : List.of(new IllegalStateException("bug"), new AssertionError("bug"))) {
      log.clear();
      assertThatThrownBy(() -> call(
              attempt -> {
                passDelay();
                assertThat(log).containsExactly("cancel 1");
                throw new IOException("closed");
              },
              attempt -> {
                if (bug instanceof Error e) {
                  throw e;
                }
                throw (RuntimeException) bug;
              }))
          .isSameAs(bug);
    }
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(2);
  }

  /** Kotlin and others know no checked exceptions: what a first attempt may throw past the compiler, a hedge may. */
  @Test
  void checkedExceptionOfTheHedges_isTheCallersAsItIs() {
    Exception thrown = new Exception("thrown past the compiler");

    assertThatThrownBy(() -> call(
            attempt -> {
              passDelay();
              throw new IOException("closed");
            },
            attempt -> {
              throw HedgingCallTest.<RuntimeException>unchecked(thrown);
            }))
        .isSameAs(thrown);
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(1);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> E unchecked(Throwable thrown) throws E {
    throw (E) thrown;
  }

  @Test
  void hedgeWins_aCheckedExceptionOfTheFirstsThen_doesNotCount() throws Exception {
    assertThat(call(
            attempt -> {
              passDelay();
              throw HedgingCallTest.<RuntimeException>unchecked(new Exception("closed"));
            },
            attempt -> "second"))
        .isEqualTo("second");
    assertThat(count(Outcome.Kind.IGNORED)).isZero();
  }

  @Test
  void bugOfTheFirsts_afterABadAnswerOfTheHedges_isTheCallers_andTheAnswerLetGoOf() {
    IllegalStateException bug = new IllegalStateException("bug");

    assertThatThrownBy(() -> call(
            attempt -> {
              passDelay();
              throw bug;
            },
            attempt -> BAD + "second"))
        .isSameAs(bug);
    assertThat(open).containsOnlyKeys(BAD + "second");
  }

  // ---- no hedge ----

  @Test
  void nobodyToHedgeWith_theFirstGoesOn() throws Exception {
    rebuild(builder().backends("a:80"));

    assertThat(call(attempt -> {
          passDelay();
          return "first";
        }))
        .isEqualTo("first");
  }

  /** An Error too: of the JVM that has no thread left, say, which is the trouble of nobody's call. */
  @Test
  void noThreadForTheHedge_theFirstGoesOn() throws Exception {
    rebuild(builder().executor(task -> {
      throw new OutOfMemoryError("unable to create native thread");
    }));

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(call(attempt -> {
            passDelay();
            return "first";
          }))
          .isEqualTo("first");
      assertThat(captured.count("orders: no hedge, since the executor threw")).isEqualTo(1);
    }
  }

  @Test
  void onCancelThrowsAnError_placesAreGivenBackAllTheSame() throws Exception {
    try (CapturedLog captured = new CapturedLog()) {
      assertThat(call(
              attempt -> {
                attempt.onCancel(() -> {
                  throw new AssertionError("bug");
                });
                passDelay();
                throw new IOException("closed");
              },
              attempt -> "second"))
          .isEqualTo("second");
      assertThat(captured.count("orders: what cancels an attempt")).isEqualTo(1);
    }
  }

  /** The first one has failed by then, and the call waits for nothing but the hedge. */
  @Test
  void choosingForTheHedgeThrows_theCallIsNotLeftWaiting() throws Exception {
    AtomicBoolean broken = new AtomicBoolean();
    rebuild(builder()
        .strategy(Strategy.of(members -> choice -> null)) // so that it is drawn by chance
        .chance(() -> {
          if (broken.get()) {
            throw new IllegalStateException("no chance");
          }
          return 0;
        })
        .executor(queued::add));

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(call(
              attempt -> {
                passDelay();
                broken.set(true);
                queued.remove().run();
                broken.set(false);
                throw new IOException("broken");
              },
              attempt -> {
                assertThat(attempt.isHedge()).isFalse();
                return "second";
              }))
          .isEqualTo("second");
      assertThat(captured.count("orders: no hedge, since choosing a server for it threw"))
          .isEqualTo(1);
    }
  }

  @Test
  void executorRefuses_theFirstGoesOn() throws Exception {
    rebuild(builder().executor(task -> {
      throw new RejectedExecutionException("full");
    }));

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(call(attempt -> {
            passDelay();
            return "first";
          }))
          .isEqualTo("first");
      assertThat(captured.count("orders: no hedge, since the executor threw")).isEqualTo(1);
    }
  }

  @Test
  void schedulerRefuses_theFirstGoesOn() throws Exception {
    rebuild(builder().time(new NoScheduler(clock)));

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(call(attempt -> {
            passDelay();
            return "first";
          }))
          .isEqualTo("first");
      assertThat(captured.count("orders: no hedge, since the scheduler threw")).isEqualTo(1);
    }
  }

  @Test
  void schedulerRefuses_anAttemptIsNotCutShort() throws Exception {
    rebuild(builder().time(new NoScheduler(clock)).hedging(Hedging.after(DELAY)));

    try (CapturedLog captured = new CapturedLog()) {
      String result = balancer.call(
          REPEATABLE.hedging(false).attemptTimeout(Duration.ofMillis(1)), body(attempt -> {
            passDelay();
            return "first";
          }));
      assertThat(result).isEqualTo("first");
      letGo(result);
      assertThat(captured.count("orders: an attempt without a time-out")).isEqualTo(1);
    }
  }

  private record NoScheduler(FakeClock clock) implements TimeSource {
    @Override
    public long nanos() {
      return clock.nanos();
    }

    @Override
    public Instant instant() {
      return clock.instant();
    }

    @Override
    public Signal signal() {
      return clock.signal();
    }

    @Override
    public Cancellable at(long nanos, Runnable neverBlocks) {
      throw new IllegalStateException("no timers left");
    }
  }

  /** An executor that is late: the first has failed meanwhile, and the call waits before it asks the same server again. */
  @Test
  void hedgeThatComesDuringABackOff_isNone() throws Exception {
    rebuild(builder().backends("a:80").executor(queued::add));

    assertThat(call(
            attempt -> {
              passDelay();
              long retry = clock.nanos() + Duration.ofNanos(12_500_000).toNanos();
              clock.at(retry, () -> queued.remove().run());
              throw new IOException("broken");
            },
            attempt -> {
              assertThat(attempt.isHedge()).isFalse();
              return "second";
            }))
        .isEqualTo("second");
  }

  // ---- cancelling ----

  @Test
  void cancel_whileBothAreUnderWay_endsBoth() throws Exception {
    CountDownLatch underWay = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(2);
    rebuild(builder().executor(task -> {
      Thread thread = new Thread(() -> {
        task.run();
        ended.countDown();
      });
      thread.setDaemon(true);
      thread.start();
    }));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> call(
            attempt -> {
              passDelay();
              await(underWay);
              call.cancel();
              ended.countDown();
              throw new IOException("first closed");
            },
            attempt -> {
              CountDownLatch cancelled = new CountDownLatch(1);
              attempt.onCancel(cancelled::countDown);
              underWay.countDown();
              await(cancelled);
              throw new IOException("second closed");
            }));
    await(ended);
    assertThat(count(Outcome.Kind.ABANDONED)).isEqualTo(2);
    assertThat(heard.events).noneMatch(event -> event.startsWith("retried"));
  }

  @Test
  void keep_ofAHedgeThatWins_outlastsTheCall() throws Exception {
    List<Lease> kept = new ArrayList<>();

    assertThat(call(
            attempt -> {
              kept.add(attempt.keep());
              passDelay();
              return "first, too late";
            },
            attempt -> {
              kept.add(attempt.keep());
              return "second";
            }))
        .isEqualTo("second");

    assertThat(inFlight()).as("the hedge's").isEqualTo(1);
    kept.get(1).close();
    assertThat(inFlight()).isZero();
  }
}
