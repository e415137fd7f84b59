package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** An endpoint that fails on one member is turned away from that one, and what else it does stays there. */
class EndpointScopeTest {

  private static final int IN_A_ROW = 5;
  private static final Duration OPEN = Duration.ofSeconds(5);

  private final FakeClock clock = new FakeClock();

  private LoadBalancer balancer(int members) {
    return builder(members).build();
  }

  private LoadBalancer.Builder builder(int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members)
            .mapToObj(i -> (char) ('a' + i) + ":80")
            .toArray(String[]::new))
        .strategy(Strategy.random())
        .circuitBreaker(CircuitBreaker.builder()
            .consecutiveFailures(IN_A_ROW)
            .openTime(OPEN)
            .jitter(0))
        .time(clock)
        .chance(SeededChance.of(3));
  }

  /** So many requests to each endpoint in turn. Returns how many of each each host got, as in {@code "a read"}. */
  private static Map<String, Integer> requests(
      LoadBalancer balancer, int count, BiPredicate<String, String> fails, String... endpoints)
      throws Exception {
    Map<String, Integer> got = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      for (String endpoint : endpoints) {
        try (Lease lease =
            balancer.acquire(RequestContext.empty().endpoint(endpoint).repeatable())) {
          String host = lease.backend().host();
          got.merge(host + " " + endpoint, 1, Integer::sum);
          lease.record(fails.test(host, endpoint) ? Outcome.serverError() : Outcome.success());
        }
      }
    }
    return got;
  }

  private static boolean never(String host, String endpoint) {
    return false;
  }

  private static boolean onB(String host, String endpoint) {
    return host.equals("b") && endpoint.equals("write");
  }

  @Test
  void oneEndpointThatFailsOnOneMember_isTurnedAwayThere_andNothingElseIs() throws Exception {
    LoadBalancer balancer = balancer(3);

    Map<String, Integer> got = requests(balancer, 300, EndpointScopeTest::onB, "write", "read");

    assertThat(got).containsEntry("b write", IN_A_ROW);
    assertThat(got.get("b read")).isGreaterThan(60);
    assertThat(balancer.pool().members()).allMatch(Member::available);
  }

  @Test
  void evenIfThereIsNoOtherTraffic_theMemberStaysIn() throws Exception {
    LoadBalancer balancer = balancer(3);

    assertThat(requests(balancer, 300, EndpointScopeTest::onB, "write"))
        .containsEntry("b write", IN_A_ROW);

    assertThat(balancer.pool().members()).allMatch(Member::available);
  }

  @Test
  void whenItsTimeIsOver_oneRequestTries() throws Exception {
    LoadBalancer balancer = balancer(2);
    requests(balancer, 50, EndpointScopeTest::onB, "write");

    clock.advance(OPEN);
    assertThat(requests(balancer, 50, EndpointScopeTest::onB, "write")).containsEntry("b write", 1);
    clock.advance(OPEN);
    assertThat(requests(balancer, 50, EndpointScopeTest::onB, "write"))
        .doesNotContainKey("b write");
    clock.advance(OPEN);
    assertThat(requests(balancer, 100, EndpointScopeTest::never, "write").get("b write"))
        .isGreaterThan(20);
  }

  @Test
  void whileOneTries_nobodyElseDoes() throws Exception {
    LoadBalancer balancer = balancer(2);
    requests(balancer, 50, EndpointScopeTest::onB, "write");
    clock.advance(OPEN);
    RequestContext write = RequestContext.empty().endpoint("write");
    Lease trial = balancer.acquire(write);
    while (!trial.backend().host().equals("b")) {
      trial.close();
      trial = balancer.acquire(write);
    }

    assertThat(requests(balancer, 50, EndpointScopeTest::never, "write"))
        .containsOnlyKeys("a write");
    trial.close(); // abandoned
    assertThat(requests(balancer, 50, EndpointScopeTest::never, "write")).containsKey("b write");
  }

  @Test
  void whereSeveralEndpointsFail_theMemberIsOut() throws Exception {
    LoadBalancer balancer = balancer(3);

    requests(balancer, 100, (host, endpoint) -> host.equals("b"), "read", "write", "list");

    assertThat(balancer.pool().members().get(1).vetoes())
        .extracting(Veto::policy)
        .containsExactly("ejection");
  }

  @Test
  void anEndpointThatFailsEverywhere_isNotTurnedAwayEverywhere() throws Exception {
    LoadBalancer balancer = builder(4).maxEjected(0.5).panicThreshold(0).build();

    requests(balancer, 500, (host, endpoint) -> endpoint.equals("write"), "write", "read", "list");

    Map<String, Integer> got =
        requests(balancer, 100, (host, endpoint) -> endpoint.equals("write"), "write", "read");
    assertThat(got.keySet()).filteredOn(key -> key.endsWith("write")).hasSizeBetween(2, 3);
    assertThat(balancer.pool().members().stream().filter(Member::available))
        .hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void ratherToWhoFailsAtIt_thanToNobody() throws Exception {
    LoadBalancer balancer = builder(2).panicThreshold(0).build();
    requests(balancer, 50, EndpointScopeTest::onB, "write");
    balancer
        .pool()
        .control(balancer.pool().members().get(0), "check")
        .veto(Veto.Kind.HARD, "no answer");

    assertThat(requests(balancer, 5, EndpointScopeTest::onB, "write")).containsEntry("b write", 5);
  }

  @Test
  void noConnection_isNotTheEndpointsFault() throws Exception {
    LoadBalancer balancer = balancer(2);
    RequestContext write = RequestContext.empty().endpoint("write");
    for (int i = 0; i < 20; i++) {
      try (Lease lease = balancer.acquire(write)) {
        boolean b = lease.backend().host().equals("b");
        lease.record(b ? Outcome.connectFailure() : Outcome.success());
      }
    }

    assertThat(balancer.pool().members().get(1).vetoes())
        .extracting(Veto::policy)
        .containsExactly("reachability");
  }

  @Test
  void whoLeavesAndReturns_beginsAnew() throws Exception {
    LoadBalancer balancer = balancer(3);
    requests(balancer, 100, EndpointScopeTest::onB, "write");

    balancer.pool().update("a:80", "c:80");
    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(requests(balancer, 100, EndpointScopeTest::never, "write").get("b write"))
        .isGreaterThan(15);
  }

  @Test
  void aFloodOfEndpoints_disturbsNobodyForLong() throws Exception {
    LoadBalancer balancer = balancer(3);
    for (int i = 0; i < 10_000; i++) {
      requests(balancer, 1, (host, endpoint) -> true, "endpoint " + i);
    }
    // All that failed on a member is held against it; once that is over, it is as before.
    clock.advance(Duration.ofHours(1));
    requests(balancer, 100, EndpointScopeTest::never, "well");

    assertThat(balancer.pool().members()).allMatch(Member::available);
    assertThat(requests(balancer, 300, EndpointScopeTest::onB, "write").get("b write"))
        .isEqualTo(IN_A_ROW);
    assertThat(List.of("a write", "c write")).allMatch(requestsOfWrite(balancer)::containsKey);
  }

  private static Map<String, Integer> requestsOfWrite(LoadBalancer balancer) throws Exception {
    return requests(balancer, 50, EndpointScopeTest::onB, "write");
  }
}
