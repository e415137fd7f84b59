package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Member;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that are cancelled, cut short, kept, or whose answers nobody wants. */
class CallRunTest {

  private static final RequestContext ONCE = RequestContext.empty();
  private static final RequestContext REPEATABLE = ONCE.repeatable();
  private static final Duration MILLI = Duration.ofMillis(1);
  private static final RequestContext TIMED = REPEATABLE.attemptTimeout(MILLI);

  private final FakeClock clock = FakeClock.movedByWaiting();
  private final List<String> log = new ArrayList<>();
  private LoadBalancer balancer = balancer("a:80", "b:80", "c:80");
  private @Nullable Cancellable call;

  private LoadBalancer balancer(String... backends) {
    return LoadBalancer.builder("orders")
        .backends(backends)
        .time(clock)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .build();
  }

  /** One call at a time, and for this many others an hour to wait in. */
  private void queue(int others) {
    balancer = LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .time(clock)
        .concurrencyLimit(ConcurrencyLimit.fixed(1).queue(others, Duration.ofHours(1)))
        .build();
  }

  private interface Step {
    String run(Attempt attempt) throws IOException, InterruptedException;
  }

  private CallBody<String> body(Step... steps) {
    return new CallBody<>() {
      @Override
      public void started(Cancellable cancel) {
        call = cancel;
        log.add("started");
      }

      @Override
      public String run(Attempt attempt) throws IOException, InterruptedException {
        log.add("run " + attempt.number());
        return steps[attempt.number() - 1].run(attempt);
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        if (failure != null) {
          return Outcome.of(failure);
        }
        return result != null && result.startsWith("bad")
            ? Outcome.serverError()
            : Outcome.success();
      }

      @Override
      public void discard(String result) {
        log.add("discard " + result);
      }
    };
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
    assertThat(clock.scheduled()).as("timers, of which the pool may have one").isLessThan(2);
    assertThat(Thread.interrupted()).isFalse();
  }

  // ---- cancelling ----

  @Test
  void cancel_beforeAnythingIsSent_sendsNothing() {
    CallBody<String> body = new CallBody<>() {
      @Override
      public void started(Cancellable cancel) {
        cancel.cancel();
      }

      @Override
      public String run(Attempt attempt) {
        throw new AssertionError("sent");
      }
    };

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, body))
        .withMessage("orders: canceled");
  }

  @Test
  void cancel_duringAnAttempt_cancelsIt_andNoOtherFollows() {
    IOException closed = new IOException("closed");

    assertThatThrownBy(() -> balancer.call(REPEATABLE, body(attempt -> {
          attempt.onCancel(() -> log.add("cancel"));
          call.cancel();
          call.cancel();
          assertThat(attempt.cancelled()).isTrue();
          throw closed;
        })))
        .isSameAs(closed);
    assertThat(log).containsExactly("started", "run 1", "cancel");
    assertThat(count(Outcome.Kind.ABANDONED)).isEqualTo(1);
    assertThat(count(Outcome.Kind.PROTOCOL)).isZero();
  }

  @Test
  void cancel_beforeTheBodySaidHow_runsThatAtOnce() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, body(attempt -> {
          call.cancel();
          attempt.onCancel(() -> log.add("cancel"));
          assertThat(log).last().isEqualTo("cancel");
          return "answer that comes all the same";
        })));
    assertThat(log).last().isEqualTo("discard answer that comes all the same");
  }

  @Test
  void cancel_duringABackOff_endsItAtOnce() {
    balancer = balancer("a:80");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, body(attempt -> {
          clock.at(clock.nanos() + MILLI.toNanos(), call::cancel);
          return "bad answer";
        })))
        .withMessage("orders: canceled");
    assertThat(clock.nanos()).isEqualTo(MILLI.toNanos());
    assertThat(log).containsExactly("started", "run 1", "discard bad answer");
  }

  @Test
  void cancel_inTheQueue_endsItAtOnce() throws Exception {
    queue(1);
    try (Lease first = balancer.acquire()) {
      long start = clock.nanos();
      CallBody<String> hurried = new CallBody<>() {
        @Override
        public void started(Cancellable cancel) {
          clock.at(start + MILLI.toNanos(), cancel::cancel);
        }

        @Override
        public String run(Attempt attempt) {
          throw new AssertionError("sent to " + attempt.backend());
        }
      };
      assertThatThrownBy(() -> balancer.call(ONCE, hurried))
          .isInstanceOf(IOException.class)
          .hasMessage("orders: canceled");
      assertThat(clock.nanos() - start).isEqualTo(MILLI.toNanos());
      assertThat(first.backend()).isNotNull();
    }
    assertThat(balancer.call(ONCE, body(attempt -> "there is room"))).isEqualTo("there is room");
  }

  @Test
  void timeout_inTheQueueBeforeARepetition_countsFromTheCallsStart() throws Exception {
    queue(1);
    long start = clock.nanos();
    RequestContext hurried = REPEATABLE.timeout(MILLI.multipliedBy(3));
    List<Lease> others = new ArrayList<>();
    String answer = balancer.call(hurried, body(attempt -> {
      clock.advance(MILLI);
      attempt.keep().record(Outcome.serverError());
      attempt.keep().close(); // as one that has no body to be read
      others.add(balancer.acquire()); // takes the place
      return "bad, and the best there is";
    }));
    assertThat(answer).isEqualTo("bad, and the best there is");
    assertThat(clock.nanos() - start).isEqualTo(MILLI.toNanos() * 3);
    others.forEach(Lease::close);
  }

  @Test
  void cancel_afterTheEnd_isWithoutEffect() throws Exception {
    Lease[] kept = new Lease[1];

    assertThat(balancer.call(REPEATABLE, body(attempt -> {
          kept[0] = attempt.keep();
          attempt.onCancel(() -> log.add("cancel"));
          return "answer";
        })))
        .isEqualTo("answer");
    call.cancel();

    assertThat(log).containsExactly("started", "run 1");
    assertThat(inFlight()).isEqualTo(1);
    kept[0].close();
  }

  // ---- interrupts ----

  @Test
  void interrupt_duringABackOff_endsTheCall_andTheThreadStaysInterrupted() {
    balancer = balancer("a:80");

    assertThatExceptionOfType(InterruptedIOException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, body(attempt -> {
          Thread.currentThread().interrupt();
          return "bad answer";
        })))
        .withMessage("orders: interrupted");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(log).containsExactly("started", "run 1", "discard bad answer");
  }

  // ---- time-outs of attempts ----

  @Test
  void attemptTimeout_cancelsIt_andTheCallGoesOn() throws Exception {
    assertThat(balancer.call(
            TIMED,
            body(
                attempt -> {
                  assertThat(attempt.mayBeCancelled()).isTrue();
                  assertThat(attempt.remaining()).isEqualTo(MILLI);
                  attempt.onCancel(() -> log.add("cancel"));
                  clock.advance(MILLI.minusNanos(1));
                  assertThat(attempt.cancelled()).isFalse();
                  clock.advance(MILLI);
                  assertThat(attempt.remaining()).isZero();
                  throw new IOException("closed");
                },
                attempt -> {
                  assertThat(attempt.remaining()).as("a time of its own").isEqualTo(MILLI);
                  return "answer";
                })))
        .isEqualTo("answer");
    assertThat(log).containsExactly("started", "run 1", "cancel", "run 2");
    assertThat(count(Outcome.Kind.TIMEOUT)).isEqualTo(1);
  }

  @Test
  void attemptTimeout_ofWhatIsSentOnce_isToldAsATimeout() {
    IOException closed = new IOException("closed");

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(ONCE.attemptTimeout(MILLI), body(attempt -> {
          attempt.onCancel(() -> {});
          clock.advance(MILLI);
          throw closed;
        })))
        .satisfies(e -> assertThat(e.getCause())
            .isInstanceOf(SocketTimeoutException.class)
            .hasMessage("no answer within 1 ms")
            .hasCause(closed));
  }

  @Test
  void attemptTimeout_whateverTheBodyDoesThen_doesNotCount() throws Exception {
    assertThat(balancer.call(
            TIMED,
            body(
                attempt -> {
                  attempt.onCancel(() -> {});
                  clock.advance(MILLI);
                  return "too late";
                },
                attempt -> {
                  attempt.onCancel(() -> {});
                  clock.advance(MILLI);
                  throw new IllegalStateException("closed");
                },
                attempt -> "answer")))
        .isEqualTo("answer");
    assertThat(log).contains("discard too late");
    assertThat(count(Outcome.Kind.TIMEOUT)).isEqualTo(2);
  }

  @Test
  void attemptTimeout_ofABodyThatCannotBeCancelled_isNone() throws Exception {
    assertThat(balancer.call(TIMED, body(attempt -> {
          clock.advance(Duration.ofSeconds(1));
          assertThat(attempt.cancelled()).isFalse();
          return "answer";
        })))
        .isEqualTo("answer");
    assertThat(count(Outcome.Kind.SUCCESS)).isEqualTo(1);
  }

  @Test
  void attemptTimeout_ofThePolicy_unlessTheContextHasOne() throws Exception {
    balancer = LoadBalancer.builder("orders")
        .backends("a:80")
        .time(clock)
        .retries(RetryPolicy.builder().attemptTimeout(MILLI).build())
        .build();
    List<@Nullable Duration> remaining = new ArrayList<>();
    Step step = attempt -> {
      remaining.add(attempt.remaining());
      return "answer";
    };

    balancer.call(ONCE, body(step));
    balancer.call(ONCE.attemptTimeout(Duration.ofSeconds(7)), body(step));
    balancer.call(ONCE.timeout(MILLI.dividedBy(2)), body(step));

    assertThat(remaining).containsExactly(MILLI, Duration.ofSeconds(7), MILLI.dividedBy(2));
  }

  // ---- keeping and letting go ----

  @Test
  void keep_ofWhatIsDelivered_outlastsTheCall_andItsOutcomeIsTheBodysOwn() throws Exception {
    Lease[] kept = new Lease[1];

    balancer.call(ONCE, body(attempt -> {
      kept[0] = attempt.keep();
      kept[0].record(Outcome.serverError());
      return "answer";
    }));

    assertThat(count(Outcome.Kind.SERVER_ERROR)).isEqualTo(1);
    assertThat(count(Outcome.Kind.SUCCESS)).isZero();
    assertThat(inFlight()).isEqualTo(1);
    kept[0].close();
  }

  @Test
  void keep_ofWhatIsNotDelivered_isGivenBackAllTheSame() throws Exception {
    Step failing = attempt -> {
      attempt.keep();
      throw new IOException("broken");
    };
    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(ONCE, body(failing)));
    assertThat(inFlight()).isZero();
    assertThatThrownBy(() -> balancer.call(ONCE, body(attempt -> {
          attempt.keep();
          throw new IllegalStateException("bug");
        })))
        .hasMessage("bug");
    assertThat(inFlight()).isZero();
    assertThat(balancer.call(
            REPEATABLE,
            body(
                attempt -> {
                  attempt.keep();
                  return "bad answer";
                },
                attempt -> "answer")))
        .isEqualTo("answer");
    assertThat(log).last().isEqualTo("run 2");
    assertThat(log).contains("discard bad answer");
  }

  @Test
  void discard_comesOnceSomebodyIsLeasedForTheNext_andNotOfTheLast() throws Exception {
    assertThat(balancer.call(
            REPEATABLE,
            body(
                attempt -> "bad 1",
                attempt -> {
                  assertThat(inFlight()).isEqualTo(1);
                  return "bad 2";
                },
                attempt -> "bad 3")))
        .isEqualTo("bad 3");
    assertThat(log)
        .containsExactly("started", "run 1", "discard bad 1", "run 2", "discard bad 2", "run 3");
  }

  @Test
  void discard_thatThrows_isLogged_andTheCallGoesOn() throws Exception {
    CallBody<String> body = new CallBody<>() {
      @Override
      public String run(Attempt attempt) {
        return "answer " + attempt.number();
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        return "answer 1".equals(result) ? Outcome.serverError() : Outcome.success();
      }

      @Override
      public void discard(String result) {
        throw new IllegalStateException("bug");
      }
    };

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(balancer.call(REPEATABLE, body)).isEqualTo("answer 2");
      assertThat(captured.count("orders: what cancels an attempt, or lets go of its answer, threw"))
          .isEqualTo(1);
    }
  }

  @Test
  void nullResult_isDelivered_andNothingToDiscard() throws Exception {
    CallBody<String> body = new CallBody<>() {
      @Override
      @SuppressWarnings("NullAway") // it is what is tested
      public String run(Attempt attempt) {
        return null;
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        return Outcome.serverError();
      }

      @Override
      public void discard(String result) {
        throw new AssertionError("discard " + result);
      }
    };

    try (CapturedLog captured = new CapturedLog()) {
      assertThat(balancer.call(REPEATABLE, body)).isNull();
      assertThat(captured.count("lets go of its answer")).isZero();
    }
    assertThat(count(Outcome.Kind.SERVER_ERROR)).isEqualTo(3);
  }

  @Test
  void classify_null_isTheBodysBug_andNamed() {
    for (boolean answers : new boolean[] {true, false}) {
      CallBody<String> body = new CallBody<>() {
        @Override
        public String run(Attempt attempt) throws IOException {
          if (answers) {
            return "answer";
          }
          throw new IOException("failure");
        }

        @Override
        @SuppressWarnings("NullAway") // it is what is tested
        public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
          return null;
        }

        @Override
        public void discard(String result) {
          log.add("discard " + result);
        }
      };

      assertThatNullPointerException()
          .isThrownBy(() -> balancer.call(REPEATABLE, body))
          .withMessageContaining("CallBody.classify");
    }
    assertThat(log).containsExactly("discard answer");
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(2);
  }

  @Test
  void canRunAgain_not_deliversOrFailsAtOnce() throws Exception {
    CallBody<String> body = new CallBody<>() {
      @Override
      public String run(Attempt attempt) {
        return "bad answer";
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        return Outcome.serverError();
      }

      @Override
      public boolean canRunAgain() {
        return false;
      }
    };

    assertThat(balancer.call(REPEATABLE, body)).isEqualTo("bad answer");
    assertThat(count(Outcome.Kind.SERVER_ERROR)).isEqualTo(1);
  }
}
