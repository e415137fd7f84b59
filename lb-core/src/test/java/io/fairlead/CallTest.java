package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallTest {

  private static final RequestContext ONCE = RequestContext.empty();
  private static final RequestContext REPEATABLE = ONCE.repeatable();
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final FakeClock clock = FakeClock.movedByWaiting();
  private final Heard heard = new Heard();
  private final List<String> went = new ArrayList<>();
  private LoadBalancer balancer = balancer("a:80", "b:80", "c:80");

  private LoadBalancer balancer(String... backends) {
    return LoadBalancer.builder("orders")
        .backends(backends)
        .time(clock)
        .strategy(Strategy.roundRobin())
        .chance(() -> 0)
        .listener(heard)
        .build();
  }

  /** Throws these, one for each attempt, and returns the attempt's number after that. */
  private CallBody<String> failing(Throwable... failures) {
    return attempt -> {
      went.add(attempt.backend().id());
      assertThat(attempt.number()).isEqualTo(went.size());
      if (attempt.number() <= failures.length) {
        throwIt(failures[attempt.number() - 1]);
      }
      return "answer " + attempt.number();
    };
  }

  private static void throwIt(Throwable failure) throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    } else if (failure instanceof RuntimeException e) {
      throw e;
    }
    throw (Error) failure;
  }

  private long count(Outcome.Kind kind) {
    return balancer.pool().members().stream()
        .mapToLong(member -> member.count(kind))
        .sum();
  }

  @AfterEach
  void nothingIsLeaked() {
    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).as("in flight on %s", member).isZero();
      assertThat(member.outstanding()).as("outstanding on %s", member).isZero();
    }
  }

  // ---- how it goes on ----

  @Test
  void success_isReturned() throws Exception {
    assertThat(balancer.call(failing())).isEqualTo("answer 1");
    assertThat(count(Outcome.Kind.SUCCESS)).isEqualTo(1);
    assertThat(heard.events).doesNotContain("retried");
  }

  @Test
  void null_isReturnedToo() throws Exception {
    assertThat(balancer.<@Nullable String>call(attempt -> null)).isNull();
  }

  @Test
  void connectFailures_goOnToUntriedBackends_evenIfItIsToBeSentOnce() throws Exception {
    String answer =
        balancer.call(ONCE, failing(new ConnectException("1"), new ConnectException("2")));

    assertThat(answer).isEqualTo("answer 3");
    assertThat(went).hasSize(3).doesNotHaveDuplicates();
    assertThat(count(Outcome.Kind.CONNECT)).isEqualTo(2);
    assertThat(count(Outcome.Kind.SUCCESS)).isEqualTo(1);
  }

  @Test
  void connectFailures_everywhere_eachBackendIsTriedAtOnce_andAnyOneAfterEachWait() {
    Throwable[] failures = connectFailures(5);

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(ONCE, failing(failures)))
        .withCause(failures[4])
        .satisfies(e -> assertThat(e.getSuppressed()).containsExactly(Arrays.copyOf(failures, 4)))
        .satisfies(e -> assertThat(e.attempts()).hasSize(5));
    assertThat(went.subList(0, 3)).containsExactlyInAnyOrder("a:80", "b:80", "c:80");
    assertThat(clock.nanos())
        .as("two waits, of half of 25 and of 50 ms, as chance would have it")
        .isEqualTo(37_500_000);
  }

  private static Throwable[] connectFailures(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new ConnectException("refused " + i))
        .toArray(Throwable[]::new);
  }

  @Test
  void connectFailures_veryManyBackends_endWithTheMostAttempts() {
    balancer.close();
    balancer =
        balancer(IntStream.range(0, 50).mapToObj(i -> "m" + i + ":80").toArray(String[]::new));

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(ONCE, failing(connectFailures(50))))
        .satisfies(e -> assertThat(e.attempts()).hasSize(CallPlan.MAX_ATTEMPTS));
    assertThat(went).hasSize(CallPlan.MAX_ATTEMPTS).doesNotHaveDuplicates();
  }

  @Test
  void readTimeout_repeatable_goesOnToAnother() throws Exception {
    assertThat(balancer.call(REPEATABLE, failing(new SocketTimeoutException("slow"))))
        .isEqualTo("answer 2");
    assertThat(new HashSet<>(went)).hasSize(2);
    assertThat(count(Outcome.Kind.TIMEOUT)).isEqualTo(1);
  }

  @Test
  void readTimeout_toBeSentOnce_fails() {
    SocketTimeoutException slow = new SocketTimeoutException("slow");

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(failing(slow)))
        .withCause(slow);
    assertThat(went).hasSize(1);
  }

  @Test
  void repeatable_sentNoMoreThanThreeTimes() {
    balancer.close();
    balancer = balancer("a:80", "b:80", "c:80", "d:80", "e:80");
    CallBody<String> broken = failing(
        new IOException("1"),
        new ConnectException("2"),
        new IOException("3"),
        new IOException("4"));

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, broken));
    assertThat(went).hasSize(4).doesNotHaveDuplicates();
  }

  @Test
  void oneBackendOnly_isAskedAgainAfterAWait() throws Exception {
    balancer.close();
    balancer = balancer("a:80");

    assertThat(balancer.call(REPEATABLE, failing(new IOException("broken")))).isEqualTo("answer 2");
    assertThat(went).containsExactly("a:80", "a:80");
    assertThat(clock.nanos()).isEqualTo(12_500_000);
  }

  @Test
  void runtimeException_passesThrough_unrepeatedAndIgnored() {
    for (Throwable bug : List.of(new IllegalStateException("bug"), new AssertionError("bug"))) {
      went.clear();
      assertThatThrownBy(() -> balancer.call(REPEATABLE, failing(bug)))
          .isSameAs(bug)
          .hasNoSuppressedExceptions();
      assertThat(went).hasSize(1);
    }
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(2);
    assertThat(count(Outcome.Kind.ABANDONED)).isZero();
  }

  @Test
  void interrupted_isToldAsAnIOException_andTheThreadStaysInterrupted() {
    InterruptedException interrupted = new InterruptedException("stop");

    assertThatExceptionOfType(InterruptedIOException.class)
        .isThrownBy(() -> balancer.call(REPEATABLE, attempt -> {
          went.add(attempt.backend().id());
          throw interrupted;
        }))
        .withMessage("orders: interrupted")
        .withCause(interrupted);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(went).hasSize(1);
    assertThat(count(Outcome.Kind.ABANDONED)).isEqualTo(1);
  }

  @Test
  void connectionLost_repeatable_goesToTheSameOnce_andThenToAnother() throws Exception {
    CallBody<String> body = classifying(
        Outcome.connectionLost(), failing(new IOException("lost"), new IOException("lost again")));

    assertThat(balancer.call(REPEATABLE, body)).isEqualTo("answer 3");
    assertThat(went.get(1)).isEqualTo(went.get(0));
    assertThat(went.get(2)).isNotEqualTo(went.get(0));
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(2);
  }

  @Test
  void connectionLost_theSameHasLeftMeanwhile_goesToAnother() throws Exception {
    balancer.close();
    balancer = balancer("a:80");
    CallBody<String> body = classifying(Outcome.connectionLost(), attempt -> {
      went.add(attempt.backend().id());
      if (attempt.number() == 1) {
        balancer.pool().update("x:80");
        throw new IOException("lost");
      }
      return "answer " + attempt.number();
    });

    assertThat(balancer.call(REPEATABLE, body)).isEqualTo("answer 2");
    assertThat(went).containsExactly("a:80", "x:80");
  }

  @Test
  void connectionLost_theSameIsVetoedMeanwhile_goesToAnother() throws Exception {
    for (Veto.Kind kind : Veto.Kind.values()) {
      balancer.close();
      balancer = balancer("a:80", "b:80");
      went.clear();
      CallBody<String> body = classifying(Outcome.connectionLost(), attempt -> {
        went.add(attempt.backend().id());
        if (attempt.number() == 1) {
          Member member = balancer.pool().member(attempt.backend().id());
          balancer.pool().control(member, "operator").veto(kind, "not now");
          throw new IOException("lost");
        }
        return "answer " + attempt.number();
      });

      assertThat(balancer.call(REPEATABLE, body)).isEqualTo("answer 2");
      assertThat(went.get(1).equals(went.get(0)))
          .as("a fact always holds, a judgement from others' results does not: %s", kind)
          .isEqualTo(kind == Veto.Kind.STATISTICAL);
    }
  }

  @Test
  void connectionLost_toBeSentOnce_fails_unlessNothingWasSent() throws Exception {
    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(
            ONCE, classifying(Outcome.connectionLost(), failing(new IOException("lost")))));
    went.clear();

    assertThat(balancer.call(
            ONCE, classifying(Outcome.connectionLost().unsent(), failing(new IOException("lost")))))
        .isEqualTo("answer 2");
    assertThat(new HashSet<>(went)).hasSize(1);
  }

  private static CallBody<String> classifying(Outcome failed, CallBody<String> body) {
    return new CallBody<>() {
      @Override
      public String run(Attempt attempt) throws IOException, InterruptedException {
        return body.run(attempt);
      }

      @Override
      public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
        return failure == null ? Outcome.success() : failed;
      }
    };
  }

  @Test
  void classify_aResultMayBeBad_isRepeated_andTheLastIsReturnedAllTheSame() throws Exception {
    List<Integer> discarded = new ArrayList<>();
    CallBody<Integer> body = new CallBody<>() {
      @Override
      public Integer run(Attempt attempt) {
        return 503 + attempt.number();
      }

      @Override
      public void discard(Integer result) {
        discarded.add(result);
      }

      @Override
      public Outcome classify(@Nullable Integer result, @Nullable Throwable failure) {
        return result != null ? Outcome.unavailable(SECOND) : Outcome.success();
      }
    };

    assertThat(balancer.call(ONCE, body)).isEqualTo(504);
    assertThat(count(Outcome.Kind.UNAVAILABLE)).as("sent once only").isEqualTo(1);
    balancer.close();
    balancer = balancer("a:80", "b:80", "c:80");
    assertThat(balancer.call(REPEATABLE, body)).isEqualTo(506);
    assertThat(count(Outcome.Kind.UNAVAILABLE)).isEqualTo(3);
    assertThat(discarded).containsExactly(504, 505);
  }

  @Test
  void classify_throws_isABugOfTheCallers() {
    IllegalStateException bug = new IllegalStateException("bug");
    for (boolean fails : new boolean[] {false, true}) {
      CallBody<String> body = new CallBody<>() {
        @Override
        public String run(Attempt attempt) throws IOException {
          went.add(attempt.backend().id());
          if (fails) {
            throw new IOException("broken");
          }
          return "answer";
        }

        @Override
        public Outcome classify(@Nullable String result, @Nullable Throwable failure) {
          throw bug;
        }
      };
      assertThatThrownBy(() -> balancer.call(REPEATABLE, body)).isSameAs(bug);
    }
    assertThat(went).hasSize(2);
    assertThat(count(Outcome.Kind.IGNORED)).isEqualTo(2);
  }

  @Test
  void canRunAgain_throws_isABugOfTheCallers_andTheResultIsLetGoOf() {
    IllegalStateException bug = new IllegalStateException("bug");
    List<String> discarded = new ArrayList<>();
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
        throw bug;
      }

      @Override
      public void discard(String result) {
        discarded.add(result);
      }
    };
    assertThatThrownBy(() -> balancer.call(REPEATABLE, body)).isSameAs(bug);
    assertThat(discarded).containsExactly("bad answer");
  }

  // ---- time ----

  @Test
  void remaining_countsDown_andIsNullWithoutATimeout() throws Exception {
    List<@Nullable Duration> remaining = new ArrayList<>();
    CallBody<String> body = attempt -> {
      remaining.add(attempt.remaining());
      clock.advance(Duration.ofMillis(400));
      if (attempt.number() < 3) {
        throw new ConnectException("refused");
      }
      return "answer";
    };
    balancer.call(ONCE.timeout(SECOND), body);
    balancer.call(ONCE.timeout(Duration.ofSeconds(Long.MAX_VALUE)), attempt -> {
      remaining.add(attempt.remaining());
      return "answer";
    });
    balancer.call(attempt -> {
      remaining.add(attempt.remaining());
      return "answer";
    });

    assertThat(remaining)
        .containsExactly(
            SECOND,
            Duration.ofMillis(600),
            Duration.ofMillis(200),
            Duration.ofNanos(Long.MAX_VALUE),
            null);
  }

  @Test
  void timeout_over_noFurtherAttempt() {
    CallBody<String> slow = attempt -> {
      went.add(attempt.backend().id());
      clock.advance(Duration.ofMillis(500));
      throw new ConnectException("refused");
    };

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(ONCE.timeout(SECOND), slow))
        .satisfies(e -> assertThat(e.attempts()).hasSize(2));
    assertThat(went).hasSize(2);
  }

  // ---- what is told ----

  @Test
  void attemptsFailed_namesServiceBackendsCausesAndCounts() {
    balancer.pool().update("a:80", "b:80", "c:80", "d:80", "e:80");
    Member vetoed = balancer.pool().members().get(4);
    balancer.pool().control(vetoed, "p").vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);
    IOException broken = new IOException("broken");

    AttemptsFailedException e = catchThrowableOfType(
        AttemptsFailedException.class,
        () -> balancer.call(ONCE, failing(new ConnectException("refused"), broken)));

    assertThat(e)
        .hasMessage("orders: all 2 attempts failed: " + went.get(0)
            + ": connect (java.net.ConnectException: refused); " + went.get(1)
            + ": protocol (java.io.IOException: broken); "
            + "5 backends: 4 available, 1 vetoed");
    assertThat(e.balancer()).isEqualTo("orders");
    assertThat(e).hasCause(broken);
    assertThat(e.attempts())
        .extracting(attempt -> attempt.backend().id())
        .containsExactlyElementsOf(went);
    assertThat(e.attempts().get(1))
        .isEqualTo(new FailedAttempt(Backend.of(went.get(1)), Outcome.protocolError(), broken));
    assertThatThrownBy(() -> e.attempts().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void attemptsFailed_onlyOne_saysSo() {
    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(failing(new SocketTimeoutException("slow"))))
        .withMessage("orders: the only attempt failed: a:80: timeout "
            + "(java.net.SocketTimeoutException: slow); "
            + "3 backends: 3 available, 0 vetoed");
  }

  /** OkHttp, for one, wraps a failure to connect in one whose message names the address of the URL. */
  @Test
  void attemptsFailed_wrappedConnectFailure_namesTheCause() {
    ConnectException wrapper = new ConnectException("Failed to connect to orders/203.0.113.1:80");
    wrapper.initCause(new ConnectException("Connection refused"));

    assertThat(new FailedAttempt(Backend.of("a:80"), Outcome.connectFailure(), wrapper))
        .hasToString("a:80: connect (java.net.ConnectException: Connection refused)");
  }

  @Test
  void attemptsFailed_none_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AttemptsFailedException(balancer, List.of()))
        .withMessage("attempts: none (expected: at least one)");
  }

  /** A body may throw the same exception again and again. */
  @Test
  void attemptsFailed_alwaysTheSameException() {
    ConnectException same = new ConnectException("refused");

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(failing(same, same, same, same, same)))
        .withCause(same)
        .satisfies(e -> assertThat(e.attempts()).hasSize(5))
        .satisfies(e -> assertThat(e).hasStackTraceContaining("refused"));
  }

  @Test
  void attemptsFailed_serialized_keepsItsMessageButNotTheAttempts() throws Exception {
    AttemptsFailedException e = catchThrowableOfType(
        AttemptsFailedException.class, () -> balancer.call(failing(new IOException("broken"))));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(e);
    }

    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      AttemptsFailedException read = (AttemptsFailedException) in.readObject();
      assertThat(read).hasMessage(e.getMessage());
      assertThat(read.attempts()).isEmpty();
      assertThat(read.balancer()).isEqualTo("orders");
    }
  }

  @Test
  void nobody_isToldAsItIs() {
    balancer.pool().update(List.of());

    assertThatExceptionOfType(NoBackendException.class).isThrownBy(() -> balancer.call(failing()));
    balancer.close();
    assertThatExceptionOfType(LoadBalancerClosedException.class)
        .isThrownBy(() -> balancer.call(failing()));
    assertThat(went).isEmpty();
  }

  @Test
  void null_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.call(ONCE, null))
        .withMessage("body");
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.call(null, failing()))
        .withMessage("context");
  }

  @Test
  void listener_hearsOfEachAttempt_theNextBeginsBeforeTheLastEnds() throws Exception {
    heard.events.clear();

    balancer.call(failing(new ConnectException("refused")));

    assertThat(heard.events)
        .containsExactly(
            "leased a:80",
            "answered a:80: connect after PT0S",
            "leased b:80",
            "retried a:80 to b:80",
            "released a:80",
            "answered b:80: success after PT0S",
            "released b:80");
  }

  @Test
  void body_thatClosesTheBalancer_isCarriedOn() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    String answer = balancer.call(attempt -> {
      if (attempts.incrementAndGet() == 1) {
        balancer.close();
        throw new ConnectException("refused");
      }
      return "answer";
    });

    assertThat(answer).isEqualTo("answer");
    assertThat(heard.events).contains("drained a:80", "drained b:80", "drained c:80");
  }

  // ---- driven by hand, as a transport of one's own does ----

  @Test
  void plan_drivenByHand_asItsJavadocShows() throws Exception {
    CallPlan plan = balancer.plan(REPEATABLE);
    Lease lease = null;
    CallPlan.Answer answer = plan.next(CallPlan.Event.START, 0, null, clock.nanos());
    while (answer == CallPlan.Answer.SEND) {
      Lease before = lease;
      lease = before == null ? balancer.acquire(REPEATABLE) : before.another(plan.target());
      if (before != null) {
        before.close();
      }
      went.add(lease.backend().id());
      boolean good = went.size() == 3;
      Outcome outcome = good ? Outcome.success() : Outcome.serverError();
      lease.record(outcome);
      answer = plan.next(
          good ? CallPlan.Event.ANSWERED : CallPlan.Event.FAILED,
          plan.attempt(),
          outcome,
          clock.nanos());
    }
    lease.close();

    assertThat(answer).isEqualTo(CallPlan.Answer.DELIVER);
    assertThat(went).hasSize(3).doesNotHaveDuplicates();
  }

  @Test
  void plan_timeout_runsFromWhenItIsMade() {
    clock.advance(Duration.ofDays(1));
    CallPlan plan = balancer.plan(ONCE.timeout(SECOND));
    plan.next(CallPlan.Event.START, 0, null, clock.nanos());
    clock.advance(SECOND);

    assertThat(plan.next(CallPlan.Event.FAILED, 1, Outcome.connectFailure(), clock.nanos()))
        .isEqualTo(CallPlan.Answer.FAIL);
  }
}
