package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.backend.Member;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members that take requests and answer none are noticed by the age of what is outstanding. */
class SilenceTest {

  private static final RequestContext GET = RequestContext.empty().repeatable();

  private final FakeClock clock = new FakeClock();
  private final List<Lease> unanswered = new ArrayList<>();

  private LoadBalancer.Builder builder(int members) {
    return LoadBalancer.builder("orders")
        .backends(IntStream.range(0, members).mapToObj(i -> "m" + i + ":80").toArray(String[]::new))
        .strategy(Strategy.roundRobin())
        .circuitBreaker(CircuitBreaker.builder().consecutiveFailures(5).jitter(0))
        .time(clock)
        .chance(() -> 0);
  }

  private static Member first(LoadBalancer balancer) {
    return balancer.pool().members().get(0);
  }

  /** A request each 10 ms, which is answered at once, unless by the first member. Returns how many that got. */
  private int requests(LoadBalancer balancer, Duration time) throws Exception {
    int got = 0;
    for (long left = time.toMillis(); left > 0; left -= 10) {
      Lease lease = balancer.acquire(GET);
      if (lease.member() == first(balancer)) {
        unanswered.add(lease);
        got++;
      } else {
        lease.record(Outcome.success());
        lease.close();
      }
      clock.advance(Duration.ofMillis(10));
    }
    return got;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 50})
  void whoAnswersNothing_isEjectedBeforeAnyTimeOut(int members) throws Exception {
    LoadBalancer balancer = builder(members).build();

    requests(balancer, Duration.ofSeconds(1));
    assertThat(first(balancer).available()).isTrue();
    requests(balancer, Duration.ofMillis(600));

    assertThat(first(balancer).vetoes()).singleElement().satisfies(veto -> {
      assertThat(veto.policy()).isEqualTo("ejection");
      assertThat(veto.reason()).startsWith("silent for 1").endsWith("outstanding");
    });
    assertThat(requests(balancer, Duration.ofSeconds(3))).isZero();
  }

  @Test
  void oneRequestOfTwoMembers_isEnough() throws Exception {
    LoadBalancer balancer = builder(2).build();
    Lease hangs = balancer.acquire(GET);
    for (int i = 0; i < 8; i++) {
      clock.advance(Duration.ofMillis(200));
      try (Lease lease = balancer.acquire(GET)) {
        lease.record(lease.member() == hangs.member() ? Outcome.ignored() : Outcome.success());
      }
    }

    assertThat(hangs.member().available()).isFalse();
  }

  @Test
  void ifAllAreSilent_nobodyIsConspicuous() throws Exception {
    LoadBalancer balancer = builder(3).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      leases.add(balancer.acquire(GET));
    }

    clock.advance(Duration.ofMinutes(1));

    assertThat(balancer.pool().members()).allMatch(Member::available);
    leases.forEach(Lease::close);
  }

  @Test
  void ifAllAreSlowAlike_nobodyIsConspicuous() throws Exception {
    LoadBalancer balancer = builder(3).build();
    List<Lease> leases = new ArrayList<>();
    for (int i = 0; i < 300; i++) { // each takes 3 s, and begins 50 ms after the one before
      leases.add(balancer.acquire(GET));
      clock.advance(Duration.ofMillis(50));
      if (leases.size() == 60) {
        leases.get(0).record(Outcome.success());
        leases.remove(0).close();
      }
    }

    assertThat(balancer.pool().members()).allMatch(Member::available);
    leases.forEach(Lease::close);
  }

  @Test
  void whereAnswersTakeLong_aSilenceMayBeThreeTimesAsLong_andThatIsForgottenWithTime()
      throws Exception {
    LoadBalancer balancer = builder(2).build();
    Lease slow = balancer.acquire(GET);
    clock.advance(Duration.ofSeconds(4));
    slow.record(Outcome.success());
    slow.close();
    while (balancer.pool().members().get(0).inFlight() == 0) {
      requests(balancer, Duration.ofMillis(10)); // until the first has one that it does not answer
    }

    requests(balancer, Duration.ofSeconds(6));
    assertThat(first(balancer).available()).isTrue();
    requests(balancer, Duration.ofSeconds(6));
    assertThat(first(balancer).available()).isFalse();
    unanswered.forEach(Lease::close);
    unanswered.clear();
    clock.advance(Duration.ofSeconds(5));
    try (Lease probe = balancer.acquire(GET)) {
      probe.record(Outcome.success());
    }
    Lease busy = balancer.acquire(GET); // something outstanding, so that time is noticed
    for (int i = 0; i < 20; i++) {
      clock.advance(Duration.ofSeconds(15));
      try (Lease lease = balancer.acquire(GET)) {
        lease.record(Outcome.success());
      }
    }
    busy.close();
    requests(balancer, Duration.ofMillis(1_600));
    assertThat(first(balancer).available()).isFalse();
  }

  @Test
  void anAnswerAfterAll_bringsItBack() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, Duration.ofMillis(1_600));
    assertThat(first(balancer).available()).isFalse();

    unanswered.get(0).record(Outcome.success());

    assertThat(first(balancer).available()).isTrue();
    requests(balancer, Duration.ofSeconds(3));
    assertThat(first(balancer).available()).as("that may take so long here").isTrue();
  }

  @Test
  void anAnswerAfterItsTrialHasFailed_doesNot() throws Exception {
    LoadBalancer balancer = builder(3).build();
    requests(balancer, Duration.ofMillis(1_600));
    clock.advance(Duration.ofSeconds(5));
    try (Lease probe = balancer.acquire(GET)) {
      assertThat(probe.member()).isSameAs(first(balancer));
      probe.record(Outcome.timeout());
    }

    unanswered.get(0).record(Outcome.success());

    assertThat(first(balancer).available()).isFalse();
  }

  @Test
  void whatIsReadForLong_isNoSilence() throws Exception {
    LoadBalancer balancer = builder(2).build();
    Lease download = balancer.acquire(GET);
    download.record(Outcome.success());

    for (int i = 0; i < 100; i++) {
      clock.advance(Duration.ofMillis(100));
      try (Lease lease = balancer.acquire(GET)) {
        lease.record(Outcome.success());
      }
    }

    assertThat(balancer.pool().members()).allMatch(Member::available);
    download.close();
  }

  @Test
  void notMoreThanTheCap() throws Exception {
    LoadBalancer balancer = builder(4).panicThreshold(0).build();
    for (int i = 0; i < 200; i++) {
      Lease lease = balancer.acquire(GET);
      if (lease.backend().host().equals("m3")) {
        lease.record(Outcome.success());
        lease.close();
      }
      clock.advance(Duration.ofMillis(10));
    }

    assertThat(balancer.pool().members().stream().filter(Member::available)).hasSize(2);
  }

  @Test
  void itLooksOnlyWhileSomethingIsOutstanding() throws Exception {
    LoadBalancer balancer = builder(2).build();
    assertThat(clock.scheduled()).isZero();
    Lease lease = balancer.acquire(GET);
    assertThat(clock.scheduled()).isEqualTo(1);
    clock.advance(Duration.ofMinutes(1));
    assertThat(clock.scheduled()).isEqualTo(1);

    lease.record(Outcome.success());
    clock.advance(Duration.ofSeconds(1));

    assertThat(clock.scheduled()).isZero();
    lease.close();
  }

  @Test
  void afterTheClose_nobodyLooks() throws Exception {
    LoadBalancer balancer = builder(2).build();
    Lease lease = balancer.acquire(GET);

    balancer.close();

    assertThat(clock.scheduled()).isZero();
    try (Lease further = lease.another()) {
      assertThat(clock.scheduled()).isZero();
      further.record(Outcome.success());
    }
    lease.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void switchedOff_nobodyLooks(boolean byCap) throws Exception {
    LoadBalancer.Builder builder = builder(2);
    LoadBalancer balancer =
        (byCap ? builder.maxEjected(0) : builder.maxSilence(Duration.ZERO)).build();

    requests(balancer, Duration.ofSeconds(5));

    assertThat(first(balancer).available()).isTrue();
    assertThat(clock.scheduled()).isZero();
  }

  @Test
  void absurdTimes_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder(1).maxSilence(Duration.ofNanos(-1)))
        .withMessage("maxSilence: PT-0.000000001S (expected: zero to an hour)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder(1).maxSilence(Duration.ofHours(2)));
  }
}
