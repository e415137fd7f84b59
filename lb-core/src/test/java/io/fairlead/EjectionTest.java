package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Members that fail are ejected, by a breaker of their own, and never too many. */
class EjectionTest {

  private static final int IN_A_ROW = 5;
  private static final RequestContext REPEATABLE = RequestContext.empty().repeatable();

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();

  /** A breaker without jitter, so that a test can tell when it lets one try. */
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
        .chance(SeededChance.of(1))
        .listener(heard);
  }

  private static Member member(LoadBalancer balancer, String host) {
    return balancer.pool().member(host + ":80");
  }

  /** So many requests, of which those to the hosts named fail. Returns how many each host got. */
  private static Map<String, Integer> requests(LoadBalancer balancer, int count, String... failing)
      throws Exception {
    Map<String, Integer> got = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = balancer.acquire(REPEATABLE)) {
        String host = lease.backend().host();
        got.merge(host, 1, Integer::sum);
        boolean fails = List.of(failing).contains(host);
        lease.record(fails ? Outcome.serverError() : Outcome.success());
      }
    }
    return got;
  }

  private static State state(LoadBalancer balancer, String host) {
    return balancer.snapshot().members().stream()
        .filter(member -> member.backend().host().equals(host))
        .findFirst()
        .orElseThrow()
        .circuit();
  }

  @Test
  void aMemberThatFailsAgainAndAgain_isEjected_andTheOthersGetItsShare() throws Exception {
    LoadBalancer balancer = builder(3).build();

    Map<String, Integer> got = requests(balancer, 300, "b");

    assertThat(got.get("b")).isEqualTo(IN_A_ROW);
    assertThat(member(balancer, "b").available()).isFalse();
    assertThat(member(balancer, "b").vetoes()).singleElement().satisfies(veto -> {
      assertThat(veto.kind()).isEqualTo(Veto.Kind.STATISTICAL);
      assertThat(veto.policy()).isEqualTo("ejection");
    });
    assertThat(state(balancer, "b")).isEqualTo(State.OPEN);
    assertThat(state(balancer, "a")).isEqualTo(State.CLOSED);
    assertThat(heard.events)
        .filteredOn(event -> event.startsWith("circuit"))
        .containsExactly("circuit of b: CLOSED to OPEN");
  }

  @Test
  void anEjectedMember_getsOneRequestWhenItsTimeIsOver_andIsBackIfThatIsFine() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");

    clock.advance(Duration.ofSeconds(5));

    assertThat(member(balancer, "b").available()).as("until it is well").isFalse();
    Lease probe = leaseOn(balancer, "b");
    assertThat(state(balancer, "b")).isEqualTo(State.HALF_OPEN);
    assertThat(requests(balancer, 10)).as("while it is being tried").doesNotContainKey("b");
    probe.record(Outcome.success());
    probe.close();
    assertThat(state(balancer, "b")).isEqualTo(State.CLOSED);
    assertThat(requests(balancer, 10)).containsEntry("b", 5);
  }

  private static Lease leaseOn(LoadBalancer balancer, String host) throws Exception {
    for (int i = 0; i < 10; i++) {
      Lease lease = balancer.acquire(REPEATABLE);
      if (lease.backend().host().equals(host)) {
        return lease;
      }
      lease.record(Outcome.success());
      lease.close();
    }
    throw new AssertionError("never on " + host);
  }

  @Test
  void anEjectedMemberThatStillFails_isOutForLonger() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    clock.advance(Duration.ofSeconds(5));

    assertThat(requests(balancer, 20, "b")).containsEntry("b", 1);

    clock.advance(Duration.ofSeconds(5));
    assertThat(requests(balancer, 20, "b")).doesNotContainKey("b");
    clock.advance(Duration.ofSeconds(5));
    assertThat(requests(balancer, 20, "b")).containsEntry("b", 1);
  }

  @Test
  void theLastMember_isNeverEjected() throws Exception {
    LoadBalancer balancer = builder(1).maxEjected(1).build();

    assertThat(requests(balancer, 100, "a")).containsEntry("a", 100);
    assertThat(member(balancer, "a").available()).isTrue();
  }

  @Test
  void theLastThatCanBePicked_isNotEjected() throws Exception {
    LoadBalancer balancer = builder(4).panicThreshold(0).build();
    for (String host : List.of("b", "c", "d")) {
      balancer.pool().control(member(balancer, host), "check").veto(Veto.Kind.HARD, "no answer");
    }

    assertThat(requests(balancer, 100, "a")).containsEntry("a", 100);
  }

  @Test
  void membersWithoutWeight_areNoneToCountOn() throws Exception {
    LoadBalancer balancer = builder(0)
        .backends(
            Backend.of("a:80"),
            Backend.builder("b:80").weight(0).build(),
            Backend.builder("c:80").weight(0).build())
        .build();

    assertThat(requests(balancer, 100, "a")).containsEntry("a", 100);
  }

  @Test
  void ifOnlyTheOneOnTrialIsLeft_itGetsTheRequestsAllTheSame() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    clock.advance(Duration.ofSeconds(5));
    Lease probe = leaseOn(balancer, "b");
    balancer.pool().control(member(balancer, "a"), "check").veto(Veto.Kind.HARD, "no answer");

    assertThat(balancer.snapshot().panic()).isTrue();
    assertThat(requests(balancer, 10)).containsEntry("b", 10);

    probe.record(Outcome.success());
    probe.close();
    assertThat(balancer.snapshot().panic()).isFalse();
  }

  @Test
  void notMoreThanTheCapAreEjected() throws Exception {
    LoadBalancer balancer = builder(5).panicThreshold(0).build();

    requests(balancer, 500, "a", "b", "c", "d", "e");

    assertThat(balancer.snapshot().summary()).startsWith("5 backends: 3 available, 2 vetoed");
  }

  @Test
  void aMemberThatLeaves_givesItsPlaceUnderTheCapBack() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, 100, "a", "b");
    assertThat(balancer.snapshot().summary()).startsWith("3 backends: 2 available, 1 vetoed");
    String ejected = member(balancer, "a").available() ? "b" : "a";
    String failing = ejected.equals("a") ? "b" : "a";

    balancer.pool().update(failing + ":80", "c:80", "d:80");
    requests(balancer, 100, failing);

    assertThat(member(balancer, failing).available()).isFalse();
  }

  @Test
  void aMemberThatReturnsWhileItDrains_beginsAnew() throws Exception {
    LoadBalancer balancer = builder(3).build();
    Lease held = leaseOn(balancer, "b");
    requests(balancer, 100, "b");
    assertThat(member(balancer, "b").available()).isFalse();

    balancer.pool().update("a:80", "c:80");
    requests(balancer, 100, "a");
    assertThat(member(balancer, "a").available()).as("the place is free").isFalse();
    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(member(balancer, "b")).isSameAs(held.member());
    assertThat(member(balancer, "b").available()).isTrue();
    assertThat(state(balancer, "b")).isEqualTo(State.CLOSED);
    held.close();
  }

  @Test
  void aListenerThatHearsOfIt_mayUpdateThePool() throws Exception {
    LoadBalancer balancer = builder(3).build();
    Lease held = leaseOn(balancer, "b");
    requests(balancer, 100, "b");
    balancer.pool().update("a:80", "c:80");
    List<String> updated = new ArrayList<>();
    heard.onEvent = event -> {
      if (event.startsWith("circuit of b")) {
        balancer.pool().update("a:80", "b:80", "c:80", "d:80");
        updated.add(event);
      }
    };

    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(updated).containsExactly("circuit of b: OPEN to CLOSED");
    assertThat(balancer.pool().members()).hasSize(4);
    held.close();
  }

  @Test
  void inAPanic_anEjectedMemberGetsRequests_thatCountForNothing() throws Exception {
    LoadBalancer balancer = builder(4).build();
    requests(balancer, 100, "a", "b");
    for (String host : List.of("c", "d")) {
      balancer
          .pool()
          .control(member(balancer, host), "check")
          .veto(Veto.Kind.STATISTICAL, "looks bad");
    }
    assertThat(balancer.snapshot().panic()).isTrue();

    Map<String, Integer> got = requests(balancer, 40, "a", "b");

    assertThat(got)
        .containsOnly(
            Map.entry("a", 10), Map.entry("b", 10), Map.entry("c", 10), Map.entry("d", 10));
    assertThat(state(balancer, "a")).isEqualTo(State.OPEN);
  }

  static Stream<Outcome> noFailures() {
    return Stream.of(
        Outcome.success(),
        Outcome.unavailable(Duration.ZERO),
        Outcome.throttled(Duration.ofSeconds(1)),
        Outcome.abandoned(),
        Outcome.ignored(),
        Outcome.connectionLost());
  }

  @ParameterizedTest
  @MethodSource("noFailures")
  void whatIsNoFailure_ejectsNobody(Outcome outcome) throws Exception {
    LoadBalancer balancer = builder(2).build();

    allEnd(balancer, outcome);

    assertThat(balancer.snapshot().summary()).startsWith("2 backends: 2 available");
  }

  static Stream<Outcome> failures() {
    return Stream.of(
        Outcome.timeout(),
        Outcome.protocolError(),
        Outcome.serverError(),
        Outcome.protocolError().unsent());
  }

  @ParameterizedTest
  @MethodSource("failures")
  void whatIsAFailure_ejects(Outcome outcome) throws Exception {
    LoadBalancer balancer = builder(2).build();

    allEnd(balancer, outcome);

    assertThat(balancer.snapshot().summary()).startsWith("2 backends: 1 available, 1 vetoed");
  }

  private static void allEnd(LoadBalancer balancer, Outcome outcome) throws Exception {
    for (int i = 0; i < 100; i++) {
      try (Lease lease = balancer.acquire()) {
        lease.record(outcome);
      }
    }
  }

  @Test
  void withAnotherPolicysVeto_itStaysOutWhenItsOwnTimeIsOver() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    balancer.pool().control(member(balancer, "b"), "check").veto(Veto.Kind.HARD, "no answer");

    clock.advance(Duration.ofSeconds(5));

    assertThat(member(balancer, "b").available()).isFalse();
    assertThat(requests(balancer, 20, "b")).doesNotContainKey("b");
  }

  @Test
  void aProbeThatNeverAnswers_doesNotKeepItOutForEver() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    clock.advance(Duration.ofSeconds(5));
    Lease hangs = leaseOn(balancer, "b");

    clock.advance(Duration.ofMinutes(5));
    Lease second = leaseOn(balancer, "b");
    second.record(Outcome.success());
    second.close();

    assertThat(state(balancer, "b")).isEqualTo(State.CLOSED);
    hangs.record(Outcome.serverError());
    hangs.close();
    assertThat(state(balancer, "b"))
        .as("what comes late counts for nothing")
        .isEqualTo(State.CLOSED);
  }

  @Test
  void aProbeThatIsAbandoned_isFollowedByAnother() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, 20, "b");
    clock.advance(Duration.ofSeconds(5));

    leaseOn(balancer, "b").close();

    leaseOn(balancer, "b").close();
  }

  @Test
  void ifWhoIsLeftIsBeingTried_theRequestIsToldToWait() throws Exception {
    LoadBalancer balancer = builder(2).panicThreshold(0).build();
    requests(balancer, 20, "b");
    balancer.pool().control(member(balancer, "a"), "check").veto(Veto.Kind.HARD, "no answer");
    clock.advance(Duration.ofSeconds(5));
    Lease probe = balancer.acquire();

    assertThatExceptionOfType(OverloadedException.class)
        .isThrownBy(balancer::acquire)
        .withMessageContaining("b:80 is on trial with another request, after it failed")
        .satisfies(e -> assertThat(e.retryAfter()).isNull());

    probe.record(Outcome.success());
    probe.close();
    balancer.acquire().close();
  }

  @Test
  void withoutEjection_aMemberThatFailsStaysIn() throws Exception {
    LoadBalancer balancer = builder(2).maxEjected(0).build();

    assertThat(requests(balancer, 100, "b")).containsEntry("b", 50);
    assertThat(state(balancer, "b")).isNull();
  }

  @Test
  void byDefault_aDeadMemberIsEjected() throws Exception {
    LoadBalancer balancer = LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .strategy(Strategy.leastConnections())
        .time(clock)
        .build();

    assertThat(requests(balancer, 1_000, "b")).containsEntry("b", 10);
  }

  @Test
  void theRecipe_isCopied_andItsNameTimeAndListenerAreTheBalancers() throws Exception {
    CircuitBreaker.Builder recipe = breaker();
    LoadBalancer balancer = builder(2).circuitBreaker(recipe).build();
    recipe.consecutiveFailures(1);
    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(requests(balancer, 100, "c")).containsEntry("c", IN_A_ROW);
  }

  @Test
  void ejectionIsTheBalancersOwnPolicy() {
    LoadBalancer balancer = builder(2).build();
    Member a = member(balancer, "a");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.pool().control(a, "ejection"))
        .withMessageStartingWith("policy: ejection (expected: another name");
  }

  // ---- a limit for each member ----

  @Test
  void aMemberThatIsFull_getsNoMore_untilOneHasEnded() throws Exception {
    LoadBalancer balancer =
        builder(2).memberConcurrencyLimit(ConcurrencyLimit.fixed(2)).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      leases.add(balancer.acquire());
    }
    assertThat(member(balancer, "a").inFlight()).isEqualTo(2);
    assertThat(member(balancer, "b").inFlight()).isEqualTo(2);

    assertThatExceptionOfType(OverloadedException.class)
        .isThrownBy(balancer::acquire)
        .withMessageContaining("a:80 had as many in flight as its limit allows: 2 now")
        .satisfies(e -> assertThat(e.retryAfter()).isNull());
    assertThat(member(balancer, "a").count(Outcome.Kind.ABANDONED)).isZero();

    Lease first = leases.get(0);
    first.record(Outcome.success());
    assertThatExceptionOfType(OverloadedException.class)
        .as("its body is being read")
        .isThrownBy(balancer::acquire);
    first.close();
    try (Lease next = balancer.acquire()) {
      assertThat(next.member()).isSameAs(first.member());
    }
  }

  @Test
  void whoIsFull_isPassedBy() throws Exception {
    LoadBalancer balancer =
        builder(3).memberConcurrencyLimit(ConcurrencyLimit.fixed(1)).build();
    Lease onA = leaseOn(balancer, "a");

    for (int i = 0; i < 20; i++) {
      try (Lease lease = balancer.acquire(RequestContext.empty())) {
        assertThat(lease.member()).isNotSameAs(onA.member());
      }
    }
  }

  @Test
  void aLimitWithAQueue_isNoLimitForAMember() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder("orders")
            .memberConcurrencyLimit(ConcurrencyLimit.fixed(1).queue(1, Duration.ofSeconds(1))))
        .withMessageStartingWith("memberConcurrencyLimit");
  }

  // ---- many at once ----

  @Test
  void manyAtOnce_neverMoreThanTheCapAreOut_andNothingIsLost() throws Exception {
    int members = 6;
    LoadBalancer balancer = builder(members)
        .panicThreshold(0)
        .memberConcurrencyLimit(ConcurrencyLimit.fixed(4))
        .build();
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger threads = new AtomicInteger(4);
    List<Executable> pieces = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int thread = t;
      pieces.add(() -> {
        try {
          for (int i = 0; i < 20_000; i++) {
            try (Lease lease = balancer.acquire()) {
              lease.record((i * 7 + thread) % 10 < 8 ? Outcome.serverError() : Outcome.success());
            } catch (OverloadedException e) {
              // all who are not ejected are being tried
            }
          }
        } finally {
          done.set(threads.decrementAndGet() == 0);
        }
      });
    }
    pieces.add(() -> {
      while (!done.get()) {
        long out = balancer.snapshot().members().stream()
            .filter(member -> member.circuit() == State.OPEN)
            .count();
        most.accumulateAndGet((int) out, Math::max);
        clock.advance(Duration.ofSeconds(1));
      }
    });

    Concurrently.run(pieces.toArray(Executable[]::new));

    assertThat(most.get()).isBetween(1, members / 2);
    clock.advance(Duration.ofHours(1));
    balancer
        .snapshot()
        .members()
        .forEach(member -> assertThat(member.limit().inFlight()).isZero());
    // Each one comes back, once it is well: none is wedged.
    for (int i = 0; i < 1_000; i++) {
      try (Lease lease = balancer.acquire()) {
        lease.record(Outcome.success());
      }
    }
    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).isZero();
      assertThat(member.available()).isTrue();
    }
    balancer
        .snapshot()
        .members()
        .forEach(member -> assertThat(member.circuit()).isEqualTo(State.CLOSED));
  }
}
