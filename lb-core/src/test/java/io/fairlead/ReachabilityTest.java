package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Members that can't be connected to are out at once, beside those that are ejected, and back with the first that gets through. */
class ReachabilityTest {

  private static final RequestContext POST = RequestContext.empty();
  private static final RequestContext GET = RequestContext.empty().repeatable();

  private final FakeClock clock = new FakeClock();
  private final Heard heard = new Heard();

  private LoadBalancer.Builder builder(int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members)
            .mapToObj(i -> (char) ('a' + i) + ":80")
            .toArray(String[]::new))
        .strategy(Strategy.roundRobin())
        .circuitBreaker(CircuitBreaker.builder().consecutiveFailures(5).jitter(0))
        .time(clock)
        .chance(() -> 0) // no wait is shortened
        .listener(heard);
  }

  private static Member member(LoadBalancer balancer, String host) {
    return balancer.pool().member(host + ":80");
  }

  /** So many requests, of which those to the hosts named come to no connection. Returns how many each host got. */
  private static Map<String, Integer> requests(
      LoadBalancer balancer, RequestContext context, int count, String... down) throws Exception {
    Map<String, Integer> got = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = balancer.acquire(context)) {
        String host = lease.backend().host();
        got.merge(host, 1, Integer::sum);
        lease.record(
            Arrays.asList(down).contains(host) ? Outcome.connectFailure() : Outcome.success());
      }
    }
    return got;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 20})
  void twoThatFailToConnect_takeItOut(int members) throws Exception {
    LoadBalancer balancer = builder(members).build();

    Map<String, Integer> got = requests(balancer, POST, 10 * members, "b");

    assertThat(got).containsEntry("b", 2);
    assertThat(member(balancer, "b").vetoes()).singleElement().satisfies(veto -> {
      assertThat(veto.kind()).isEqualTo(Veto.Kind.HARD);
      assertThat(veto.policy()).isEqualTo("reachability");
    });
    assertThat(balancer.snapshot().toString())
        .contains("b:80: vetoed (reachability: no connection, twice in a row)");
  }

  @Test
  void anAnswerInBetween_keepsItIn() throws Exception {
    LoadBalancer balancer = builder(2).build();

    for (int i = 0; i < 20; i++) {
      requests(balancer, POST, 2, "b");
      requests(balancer, POST, 2);
    }

    assertThat(member(balancer, "b").available()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Outcome.Kind.class,
      names = {"ABANDONED", "IGNORED", "TIMEOUT"})
  void whatTellsNothing_endsNoRow(Outcome.Kind kind) throws Exception {
    LoadBalancer balancer = builder(2).build();
    Outcome outcome = switch (kind) {
      case ABANDONED -> Outcome.abandoned();
      case IGNORED -> Outcome.ignored();
      default -> Outcome.timeout();
    };

    requests(balancer, POST, 2, "b");
    for (int i = 0; i < 2; i++) {
      try (Lease lease = balancer.acquire()) {
        lease.record(outcome);
      }
    }
    requests(balancer, POST, 2, "b");

    assertThat(member(balancer, "b").available()).isFalse();
  }

  @Test
  void itIsTriedAfterASecond_thenEachTimeAfterTwiceAsLong_byOneRequest_whateverItIs()
      throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, POST, 6, "b");

    for (long wait : List.of(1, 2, 4, 8, 16, 30, 30)) {
      clock.advance(Duration.ofSeconds(wait).minusNanos(1));
      assertThat(requests(balancer, POST, 30, "b")).as("before %s s", wait).doesNotContainKey("b");
      clock.advance(Duration.ofNanos(1));
      assertThat(requests(balancer, POST, 30, "b")).as("after %s s", wait).containsEntry("b", 1);
    }
    clock.advance(Duration.ofSeconds(30));
    assertThat(requests(balancer, POST, 30)).as("back at once").containsEntry("b", 10);
    assertThat(heard.events.stream().filter(e -> e.contains("b:80 by reachability")))
        .containsExactly(
            "vetoed b:80 by reachability: no connection, twice in a row",
            "lifted b:80 by reachability: no connection, twice in a row");
  }

  @Test
  void whileOneIsTrying_nobodyElseDoes() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, GET, 4, "b");
    clock.advance(Duration.ofSeconds(1));

    try (Lease probe = balancer.acquire(GET)) {
      assertThat(probe.backend().host()).isEqualTo("b");
      assertThat(requests(balancer, GET, 30)).containsOnlyKeys("a");
      clock.advance(Duration.ofSeconds(59));
      assertThat(requests(balancer, GET, 30)).containsOnlyKeys("a");
      clock.advance(Duration.ofSeconds(1));
      assertThat(requests(balancer, GET, 30, "b")).as("one never came back").containsEntry("b", 1);
      probe.record(Outcome.serverError());
    }
    assertThat(member(balancer, "b").available())
        .as("late, but it was connected")
        .isTrue();
  }

  @Test
  void oneThatIsCutShort_tellsNothing_andIsFollowedByAnother() throws Exception {
    LoadBalancer balancer = builder(2).build();
    requests(balancer, GET, 4, "b");
    clock.advance(Duration.ofSeconds(1));
    balancer.acquire(GET).close();

    assertThat(requests(balancer, GET, 30, "b")).doesNotContainKey("b");
    clock.advance(Duration.ofSeconds(1));
    assertThat(requests(balancer, GET, 30, "b")).as("after no longer wait").containsEntry("b", 1);
  }

  @Test
  void itHoldsNoPlaceUnderTheCap() throws Exception {
    LoadBalancer balancer = builder(3).panicThreshold(0).build();
    for (int i = 0; i < 20; i++) {
      try (Lease lease = balancer.acquire(GET)) {
        boolean b = lease.backend().host().equals("b");
        lease.record(b ? Outcome.serverError() : Outcome.success());
      }
    }
    assertThat(member(balancer, "b").vetoes()).extracting(Veto::policy).containsExactly("ejection");
    clock.advance(Duration.ofSeconds(5));
    requests(balancer, GET, 1, "b");
    clock.advance(Duration.ofSeconds(10));
    requests(balancer, GET, 1, "b");

    assertThat(member(balancer, "b").vetoes())
        .extracting(Veto::policy)
        .containsExactly("reachability");
    for (int i = 0; i < 20; i++) {
      try (Lease lease = balancer.acquire(POST)) {
        boolean c = lease.backend().host().equals("c");
        lease.record(c ? Outcome.serverError() : Outcome.success());
      }
    }
    assertThat(member(balancer, "c").vetoes()).extracting(Veto::policy).containsExactly("ejection");
  }

  @Test
  void aPanic_doesNotBringItBack() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, POST, 20, "b", "c");

    assertThat(balancer.snapshot().panic()).isTrue();
    assertThat(requests(balancer, POST, 20, "b", "c")).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void ifNobodyElseIsLeft_oneCallAtATimeTriesEach_beforeItIsDue(int members) throws Exception {
    String[] all = IntStream.range(0, members)
        .mapToObj(i -> String.valueOf((char) ('a' + i)))
        .toArray(String[]::new);
    LoadBalancer balancer = builder(members).build();
    requests(balancer, POST, 10 * members, all);

    List<Lease> trying = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      trying.add(balancer.acquire(POST));
    }
    assertThat(trying.stream().map(lease -> lease.backend().host())).containsExactlyInAnyOrder(all);
    assertThatExceptionOfType(OverloadedException.class)
        .isThrownBy(() -> balancer.acquire(POST))
        .satisfies(e -> assertThat(e.retryAfter()).as("at any moment").isNull());

    trying.get(0).record(Outcome.success());
    assertThat(requests(balancer, POST, 5))
        .containsOnlyKeys(trying.get(0).backend().host());
    trying.forEach(Lease::close);
  }

  @Test
  void aCallGoesOverAllThatAreOut_andFindsTheOneThatIsBack() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, POST, 30, "a", "b", "c");

    try (Lease first = balancer.acquire(POST)) {
      first.record(Outcome.connectFailure());
      try (Lease second = first.another(Target.UNTRIED)) {
        second.record(Outcome.connectFailure());
        try (Lease third = second.another(Target.UNTRIED)) {
          third.record(Outcome.success());
          assertThat(third.member().available()).isTrue();
        }
      }
    }
  }

  @Test
  void attemptsFromBeforeItWasBack_tellNothing() throws Exception {
    LoadBalancer balancer = builder(2).build();
    List<Lease> old = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      old.add(balancer.acquire(GET));
    }
    Member member = old.get(0).member();
    old.removeIf(lease -> lease.member() != member);
    old.remove(0).record(Outcome.connectFailure());
    old.remove(0).record(Outcome.connectFailure());
    clock.advance(Duration.ofSeconds(1));
    try (Lease probe = balancer.acquire(GET)) {
      assertThat(probe.member()).isSameAs(member);
      probe.record(Outcome.success());
    }

    old.forEach(lease -> lease.record(Outcome.connectFailure()));

    assertThat(old).hasSize(8);
    assertThat(member.available()).isTrue();
    assertThat(balancer.snapshot().members())
        .allMatch(m -> m.circuit() == CircuitBreaker.State.CLOSED);
  }

  @Test
  void anOperatorsVeto_isLeftAlone() throws Exception {
    LoadBalancer balancer = builder(1).build();
    requests(balancer, POST, 2, "a");
    balancer.pool().control(member(balancer, "a"), "operator").veto(Veto.Kind.HARD, "repairs");
    clock.advance(Duration.ofHours(1));

    assertThatExceptionOfType(NoBackendException.class).isThrownBy(() -> balancer.acquire(GET));
  }

  @Test
  void whoReturnsWhileItDrains_beginsAnew() throws Exception {
    LoadBalancer balancer = builder(2).build();
    Lease held = balancer.acquire(POST);
    String host = held.backend().host();
    requests(balancer, POST, 6, host);
    assertThat(held.member().available()).isFalse();

    balancer.pool().update(host.equals("a") ? "b:80" : "a:80");
    clock.advance(Duration.ofSeconds(10));
    assertThat(requests(balancer, GET, 4)).doesNotContainKey(host);
    balancer.pool().update("a:80", "b:80");

    assertThat(held.member().available()).isTrue();
    assertThat(requests(balancer, GET, 4)).containsEntry(host, 2);
    held.close();
  }

  @Test
  void withoutEjection_itIsOutAllTheSame() throws Exception {
    LoadBalancer balancer = builder(2).maxEjected(0).build();

    assertThat(requests(balancer, POST, 100, "b")).containsEntry("b", 2);
    clock.advance(Duration.ofSeconds(1));
    assertThat(requests(balancer, POST, 100)).containsEntry("b", 50);
  }
}
