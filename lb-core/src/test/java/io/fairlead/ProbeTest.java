package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.ZoneAware;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A member that is out is brought one request at a time to show how it is, and not just any. */
class ProbeTest {

  private static final int IN_A_ROW = 5;
  private static final Duration OPEN = Duration.ofSeconds(5);
  private static final RequestContext POST = RequestContext.empty();
  private static final RequestContext GET = RequestContext.empty().repeatable();

  private final FakeClock clock = new FakeClock();

  private LoadBalancer.Builder builder(Strategy strategy, int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members).mapToObj(i -> "m" + i + ":80").toArray(String[]::new))
        .strategy(strategy)
        .circuitBreaker(CircuitBreaker.builder()
            .consecutiveFailures(IN_A_ROW)
            .openTime(OPEN)
            .jitter(0)
            .halfOpenPermits(1))
        .time(clock)
        .chance(SeededChance.of(7));
  }

  private static RequestContext key(int i) {
    return RequestContext.withKey("key " + i).repeatable();
  }

  private static Member send(LoadBalancer balancer, RequestContext context, Outcome outcome)
      throws Exception {
    try (Lease lease = balancer.acquire(context)) {
      lease.record(outcome);
      return lease.member();
    }
  }

  /** Requests that fail at this member, until it is out. */
  private static void eject(LoadBalancer balancer, Member member) throws Exception {
    for (int i = 0; member.available(); i++) {
      assertThat(i).as("requests until it is out").isLessThan(100_000);
      try (Lease lease = balancer.acquire(key(i))) {
        lease.record(lease.member() == member ? Outcome.serverError() : Outcome.success());
      }
    }
  }

  static Stream<Strategy> keyed() {
    return Stream.of(
        Strategy.consistentHash(),
        ConsistentHash.builder().boundedLoad(1.25).build(),
        Strategy.maglev(),
        Strategy.rendezvous());
  }

  @ParameterizedTest
  @MethodSource("keyed")
  void onlyAKeyOfItsOwn_isTakenThere(Strategy strategy) throws Exception {
    LoadBalancer balancer = builder(strategy, 5).build();
    List<Member> owners = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      owners.add(send(balancer, key(i), Outcome.success()));
    }
    Member out = owners.get(0);
    eject(balancer, out);
    clock.advance(OPEN);

    for (int i = 0; i < 200; i++) {
      if (owners.get(i) != out) {
        assertThat(send(balancer, key(i), Outcome.success()))
            .as("key %s is at home elsewhere", i)
            .isSameAs(owners.get(i));
      }
    }
    assertThat(out.available()).isFalse();
    assertThat(send(balancer, key(0), Outcome.success())).isSameAs(out);
    assertThat(out.available()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("keyed")
  void ifNoneOfItsKeysComes_anyIsTakenThere_afterOneMoreOpenTime(Strategy strategy)
      throws Exception {
    LoadBalancer balancer = builder(strategy, 5).build();
    Member home = send(balancer, key(0), Outcome.success());
    Member out =
        balancer.pool().members().stream().filter(m -> m != home).findFirst().orElseThrow();
    eject(balancer, out);
    clock.advance(OPEN.multipliedBy(2).minusNanos(1));
    assertThat(send(balancer, key(0), Outcome.success())).isSameAs(home);

    clock.advance(Duration.ofNanos(1));

    assertThat(send(balancer, key(0), Outcome.success())).isSameAs(out);
    assertThat(out.available()).isTrue();
  }

  @Test
  void aServiceThatTakesOnlyWhatMayNotBeRepeated_recoversAfterOneMoreOpenTime() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    clock.advance(OPEN.multipliedBy(2).minusNanos(1));
    for (int i = 0; i < 20; i++) {
      assertThat(send(balancer, POST, Outcome.success())).isNotSameAs(out);
    }

    clock.advance(Duration.ofNanos(1));

    assertThat(send(balancer, POST, Outcome.success())).isSameAs(out);
    assertThat(out.available()).isTrue();
  }

  @Test
  void aProbeThatFails_isTheLast_forTwiceAsLong() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    clock.advance(OPEN);
    assertThat(send(balancer, GET, Outcome.serverError())).isSameAs(out);

    clock.advance(OPEN.multipliedBy(2).minusNanos(1));
    for (int i = 0; i < 20; i++) {
      assertThat(send(balancer, GET, Outcome.success())).isNotSameAs(out);
    }
    clock.advance(Duration.ofNanos(1));
    assertThat(send(balancer, GET, Outcome.success())).isSameAs(out);
  }

  @Test
  void probesThatAreAllCancelled_areFollowedByOthers_andItHoldsItsPlaceNoLonger() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    clock.advance(OPEN);
    for (int i = 0; i < 10; i++) {
      assertThat(send(balancer, GET, Outcome.abandoned())).isSameAs(out);
    }

    assertThat(send(balancer, GET, Outcome.success())).isSameAs(out);
    Member other = balancer.pool().members().get(2);
    eject(balancer, other);
    assertThat(other.available()).as("there is room under the cap").isFalse();
  }

  @Test
  void aRetry_isNoProbe() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 4).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    try (Lease first = balancer.acquire(GET)) {
      clock.advance(OPEN);
      first.record(Outcome.serverError());
      try (Lease second = first.another()) {
        assertThat(second.member()).isNotSameAs(out);
      }
    }
  }

  @Test
  void asManyAtATimeAsTheBreakerLets() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3)
        .circuitBreaker(CircuitBreaker.builder()
            .consecutiveFailures(IN_A_ROW)
            .openTime(OPEN)
            .jitter(0)
            .halfOpenPermits(2)
            .halfOpenSuccesses(4))
        .build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    clock.advance(OPEN);

    for (int round = 0; round < 2; round++) {
      List<Lease> leases = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        leases.add(balancer.acquire(GET));
      }
      assertThat(leases.stream().filter(lease -> lease.member() == out)).hasSize(2);
      assertThat(out.available()).isFalse();
      for (Lease lease : leases) {
        lease.record(Outcome.success());
        lease.close();
      }
    }
    assertThat(out.available()).isTrue();
  }

  @Test
  void anotherPolicysVeto_keepsProbesAway() throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    balancer.pool().control(out, "check").veto(Veto.Kind.STATISTICAL, "no answer");
    clock.advance(Duration.ofMinutes(1));

    for (int i = 0; i < 20; i++) {
      assertThat(send(balancer, GET, Outcome.success())).isNotSameAs(out);
    }
    balancer.pool().control(out, "check").lift();
    assertThat(send(balancer, GET, Outcome.success())).isSameAs(out);
  }

  @Test
  void whoIsBack_rampsUp() throws Exception {
    LoadBalancer balancer =
        builder(Strategy.roundRobin(), 3).slowStart(Duration.ofSeconds(10)).build();
    Member out = balancer.pool().members().get(1);
    eject(balancer, out);
    clock.advance(OPEN);
    assertThat(out.weight()).isEqualTo(1);

    send(balancer, GET, Outcome.success());

    assertThat(out.weight()).isEqualTo(0.1);
  }

  @Test
  void aSessionIsNotPulledAway_butANewOneMayBeginThere_andStays() throws Exception {
    LoadBalancer balancer = builder(Strategy.sticky(Strategy.roundRobin()), 2).build();
    RequestContext old = GET.session("old");
    Member home = send(balancer, old, Outcome.success());
    Member out = balancer.pool().members().get(home == balancer.pool().members().get(0) ? 1 : 0);
    eject(balancer, out);
    clock.advance(OPEN);

    assertThat(send(balancer, old, Outcome.success())).isSameAs(home);
    RequestContext fresh = GET.session("fresh");
    assertThat(send(balancer, fresh, Outcome.success())).isSameAs(out);
    for (int i = 0; i < 5; i++) {
      assertThat(send(balancer, fresh, Outcome.success())).isSameAs(out);
      assertThat(send(balancer, old, Outcome.success())).isSameAs(home);
    }
  }

  @Test
  void aRequestOfAnotherZone_isNotTakenThere() throws Exception {
    LoadBalancer balancer = builder(ZoneAware.builder(Strategy.roundRobin()).build(), 0)
        .backends(IntStream.range(0, 8)
            .mapToObj(
                i -> Backend.builder("m" + i, 80).zone(i < 4 ? "near" : "far").build())
            .toList())
        .zone("near")
        .build();
    Member out = balancer.pool().members().get(7);
    while (out.available()) {
      try (Lease lease = balancer.acquire(GET.zone("far"))) {
        lease.record(lease.member() == out ? Outcome.serverError() : Outcome.success());
      }
    }
    clock.advance(OPEN);

    for (int i = 0; i < 20; i++) {
      assertThat(send(balancer, GET, Outcome.success()).backend().zone()).isEqualTo("near");
    }
    assertThat(send(balancer, GET.zone("far"), Outcome.success())).isSameAs(out);
  }

  @Test
  void ifItsZoneHasNobodyElse_aRequestFromThereIsTaken() throws Exception {
    LoadBalancer balancer = builder(ZoneAware.builder(Strategy.roundRobin()).build(), 0)
        .backends(IntStream.range(0, 4)
            .mapToObj(i -> Backend.builder("m" + i, 80).zone("z" + i).build())
            .toList())
        .zone("z0")
        .build();
    Member out = balancer.pool().members().get(0);
    eject(balancer, out);
    clock.advance(OPEN);

    assertThat(send(balancer, GET.zone("z1"), Outcome.success())).isNotSameAs(out);
    assertThat(send(balancer, GET, Outcome.success())).isSameAs(out);
  }

  /** Stages: it is out, due, or being tried. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void whoLeavesAndReturns_beginsAnew_atEachStage(int stage) throws Exception {
    LoadBalancer balancer = builder(Strategy.roundRobin(), 3).build();
    Member out = balancer.pool().members().get(1);
    Lease held = null;
    while (held == null || held.member() != out) { // so that it is the same member that returns
      if (held != null) {
        held.close();
      }
      held = balancer.acquire(GET);
    }
    eject(balancer, out);
    if (stage > 0) {
      clock.advance(OPEN);
    }
    Lease probe = stage > 1 ? balancer.acquire(GET) : null;
    balancer.pool().update("m0:80", "m2:80");
    for (int i = 0; i < 10; i++) {
      clock.advance(OPEN);
      assertThat(send(balancer, GET, Outcome.success())).isNotSameAs(out);
    }
    balancer.pool().update("m0:80", "m1:80", "m2:80");

    assertThat(balancer.pool().members().get(1)).isSameAs(out);
    assertThat(out.available()).isTrue();
    int got = 0;
    for (int i = 0; i < 9; i++) {
      got += send(balancer, GET, Outcome.success()) == out ? 1 : 0;
    }
    assertThat(got).isEqualTo(3);
    if (probe != null) {
      probe.record(Outcome.serverError());
      probe.close();
    }
    held.close();
    assertThat(out.available()).as("what it was tried with was before").isTrue();
    clock.advance(Duration.ofSeconds(1));
    assertThat(clock.scheduled()).isZero();
  }

  /** Of 1,000, with much traffic, 20 fail all the time: each is out but for a probe at a time, and all are back in the end. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void manyMembers_fewFail(long seed) throws Exception {
    LoadBalancer balancer = builder(Strategy.leastConnections(), 1_000)
        .chance(SeededChance.of(seed))
        .build();
    Random random = new Random(seed);
    int[] failed = new int[20];
    for (int i = 0; i < 60_000; i++) {
      try (Lease lease = balancer.acquire(GET)) {
        int id = Integer.parseInt(lease.backend().host().substring(1));
        boolean fails = id < failed.length;
        failed[id % failed.length] += fails ? 1 : 0;
        lease.record(fails ? Outcome.serverError() : Outcome.success());
      }
      clock.advance(Duration.ofMillis(random.nextInt(2)));
    }

    // In 30 s: five in a row, and probes after 5, 15 and perhaps 35 s.
    assertThat(failed).as("seed %s", seed).containsOnly(IN_A_ROW + 2);
    clock.advance(Duration.ofMinutes(1));
    for (int i = 0; i < failed.length; i++) {
      send(balancer, GET, Outcome.success());
    }
    assertThat(balancer.pool().members()).as("seed %s", seed).allMatch(Member::available);
  }

  @Test
  void manyThreads_neverTwoProbesAtATime_andNobodyIsLostInTheEnd() throws Exception {
    int members = 6;
    long seed = 11;
    LoadBalancer balancer = builder(Strategy.roundRobin(), members)
        .panicThreshold(0)
        .chance(SeededChance.of(seed))
        .build();
    // The first can't be connected to, the second always fails: once they are out they stay out,
    // and
    // whatever they get is a probe.
    List<Member> out = balancer.pool().members().subList(0, 2);
    List<AtomicInteger> held = List.of(new AtomicInteger(), new AtomicInteger());
    AtomicInteger most = new AtomicInteger();
    AtomicInteger probes = new AtomicInteger();
    AtomicInteger running = new AtomicInteger(4);
    List<Executable> pieces = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Random random = new Random(seed + t);
      pieces.add(() -> {
        try {
          for (int i = 0; i < 15_000; i++) {
            List<Boolean> before =
                out.stream().map(member -> !member.available()).toList();
            try (Lease lease = balancer.acquire(GET)) {
              int id = out.indexOf(lease.member());
              boolean probe = id >= 0 && before.get(id);
              if (probe) {
                probes.incrementAndGet();
                most.accumulateAndGet(held.get(id).incrementAndGet(), Math::max);
              }
              boolean abandoned = random.nextInt(10) == 0;
              if (probe) {
                held.get(id).decrementAndGet();
              }
              lease.record(
                  abandoned
                      ? Outcome.abandoned()
                      : id < 0
                          ? Outcome.success()
                          : id == 0 ? Outcome.connectFailure() : Outcome.serverError());
            }
          }
        } finally {
          running.decrementAndGet();
        }
      });
    }
    pieces.add(() -> {
      while (running.get() > 0) {
        if (held.stream().allMatch(count -> count.get() == 0)) { // or a permit might expire
          clock.advance(Duration.ofMillis(500));
        }
      }
    });

    Concurrently.run(pieces.toArray(Executable[]::new));

    assertThat(probes.get()).as("seed %s", seed).isPositive();
    assertThat(most.get()).as("seed %s", seed).isEqualTo(1);
    clock.advance(Duration.ofMinutes(2));
    for (int i = 0; i < 10; i++) {
      send(balancer, GET, Outcome.success());
    }
    assertThat(balancer.pool().members()).as("seed %s", seed).allMatch(Member::available);
  }
}
