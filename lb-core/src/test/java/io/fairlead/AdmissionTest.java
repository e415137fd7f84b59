package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Member;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a call must pass before it gets a server: rates, and the limit of what is in flight. */
class AdmissionTest {

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();

  private LoadBalancer.Builder builder() {
    return LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .time(clock)
        .chance(SeededChance.of(1))
        .maxEjected(0)
        .listener(heard);
  }

  private TokenBucket bucket(RateLimit... limits) {
    TokenBucket.Builder builder = TokenBucket.builder().time(clock);
    for (RateLimit limit : limits) {
      builder.limit(limit);
    }
    return builder.build();
  }

  private KeyedTokenBucket<String> perKey(RateLimit limit) {
    return KeyedTokenBucket.<String>builder().time(clock).limit(limit).build();
  }

  private static void assertNobodyHeardOfIt(LoadBalancer balancer) {
    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).isZero();
      for (Outcome.Kind kind : Outcome.Kind.values()) {
        assertThat(member.count(kind)).as("%s of %s", kind, member).isZero();
      }
    }
  }

  @Test
  void aCallOverTheRate_isRejected_withTheWait_andCountsAgainstNobody() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(1));
    LoadBalancer balancer = builder().rateLimit(bucket).build();
    assertThat(bucket.tryAcquire()).isTrue();
    clock.advance(Duration.ofSeconds(20));

    assertThatExceptionOfType(RateLimitedException.class)
        .isThrownBy(balancer::acquire)
        .withMessage("orders: the rate limit is reached; the next request may begin in PT40S")
        .satisfies(e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofSeconds(40)))
        .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());

    assertNobodyHeardOfIt(balancer);
    assertThat(heard.events)
        .last()
        .isEqualTo(
            "rejected: orders: the rate limit is reached; the next request may begin in PT40S");
    clock.advance(Duration.ofSeconds(40));
    balancer.acquire().close();
  }

  @Test
  void aCallTakesOneToken_howeverOftenItIsRepeated() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(100));
    LoadBalancer balancer = builder().rateLimit(bucket).build();

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(RequestContext.empty().repeatable(), attempt -> {
          throw new IOException("broken");
        }))
        .satisfies(e -> assertThat(e.attempts()).hasSize(3));

    assertThat(bucket.available()).isEqualTo(99);
  }

  @Test
  void ifNothingWasSent_theTokenIsGivenBack() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(100));
    LoadBalancer balancer =
        builder().time(FakeClock.movedByWaiting()).rateLimit(bucket).build();

    assertThatExceptionOfType(AttemptsFailedException.class)
        .isThrownBy(() -> balancer.call(attempt -> {
          throw new ConnectException("refused");
        }))
        .satisfies(e -> assertThat(e.attempts()).hasSize(5));
    assertThat(bucket.available()).as("all attempts failed to connect").isEqualTo(100);

    balancer.pool().update(List.of());
    assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
    assertThat(bucket.available()).as("there was nobody").isEqualTo(100);
  }

  @Test
  void ifOneAttemptOfSeveralWasSent_theTokenIsSpent() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(100));
    LoadBalancer balancer = builder().rateLimit(bucket).build();
    AtomicInteger attempts = new AtomicInteger();

    balancer.call(attempt -> {
      if (attempts.incrementAndGet() == 1) {
        throw new ConnectException("refused");
      }
      return "fine";
    });

    assertThat(attempts).hasValue(2);
    assertThat(bucket.available()).isEqualTo(99);
  }

  @Test
  void aLeaseWithoutAnOutcome_spendsItsToken() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(100));
    LoadBalancer balancer = builder().rateLimit(bucket).build();

    balancer.acquire().close();

    assertThat(bucket.available()).isEqualTo(99);
  }

  @Test
  void eachKeyHasItsRate_andWhatHasNoKeyPasses() throws Exception {
    LoadBalancer balancer = builder()
        .rateLimitPer(RequestContext::key, perKey(RateLimit.perMinute(1)))
        .build();

    balancer.acquire(RequestContext.withKey("ann")).close();
    balancer.acquire(RequestContext.withKey("bob")).close();
    balancer.acquire().close();
    balancer.acquire().close();
    assertThatExceptionOfType(RateLimitedException.class)
        .isThrownBy(() -> balancer.acquire(RequestContext.withKey("ann")))
        .withMessage(
            "orders: the rate limit of the request's key is reached; the next request may begin in PT1M");
  }

  @Test
  void aKeyOverItsRate_takesNothingFromTheService_norTheOtherWayRound() throws Exception {
    TokenBucket service = bucket(RateLimit.perMinute(2));
    KeyedTokenBucket<String> users = perKey(RateLimit.perMinute(1));
    LoadBalancer balancer =
        builder().rateLimit(service).rateLimitPer(RequestContext::key, users).build();
    balancer.acquire(RequestContext.withKey("ann")).close();

    assertThatExceptionOfType(RateLimitedException.class)
        .isThrownBy(() -> balancer.acquire(RequestContext.withKey("ann")));
    assertThat(service.available()).isEqualTo(1);

    balancer.acquire().close();
    assertThatExceptionOfType(RateLimitedException.class)
        .isThrownBy(() -> balancer.acquire(RequestContext.withKey("bob")));
    assertThat(users.available("bob")).isEqualTo(1);
  }

  @Test
  void aKeyFunctionThatThrows_isTheCallers_andTakesNothing() {
    TokenBucket service = bucket(RateLimit.perMinute(2));
    KeyedTokenBucket<String> users = perKey(RateLimit.perMinute(1));
    LoadBalancer balancer = builder()
        .rateLimit(service)
        .rateLimitPer(RequestContext::key, users)
        .rateLimitPer(
            context -> {
              throw new IllegalStateException("no key");
            },
            perKey(RateLimit.perMinute(1)))
        .build();

    assertThatIllegalStateException()
        .isThrownBy(() -> balancer.acquire(RequestContext.withKey("ann")))
        .withMessage("no key");

    assertThat(service.available()).isEqualTo(2);
    assertThat(users.available("ann")).isEqualTo(1);
    assertNobodyHeardOfIt(balancer);
  }

  @Test
  void aBucketMayBeShared_byTwoBalancers() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(2));
    builder().rateLimit(bucket).build().acquire().close();
    builder().rateLimit(bucket).build().acquire().close();

    assertThat(bucket.available()).isZero();
  }

  // ---- in flight ----

  @Test
  void oneTooManyInFlight_isRejected_andTakesNoToken() throws Exception {
    TokenBucket bucket = bucket(RateLimit.perMinute(10));
    LoadBalancer balancer =
        builder().rateLimit(bucket).concurrencyLimit(ConcurrencyLimit.fixed(2)).build();
    Lease first = balancer.acquire();
    Lease second = balancer.acquire();

    assertThatExceptionOfType(OverloadedException.class)
        .isThrownBy(balancer::acquire)
        .withMessage("orders: as many calls in flight as the limit allows: 2")
        .satisfies(e -> assertThat(e.retryAfter()).isNull());

    assertThat(bucket.available()).isEqualTo(8);
    assertThat(heard.events).last().asString().startsWith("rejected: orders: as many calls");
    first.record(Outcome.success());
    assertThatExceptionOfType(OverloadedException.class)
        .as("it is in flight until its end")
        .isThrownBy(balancer::acquire);
    first.close();
    balancer.acquire().close();
    second.close();
  }

  @Test
  void aCallHasOnePlace_fromItsFirstAttemptToTheEndOfItsLast() throws Exception {
    LoadBalancer balancer =
        builder().concurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    Lease first = balancer.acquire();
    first.record(Outcome.serverError());
    Lease second = first.another();
    first.close();
    assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire);
    second.record(Outcome.serverError());
    Lease third = second.another();
    second.close();
    second.close();
    assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire);
    third.close();

    balancer.acquire().close();
    assertThat(balancer.snapshot().limit()).isNotNull();
    assertThat(balancer.snapshot().limit().inFlight()).isZero();
  }

  @Test
  void anotherAfterTheClose_needsAPlaceAgain() throws Exception {
    LoadBalancer balancer =
        builder().concurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    Lease first = balancer.acquire();
    first.record(Outcome.serverError());
    first.close();
    Lease other = balancer.acquire();

    assertThatExceptionOfType(OverloadedException.class).isThrownBy(first::another);
    other.close();
    Lease second = first.another();
    assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire);
    second.close();
    balancer.acquire().close();
  }

  @Test
  void aFurtherAttemptThatFindsNobody_leavesThePlaceWithTheOneBefore() throws Exception {
    LoadBalancer balancer =
        builder().backends("a:80").concurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    Lease only = balancer.acquire();
    only.record(Outcome.serverError());

    assertThatExceptionOfType(NoBackendException.class)
        .isThrownBy(() -> only.another(Target.UNTRIED));

    assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire);
    only.close();
    balancer.acquire().close();
  }

  @Test
  void whoeverWaits_getsThePlaceThatIsGivenBack() throws Exception {
    LoadBalancer balancer = builder()
        .concurrencyLimit(ConcurrencyLimit.fixed(1).queue(1, Duration.ofSeconds(10)))
        .build();
    Lease first = balancer.acquire();

    Concurrently.run(
        () -> balancer.acquire().close(), //
        () -> {
          clock.awaitWaiting(1);
          assertThatExceptionOfType(OverloadedException.class)
              .as("the queue is full")
              .isThrownBy(balancer::acquire);
          first.close();
        });

    balancer.acquire().close();
  }

  @Test
  void whoeverWaitsTooLong_isRejected() throws Exception {
    LoadBalancer balancer = builder()
        .concurrencyLimit(ConcurrencyLimit.fixed(1).queue(1, Duration.ofSeconds(10)))
        .build();
    Lease first = balancer.acquire();

    Concurrently.run(
        () -> assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire),
        () -> {
          clock.awaitWaiting(1);
          clock.advance(Duration.ofSeconds(10));
        });

    first.close();
    balancer.acquire().close();
  }

  @Test
  void whoeverHasATimeout_waitsNoLongerThanThat() throws Exception {
    LoadBalancer balancer = builder()
        .concurrencyLimit(ConcurrencyLimit.fixed(1).queue(1, Duration.ofSeconds(10)))
        .build();
    RequestContext hurried = RequestContext.empty().timeout(Duration.ofSeconds(2));
    Lease first = balancer.acquire();

    Concurrently.run(
        () -> assertThatExceptionOfType(OverloadedException.class)
            .isThrownBy(() -> balancer.acquire(hurried)),
        () -> {
          clock.awaitWaiting(1);
          clock.advance(Duration.ofSeconds(2));
        });

    first.close();
    balancer.acquire(hurried).close();
  }

  @Test
  void whoeverIsInterruptedWhileItWaits_isRejected_andStaysInterrupted() throws Exception {
    LoadBalancer balancer = builder()
        .concurrencyLimit(ConcurrencyLimit.fixed(1).queue(1, Duration.ofSeconds(10)))
        .build();
    Lease first = balancer.acquire();
    Thread.currentThread().interrupt();

    assertThatThrownBy(balancer::acquire)
        .isInstanceOf(OverloadedException.class)
        .hasMessage("orders: interrupted while it waited for a place in flight");

    assertThat(Thread.interrupted()).isTrue();
    first.close();
    balancer.acquire().close();
  }

  @Test
  void manyAtOnce_neverMoreThanTheLimit_andNoPlaceIsLost() throws Exception {
    LoadBalancer balancer =
        builder().concurrencyLimit(ConcurrencyLimit.fixed(3)).build();
    AtomicInteger inFlight = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Executable> pieces = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      int thread = t;
      pieces.add(() -> {
        for (int i = 0; i < 5_000; i++) {
          Lease lease;
          try {
            lease = balancer.acquire();
          } catch (OverloadedException e) {
            continue;
          }
          most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
          if ((i + thread) % 3 == 0) {
            lease.record(Outcome.serverError());
            Lease next = lease.another();
            lease.close();
            lease = next;
          }
          inFlight.decrementAndGet();
          lease.close();
        }
      });
    }

    Concurrently.run(pieces.toArray(Executable[]::new));

    assertThat(most.get()).isBetween(1, 3);
    assertThat(balancer.snapshot().limit().inFlight()).isZero();
  }

  /** A place may be handed over to who waits in the very moment in which that one is cancelled. */
  @Test
  void manyWait_andAreCancelled_noPlaceIsLost() throws Exception {
    LoadBalancer balancer = builder()
        .concurrencyLimit(ConcurrencyLimit.fixed(2).queue(8, Duration.ofHours(1)))
        .build();
    int threads = 4;
    AtomicReferenceArray<Cancellable> present = new AtomicReferenceArray<>(threads);
    AtomicInteger working = new AtomicInteger(threads);
    AtomicInteger done = new AtomicInteger();
    AtomicInteger cancelled = new AtomicInteger();
    List<Executable> pieces = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      CallBody<String> body = new CallBody<>() {
        @Override
        public void started(Cancellable call) {
          present.set(thread, call);
        }

        @Override
        public String run(Attempt attempt) {
          LockSupport.parkNanos(1_000); // for others to wait
          return "done";
        }
      };
      pieces.add(() -> {
        try {
          for (int i = 0; i < 5_000; i++) {
            try {
              balancer.call(body);
              done.incrementAndGet();
            } catch (IOException e) {
              assertThat(e).hasMessageContaining("canceled");
              cancelled.incrementAndGet();
            }
          }
        } finally {
          working.decrementAndGet();
        }
      });
    }
    pieces.add(() -> {
      for (int i = 0; working.get() > 0; i++) {
        Cancellable call = present.getAndSet(i % threads, null);
        if (call != null) {
          call.cancel();
        }
        LockSupport.parkNanos(1_000);
      }
    });

    Concurrently.run(pieces.toArray(Executable[]::new));

    assertThat(done.get()).isPositive();
    assertThat(cancelled.get()).isPositive();
    assertThat(balancer.snapshot().limit().inFlight()).isZero();
    assertThat(balancer.snapshot().members()).allMatch(member -> member.inFlight() == 0);
  }
}
