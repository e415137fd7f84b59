package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.ratelimit.KeyedTokenBucket;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import io.fairlead.time.Chance;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Limits and ejection where threads, listeners and clocks come at the worst moment. */
class LimitsUnderAttackTest {

  private static final int IN_A_ROW = 5;

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();
  private volatile Runnable onDraw = () -> {};

  /** Chance that does something on the way: a thread that loses its processor just there. */
  private final Chance chance = new Chance() {
    private final SeededChance seeded = SeededChance.of(1);

    @Override
    public long nextLong() {
      onDraw.run();
      return seeded.nextLong();
    }
  };

  private void once(Runnable action) {
    onDraw = () -> {
      onDraw = () -> {};
      action.run();
    };
  }

  private static CircuitBreaker.Builder breaker() {
    return CircuitBreaker.builder()
        .consecutiveFailures(IN_A_ROW)
        .openTime(Duration.ofSeconds(5))
        .jitter(0)
        .halfOpenPermits(1);
  }

  private LoadBalancer.Builder builder(int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members)
            .mapToObj(i -> (char) ('a' + i) + ":80")
            .toArray(String[]::new))
        .strategy(Strategy.roundRobin())
        .circuitBreaker(breaker())
        .time(clock)
        .chance(chance)
        .listener(heard);
  }

  private static Member member(LoadBalancer balancer, String host) {
    return balancer.pool().member(host + ":80");
  }

  private static Map<String, Integer> requests(LoadBalancer balancer, int count, String... failing)
      throws Exception {
    Map<String, Integer> got = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = balancer.acquire()) {
        String host = lease.backend().host();
        got.merge(host, 1, Integer::sum);
        boolean fails = List.of(failing).contains(host);
        lease.record(fails ? Outcome.serverError() : Outcome.success());
      }
    }
    return got;
  }

  private static Lease leaseOn(LoadBalancer balancer, String host) throws Exception {
    for (int i = 0; i < 100; i++) {
      Lease lease = balancer.acquire();
      if (lease.backend().host().equals(host)) {
        return lease;
      }
      lease.record(Outcome.success());
      lease.close();
    }
    throw new AssertionError("never on " + host);
  }

  private static void veto(LoadBalancer balancer, Veto.Kind kind, String... hosts) {
    for (String host : hosts) {
      balancer.pool().control(member(balancer, host), "check").veto(kind, "no answer");
    }
  }

  private static State state(LoadBalancer balancer, String host) {
    return balancer.snapshot().members().stream()
        .filter(member -> member.backend().host().equals(host))
        .findFirst()
        .orElseThrow()
        .circuit();
  }

  // ---- events under a lock ----

  @Test
  void whileAListenerHearsOfATrial_aRequestThatFindsNobodyIsToldSoAtOnce() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    AtomicReference<String> seen = new AtomicReference<>("the event did not come");
    heard.onEvent = event -> {
      if (event.equals("circuit of b: OPEN to HALF_OPEN")) {
        CompletableFuture<String> other = CompletableFuture.supplyAsync(() -> {
          veto(balancer, Veto.Kind.HARD, "a", "b");
          try {
            balancer.acquire().close();
            return "a lease";
          } catch (LoadBalancingException e) {
            return e.getClass().getSimpleName();
          }
        });
        try {
          seen.set(other.get(3, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
          seen.set("blocked");
        } catch (Exception e) {
          seen.set(e.toString());
        }
      }
    };

    clock.advance(Duration.ofSeconds(5));
    balancer.snapshot(); // if it did not come with the timer

    assertThat(seen).hasValue("NoBackendException");
  }

  @Test
  void aListenerMayTakeALock_thatIsHeldByWhoAsksForALease() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    ReentrantLock application = new ReentrantLock();
    CountDownLatch told = new CountDownLatch(1);
    AtomicBoolean got = new AtomicBoolean();
    heard.onEvent = event -> {
      if (event.equals("circuit of b: OPEN to HALF_OPEN")) {
        told.countDown();
        try { // lock(), but for the test's end
          got.set(application.tryLock(5, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
          return;
        }
        if (got.get()) {
          application.unlock();
        }
      }
    };
    CountDownLatch held = new CountDownLatch(1);

    Concurrently.run(
        () -> {
          application.lock();
          try {
            held.countDown();
            told.await();
            veto(balancer, Veto.Kind.HARD, "a", "b");
            assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
          } finally {
            application.unlock();
          }
        },
        () -> {
          held.await();
          clock.advance(Duration.ofSeconds(5));
          balancer.snapshot();
        });

    assertThat(got).as("no deadlock").isTrue();
  }

  @Test
  void whileAListenerHearsOfATrial_vetoesOfOthersCount() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, 40, "b");
    AtomicReference<Object> panic = new AtomicReference<>("the event did not come");
    heard.onEvent = event -> {
      if (event.equals("circuit of b: OPEN to HALF_OPEN")) {
        CompletableFuture.runAsync(() -> veto(balancer, Veto.Kind.STATISTICAL, "a", "c"))
            .join();
        panic.set(balancer.snapshot().panic());
      }
    };

    clock.advance(Duration.ofSeconds(5));
    balancer.snapshot();

    assertThat(balancer.snapshot().panic()).as("afterwards").isTrue();
    assertThat(panic).as("during the event, after the vetoes returned").hasValue(true);
  }

  // ---- the wrong exception ----

  @Test
  void aMemberThatWasFull_andIsNotNow_isStillOverload() throws Exception {
    LoadBalancer balancer =
        builder(1).memberConcurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    Lease held = balancer.acquire();
    once(held::close); // after it has refused: round robin draws lots for the second look

    assertThatExceptionOfType(OverloadedException.class).isThrownBy(balancer::acquire);
  }

  @Test
  void manyAtOnce_onFullMembers_areToldOfOverload() throws Exception {
    LoadBalancer balancer = builder(1)
        .memberConcurrencyLimit(ConcurrencyLimit.fixed(1))
        .time(TimeSource.system())
        .build();
    AtomicInteger nobody = new AtomicInteger();
    AtomicInteger overloaded = new AtomicInteger();
    AtomicReference<String> message = new AtomicReference<>();
    Executable caller = () -> {
      for (int i = 0; i < 20_000; i++) {
        try (Lease lease = balancer.acquire()) {
          lease.record(Outcome.success());
        } catch (OverloadedException e) {
          overloaded.incrementAndGet();
        } catch (NoBackendException e) {
          nobody.incrementAndGet();
          message.set(e.getMessage());
        }
      }
    };
    Concurrently.run(caller, caller, caller, caller);

    assertThat(overloaded.get()).isPositive();
    assertThat(nobody).as("%s", message).hasValue(0);
  }

  @Test
  void aMemberWhoseTrialSucceedsMeanwhile_takesTheRequest() throws Exception {
    LoadBalancer balancer = builder(2).panicThreshold(0).build();
    requests(balancer, 20, "b");
    veto(balancer, Veto.Kind.HARD, "a");
    clock.advance(Duration.ofSeconds(5));
    Lease probe = balancer.acquire();
    once(() -> probe.record(Outcome.success()));

    try (Lease lease = balancer.acquire()) {
      assertThat(lease.member()).isSameAs(probe.member());
    }
  }

  // ---- panic ----

  @Test
  void inAPanic_theSameMemberTakesARequestAgain_whoseConnectionWasLost() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    veto(balancer, Veto.Kind.HARD, "a");
    assertThat(balancer.snapshot().panic()).isTrue();
    Lease lease = balancer.acquire();
    lease.record(Outcome.connectionLost());

    lease.another(Target.SAME).close();
  }

  @Test
  void inAPanic_aCallWhoseConnectionWasLost_isRepeated() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    veto(balancer, Veto.Kind.HARD, "a");
    AtomicInteger attempts = new AtomicInteger();

    String answer = balancer.call(RequestContext.empty().repeatable(), new CallBody<String>() {
      @Override
      public String run(Attempt attempt) throws java.io.IOException {
        if (attempts.incrementAndGet() == 1) {
          throw new java.io.IOException("reset");
        }
        return "fine";
      }

      @Override
      public Outcome classify(String result, Throwable failure) {
        return failure == null ? Outcome.success() : Outcome.connectionLost();
      }
    });

    assertThat(answer).isEqualTo("fine");
  }

  // ---- places under the cap that are never given back ----

  @Test
  void ejectedMembersWhoseWeightFallsToZero_takeNoPlaceFromOthers() throws Exception {
    LoadBalancer balancer = builder(4).build();
    requests(balancer, 100, "a", "b");
    assertThat(balancer.snapshot().summary()).startsWith("4 backends: 2 available, 2 vetoed");

    balancer
        .pool()
        .update(List.of(
            Backend.builder("a:80").weight(0).build(),
            Backend.builder("b:80").weight(0).build(),
            Backend.of("c:80"),
            Backend.of("d:80")));
    clock.advance(Duration.ofDays(1));

    assertThat(requests(balancer, 200, "c")).containsEntry("c", IN_A_ROW);
  }

  // ---- one too many is out ----

  @Test
  void aMemberThatLeavesAndReturnsWhileItsBreakerOpens_isNotOutBesideTheCap() throws Exception {
    LoadBalancer balancer = builder(3).panicThreshold(0).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < IN_A_ROW; i++) {
      leases.add(leaseOn(balancer, "b"));
    }
    for (int i = 0; i < IN_A_ROW - 1; i++) {
      leases.get(i).record(Outcome.serverError());
    }
    once(
        () -> { // between the gate and the transition
          balancer.pool().update("a:80", "c:80");
          balancer.pool().update("a:80", "b:80", "c:80");
        });
    leases.get(IN_A_ROW - 1).record(Outcome.serverError());
    requests(balancer, 100, "a");

    assertThat(balancer.snapshot().summary()).startsWith("3 backends: 2 available, 1 vetoed");
  }

  @Test
  void ofTheLastTwoThatCanBePicked_oneStays() throws Exception {
    LoadBalancer balancer = builder(4).panicThreshold(0).build();
    List<Lease> onA = new ArrayList<>();
    List<Lease> onB = new ArrayList<>();
    for (int i = 0; i < IN_A_ROW; i++) {
      onA.add(leaseOn(balancer, "a"));
      onB.add(leaseOn(balancer, "b"));
    }
    veto(balancer, Veto.Kind.HARD, "c", "d");
    for (int i = 0; i < IN_A_ROW - 1; i++) {
      onA.get(i).record(Outcome.serverError());
      onB.get(i).record(Outcome.serverError());
    }
    once(() -> onB.get(IN_A_ROW - 1).record(Outcome.serverError()));
    onA.get(IN_A_ROW - 1).record(Outcome.serverError());

    balancer.acquire().close();
  }

  @Test
  void ofTheLastTwoThatCanBePicked_oneStays_stress() throws Exception {
    int both = 0;
    for (int round = 0; round < 300; round++) {
      FakeClock own = new FakeClock();
      LoadBalancer balancer = LoadBalancer.builder("orders")
          .backends("a:80", "b:80", "c:80", "d:80")
          .strategy(Strategy.roundRobin())
          .circuitBreaker(breaker().consecutiveFailures(1))
          .panicThreshold(0)
          .time(own)
          .build();
      Lease onA = leaseOn(balancer, "a");
      Lease onB = leaseOn(balancer, "b");
      veto(balancer, Veto.Kind.HARD, "c", "d");
      AtomicInteger ready = new AtomicInteger();
      Concurrently.run(
          () -> {
            ready.incrementAndGet();
            while (ready.get() < 2) {
              Thread.onSpinWait();
            }
            onA.record(Outcome.serverError());
          },
          () -> {
            ready.incrementAndGet();
            while (ready.get() < 2) {
              Thread.onSpinWait();
            }
            onB.record(Outcome.serverError());
          });
      if (!member(balancer, "a").available() && !member(balancer, "b").available()) {
        both++;
      }
    }
    assertThat(both).isZero();
  }

  // ---- tokens and places of a call ----

  @Test
  void aCallThatGotItsTokenBack_andGoesOn_takesOneAgain() throws Exception {
    TokenBucket bucket =
        TokenBucket.builder().time(clock).limit(RateLimit.perMinute(10)).build();
    LoadBalancer balancer = builder(3).rateLimit(bucket).build();

    Lease first = balancer.acquire();
    first.record(Outcome.connectFailure());
    first.close();
    Lease second = first.another();
    second.record(Outcome.success());
    second.close();

    assertThat(bucket.available()).as("one call was sent").isEqualTo(9);
  }

  @Test
  void whenALeaseIsReleased_itsPlaceIsFree() throws Exception {
    LoadBalancer balancer =
        builder(2).concurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    AtomicReference<Object> got = new AtomicReference<>();
    heard.onEvent = event -> {
      if (event.startsWith("released") && got.compareAndSet(null, "asked")) {
        try {
          balancer.acquire().close();
          got.set("a lease");
        } catch (LoadBalancingException e) {
          got.set(e);
        }
      }
    };

    balancer.acquire().close();

    assertThat(got).hasValue("a lease");
  }

  @Test
  void aTokenIsGivenBackToTheKeyThatItWasTakenFrom() throws Exception {
    KeyedTokenBucket<String> perTenant = KeyedTokenBucket.<String>builder()
        .time(clock)
        .limit(RateLimit.perMinute(10))
        .build();
    AtomicReference<String> tenant = new AtomicReference<>("ann");
    LoadBalancer balancer =
        builder(2).rateLimitPer(context -> tenant.get(), perTenant).build();
    tenant.set("bob");
    balancer.acquire().close(); // bob has spent one
    tenant.set("ann");
    Lease lease = balancer.acquire();
    lease.record(Outcome.connectFailure());
    tenant.set("bob");
    lease.close();

    assertThat(perTenant.available("ann")).as("ann's came back").isEqualTo(10);
    assertThat(perTenant.available("bob")).as("bob's stays spent").isEqualTo(9);
  }

  @Test
  void aKeyFunctionThatThrowsAtTheEnd_losesNoOtherToken_andHidesNoException() throws Exception {
    KeyedTokenBucket<String> users = KeyedTokenBucket.<String>builder()
        .time(clock)
        .limit(RateLimit.perMinute(10))
        .build();
    TokenBucket bucket =
        TokenBucket.builder().time(clock).limit(RateLimit.perMinute(10)).build();
    AtomicInteger asked = new AtomicInteger();
    LoadBalancer balancer = builder(0)
        .rateLimit(bucket)
        .rateLimitPer(
            context -> {
              if (asked.incrementAndGet() > 1) {
                throw new IllegalStateException("no key any more");
              }
              return "ann";
            },
            users)
        .build();

    assertThatExceptionOfType(NoBackendException.class).isThrownBy(balancer::acquire);
    assertThat(bucket.available()).isEqualTo(10);
  }

  // ---- close ----

  @Test
  void whoWaitsInLineWhenTheBalancerIsClosed_isRefused() throws Exception {
    LoadBalancer balancer = builder(2)
        .concurrencyLimit(ConcurrencyLimit.fixed(2).queue(1, Duration.ofSeconds(10)))
        .build();
    Lease first = balancer.acquire();
    Lease second = balancer.acquire();
    AtomicReference<Object> got = new AtomicReference<>();

    Concurrently.run(
        () -> {
          try {
            balancer.acquire().close();
            got.set("a lease");
          } catch (LoadBalancingException e) {
            got.set(e.getClass());
          }
        },
        () -> {
          clock.awaitWaiting(1);
          balancer.close();
          first.close();
        });
    second.close();

    assertThat(got).hasValue(LoadBalancerClosedException.class);
  }

  // ---- exceptions ----

  @Test
  void aChanceThatThrows_whenABreakerOpens_losesNoPlace() throws Exception {
    LoadBalancer balancer =
        builder(3).concurrencyLimit(ConcurrencyLimit.fixed(100)).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < IN_A_ROW; i++) {
      leases.add(leaseOn(balancer, "b"));
    }
    onDraw = () -> {
      throw new IllegalStateException("no lots");
    };
    for (Lease lease : leases) {
      try {
        lease.record(Outcome.serverError());
      } catch (IllegalStateException e) {
        // of whoever drew
      }
      lease.close();
    }
    onDraw = () -> {};

    assertThat(member(balancer, "b").inFlight()).as("in flight").isZero();
    assertThat(balancer.snapshot().limit().inFlight())
        .as("in flight of the service")
        .isZero();
  }

  @Test
  void aChanceThatThrows_whenABreakerOpens_doesNotPreventAllEjectionForEver() throws Exception {
    LoadBalancer balancer = builder(3).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < IN_A_ROW; i++) {
      leases.add(leaseOn(balancer, "b"));
    }
    once(() -> {
      throw new IllegalStateException("no lots");
    });
    for (Lease lease : leases) {
      try {
        lease.record(Outcome.serverError());
      } catch (IllegalStateException e) {
        // of whoever drew
      }
      lease.close();
    }

    assertThat(requests(balancer, 300, "b").get("b")).isLessThan(10);
  }

  // ---- what is left of before ----

  @Test
  void aMemberThatReturnsWhileItDrains_beginsAnew_alsoIfItsBreakerWasClosed() throws Exception {
    LoadBalancer balancer = builder(3).build();
    Lease held = leaseOn(balancer, "b");
    for (int i = 0; i < IN_A_ROW - 1; i++) {
      Lease lease = leaseOn(balancer, "b");
      lease.record(Outcome.serverError());
      lease.close();
    }
    balancer.pool().update("a:80", "c:80");
    balancer.pool().update("a:80", "b:80", "c:80");

    Lease one = leaseOn(balancer, "b");
    one.record(Outcome.serverError());
    one.close();

    assertThat(state(balancer, "b"))
        .as("after one failure since it returned")
        .isEqualTo(State.CLOSED);
    held.close();
  }

  @Test
  void aMemberWhoseAdaptiveLimitKeepsPlacesFree_isFull() throws Exception {
    LoadBalancer balancer = builder(1)
        .memberConcurrencyLimit(ConcurrencyLimit.gradient().initial(20))
        .build();
    Map<String, Integer> refusals = new TreeMap<>();
    for (int step = 0; step < 400; step++) {
      List<Lease> leases = new ArrayList<>();
      try {
        while (true) {
          leases.add(balancer.acquire());
        }
      } catch (LoadBalancingException e) {
        refusals.merge(e.getClass().getSimpleName(), 1, Integer::sum);
      }
      clock.advance(Duration.ofMillis(10));
      for (Lease lease : leases) {
        lease.record(Outcome.success());
        lease.close();
      }
    }

    assertThat(refusals).containsOnlyKeys("OverloadedException");
  }

  @Test
  void aChoiceEnds_howeverOftenPanicsBeginAndEnd() throws Exception {
    AtomicInteger picks = new AtomicInteger();
    LoadBalancer balancer = builder(3)
        .panicThreshold(1)
        .maxEjected(0)
        .memberConcurrencyLimit(ConcurrencyLimit.fixed(1))
        .strategy(Strategy.of(members -> choice -> {
          picks.incrementAndGet();
          return null;
        }))
        .build();
    balancer.acquire();
    balancer.acquire();
    balancer.acquire();
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger most = new AtomicInteger();
    Executable toggler = () -> {
      var control = balancer.pool().control(member(balancer, "a"), "toggle");
      while (!done.get()) {
        control.veto(Veto.Kind.STATISTICAL, "x");
        control.lift();
      }
    };
    Concurrently.run(toggler, () -> {
      try {
        for (int i = 0; i < 20_000; i++) {
          picks.set(0);
          try {
            balancer.acquire();
          } catch (LoadBalancingException e) {
            most.accumulateAndGet(picks.get() / 4, Math::max);
          }
        }
      } finally {
        done.set(true);
      }
    });
    assertThat(most.get()).isLessThan(1_000);
  }
}
