package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.HealthCheck.State;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class HealthChecksTest {

  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private final FakeClock clock = FakeClock.startingAt(Long.MAX_VALUE - 1_000_000_000);
  private final Heard heard = new Heard();
  private final Set<String> ill = ConcurrentHashMap.newKeySet();
  private final List<String> checked = Collections.synchronizedList(new ArrayList<>());
  private final HealthProbe probe = (member, timeout) -> {
    checked.add(member.backend().id());
    if (ill.contains(member.backend().id())) {
      throw new IOException("ill");
    }
  };

  private LoadBalancer.Builder builder(String... backends) {
    return LoadBalancer.builder("orders")
        .backends(backends)
        .strategy(Strategy.roundRobin())
        .time(clock)
        .chance(() -> 0)
        .executor(Runnable::run)
        .listener(heard);
  }

  private LoadBalancer checking(String... backends) {
    LoadBalancer balancer = builder(backends).build();
    balancer.check(HealthCheck.builder(probe).build());
    return balancer;
  }

  private LoadBalancer initiallyDown(String... backends) {
    LoadBalancer balancer = builder(backends).build();
    balancer.check(HealthCheck.builder(probe).initially(State.DOWN).build());
    return balancer;
  }

  private List<String> health() {
    return heard.events.stream()
        .filter(event -> event.contains("by health check"))
        .toList();
  }

  private static String vetoes(LoadBalancer balancer, String id) {
    return balancer.pool().member(id).vetoes().toString();
  }

  // Down, and up again.

  @Test
  void fallInARow_isDown_andRiseInARow_isUp() throws Exception {
    LoadBalancer balancer = checking("a:80", "b:80", "c:80");
    ill.add("a:80");
    clock.runDue();
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).as("after two").isEqualTo("[]");

    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ill]");
    for (int i = 0; i < 6; i++) {
      try (Lease lease = balancer.acquire()) {
        assertThat(lease.backend().id()).isNotEqualTo("a:80");
      }
    }

    ill.clear();
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).as("after one").isEqualTo("[health check: ill]");
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[]");
    assertThat(health())
        .containsExactly("vetoed a:80 by health check: ill", "lifted a:80 by health check: ill");
  }

  @Test
  void oneThatPasses_breaksTheRow() {
    checking("a:80", "b:80");
    for (int i = 0; i < 20; i++) {
      ill.clear();
      if (i % 3 != 0) {
        ill.add("a:80");
      }
      clock.advance(i == 0 ? Duration.ZERO : INTERVAL);
    }

    assertThat(health()).isEmpty();
  }

  @Test
  void oneThatFails_breaksTheRowBack() {
    LoadBalancer balancer = checking("a:80", "b:80");
    ill.add("a:80");
    clock.advance(INTERVAL.multipliedBy(2));
    assertThat(health()).hasSize(1);
    for (int i = 0; i < 20; i++) {
      if (!ill.remove("a:80")) {
        ill.add("a:80");
      }
      clock.advance(INTERVAL);
    }

    assertThat(health()).hasSize(1);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ill]");
  }

  @Test
  void allIll_panicDisregardsIt() throws Exception {
    LoadBalancer balancer = checking("a:80", "b:80");
    ill.addAll(List.of("a:80", "b:80"));
    clock.advance(INTERVAL.multipliedBy(3));

    assertThat(health()).hasSize(2);
    balancer.acquire().close();
    assertThat(balancer.snapshot().panic()).isTrue();
  }

  @Test
  void reason_tellsTheKindOfException() {
    LoadBalancer balancer = builder("a:80", "b:80").build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          throw new ConnectException("refused");
        })
        .fall(1)
        .build());
    clock.runDue();

    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ConnectException: refused]");
  }

  // When.

  @Test
  void checks_areNotMadeInsideCheck_norInAnUpdate() {
    LoadBalancer balancer = initiallyDown("a:80");
    balancer.pool().update("a:80", "b:80");

    assertThat(checked).isEmpty();
    clock.runDue();
    assertThat(checked).containsExactly("a:80", "b:80");
  }

  @Test
  void firstChecks_areSpreadOverOneInterval_andPausesShortenedByTheJitter() {
    long[] draws = {0, 1L << 62, 1L << 63, -1}; // 0, 1/4, 1/2, almost 1
    int[] drawn = {0};
    Map<String, List<Long>> times = new HashMap<>();
    long start = clock.nanos();
    LoadBalancer balancer = builder("a:80", "b:80", "c:80", "d:80")
        .chance(() -> draws[drawn[0]++ % draws.length])
        .build();
    drawn[0] = 0;
    balancer.check(HealthCheck.builder((member, timeout) -> times
            .computeIfAbsent(member.backend().host(), host -> new ArrayList<>())
            .add(Duration.ofNanos(clock.nanos() - start).plusNanos(500_000).toMillis()))
        .interval(Duration.ofSeconds(8))
        .jitter(0.5)
        .build());
    clock.advance(Duration.ofMillis(8_001));

    // Each pause is drawn when a check is over: 0, 1/4, 1/2 and 1 of the half, in turn.
    assertThat(times.get("a")).containsExactly(0L, 8_000L);
    assertThat(times.get("b")).startsWith(2_000L).hasSize(1);
    assertThat(times.get("c")).startsWith(4_000L).hasSize(1);
    assertThat(times.get("d")).containsExactly(8_000L);
  }

  @Test
  void jitter_shortensAPause() {
    LoadBalancer balancer = builder("a:80").chance(() -> -1).build(); // the most there is
    balancer.check(HealthCheck.builder(probe).interval(INTERVAL).jitter(0.2).build());
    clock.advance(INTERVAL);
    assertThat(checked).hasSize(1);

    clock.advance(Duration.ofSeconds(4));
    assertThat(checked).hasSize(2);
  }

  @Test
  void interval_isFromStartToStart_butNotShorterThanTheCheck() {
    List<Long> starts = new ArrayList<>();
    Queue<Runnable> tasks = new ArrayDeque<>();
    LoadBalancer balancer = builder("a:80").executor(tasks::add).build();
    long start = clock.nanos();
    balancer.check(
        HealthCheck.builder((member, timeout) -> starts.add((clock.nanos() - start) / 1_000_000))
            .interval(Duration.ofMillis(100))
            .timeout(Duration.ofSeconds(1))
            .build());
    clock.runDue();
    tasks.remove().run();
    clock.advance(Duration.ofMillis(100)); // in line
    clock.advance(Duration.ofMillis(30));
    assertThat(tasks).hasSize(1);
    tasks.remove().run();
    clock.advance(Duration.ofMillis(99));
    assertThat(tasks).isEmpty();
    clock.advance(Duration.ofMillis(1));
    assertThat(tasks).hasSize(1);

    assertThat(starts).containsExactly(0L, 130L);
  }

  /** The same seed, the same hour; and of the servers that come, go and fail, at the end each stands as it should. */
  @Test
  void anHour_isTheSameEachTime() {
    for (long seed = 1; seed <= 5; seed++) {
      assertThat(hour(seed)).as("seed %d", seed).isEqualTo(hour(seed)).hasSizeGreaterThan(100);
    }
  }

  private static List<String> hour(long seed) {
    FakeClock clock = new FakeClock();
    Random random = new Random(seed);
    Random chance = new Random(seed + 1);
    Heard heard = new Heard();
    Set<String> ill = new HashSet<>();
    LoadBalancer balancer = LoadBalancer.builder("orders")
        .time(clock)
        .chance(chance::nextLong)
        .executor(Runnable::run)
        .listener(heard)
        .build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          if (ill.contains(member.backend().id())) {
            throw new IOException("ill");
          }
        })
        .initially(seed % 2 == 0 ? State.DOWN : State.UP)
        .build());
    for (int minute = 0; minute < 60; minute++) {
      List<Backend> backends = new ArrayList<>();
      ill.clear();
      for (int i = 0; i < 20; i++) {
        if (random.nextInt(4) > 0) {
          backends.add(Backend.of("s" + i + ":80"));
        }
        if (random.nextInt(4) == 0) {
          ill.add("s" + i + ":80");
        }
      }
      balancer.pool().update(backends);
      clock.advance(Duration.ofSeconds(60));
      for (Member member : balancer.pool().members()) {
        assertThat(member.available())
            .as("seed %d, minute %d, %s, ill: %s", seed, minute, member, ill)
            .isEqualTo(!ill.contains(member.backend().id()));
      }
    }
    balancer.close();
    assertThat(clock.scheduled()).isZero();
    return heard.events;
  }

  // Initially down.

  @Test
  void initiallyDown_isUpAfterOne_andLaterAfterRise() {
    LoadBalancer balancer = initiallyDown("a:80", "b:80");
    ill.add("a:80");
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: has not passed a check yet]");

    clock.runDue();
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ill]");
    assertThat(vetoes(balancer, "b:80")).isEqualTo("[]");
    ill.clear();
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[]");

    ill.add("a:80");
    clock.advance(INTERVAL.multipliedBy(3));
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ill]");
    ill.clear();
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: ill]");
    clock.advance(INTERVAL);
    assertThat(vetoes(balancer, "a:80")).isEqualTo("[]");
  }

  @Test
  void initiallyDown_joinedIsToldBeforeVetoed() {
    LoadBalancer balancer = initiallyDown();
    balancer.pool().update("a:80");

    assertThat(heard.events)
        .containsExactly("joined a:80", "vetoed a:80 by health check: has not passed a check yet");
  }

  @Test
  void initiallyDown_nobodyChecked_panicUnlessThatIsOff() throws Exception {
    initiallyDown("a:80", "b:80").acquire().close();

    LoadBalancer strict = builder("a:80", "b:80").panicThreshold(0).build();
    strict.check(HealthCheck.builder(probe).initially(State.DOWN).build());
    assertThatExceptionOfType(NoBackendException.class).isThrownBy(strict::acquire);
    clock.runDue();
    strict.acquire().close();
  }

  /** Of many who come while requests go on, none gets one before its check. */
  @Test
  void initiallyDown_newMembers_getNothingBeforeTheirCheck() throws Exception {
    Set<String> passed = ConcurrentHashMap.newKeySet();
    LoadBalancer balancer = builder("old:80").panicThreshold(0).build();
    balancer.check(
        HealthCheck.builder((member, timeout) -> passed.add(member.backend().id()))
            .initially(State.DOWN)
            .build());
    clock.runDue();
    List<String> early = Collections.synchronizedList(new ArrayList<>());
    Concurrently.run(
        () -> {
          for (int i = 0; i < 20_000; i++) {
            try (Lease lease = balancer.acquire()) {
              if (!passed.contains(lease.backend().id())) {
                early.add(lease.backend().id());
              }
            }
          }
        },
        () -> {
          for (int i = 0; i < 500; i++) {
            balancer.pool().update("old:80", "new-" + i + ":80", "newer-" + i + ":80");
            if (i % 2 == 0) {
              clock.runDue();
            }
          }
        });

    assertThat(early).isEmpty();
  }

  /** One look at the members for all that come, and not one for each. */
  @Test
  void initiallyDown_manyAtOnce_areVetoedInOneGo() {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      backends.add(Backend.of("s" + i + ":80"));
    }
    LoadBalancer balancer = initiallyDown();
    balancer.pool().update(backends);
    assertThat(balancer.snapshot().panic()).isTrue();
    assertThat(balancer.pool().members()).noneMatch(Member::available);
  }

  // Who comes and goes.

  @Test
  void whoComes_isChecked_whoLeaves_noMore() throws Exception {
    LoadBalancer balancer = checking("a:80", "b:80");
    Lease a = balancer.acquire(); // so that it drains
    assertThat(a.backend().id()).isEqualTo("a:80");
    clock.runDue();
    balancer.pool().update("b:80", "c:80");
    checked.clear();
    clock.advance(INTERVAL);

    assertThat(checked).containsExactly("c:80", "b:80", "c:80");
  }

  @Test
  void whoReturnsWhileItDrains_staysDownUntilItPasses() throws Exception {
    LoadBalancer balancer = checking("a:80", "b:80", "c:80");
    Lease a = balancer.acquire();
    ill.add("a:80");
    clock.advance(INTERVAL.multipliedBy(2));
    Member member = balancer.pool().member("a:80");
    balancer.pool().update("b:80", "c:80");
    clock.advance(INTERVAL.multipliedBy(5));
    ill.clear();
    balancer.pool().update("a:80", "b:80", "c:80");

    assertThat(balancer.pool().member("a:80")).isSameAs(member);
    assertThat(member.available()).isFalse();
    clock.advance(INTERVAL);
    assertThat(member.available()).isTrue();
    a.close();
  }

  @Test
  void whomTheStrategyDoesWithout_isNotChecked() {
    LoadBalancer balancer = builder("a:80", "b:80", "c:80", "d:80")
        .strategy(environment -> new Selector() {
          @Override
          public Members scope(Members all) {
            return all.where(i -> all.get(i).backend().host().compareTo("b") <= 0);
          }

          @Override
          public Picker picker(Members members) {
            return choice -> members.live().size() == 0 ? null : members.live().member(0);
          }
        })
        .build();
    balancer.check(HealthCheck.builder(probe).build());
    clock.advance(INTERVAL);

    assertThat(new HashSet<>(checked)).containsExactlyInAnyOrder("a:80", "b:80");
  }

  @Test
  void weightZero_isCheckedToo() {
    LoadBalancer balancer = builder()
        .backends(Backend.of("a:80"), Backend.builder("b:80").weight(0).build())
        .build();
    balancer.check(HealthCheck.builder(probe).build());
    clock.runDue();

    assertThat(checked).containsExactly("a:80", "b:80");
  }

  /** An update takes the pool's lock, and checks have one of their own. */
  @Test
  void listenerThatUpdatesThePool_fromAVeto_isHarmless() {
    LoadBalancer balancer = checking("a:80", "b:80");
    heard.onEvent = event -> {
      if (event.startsWith("vetoed a")) {
        balancer.pool().update("b:80", "c:80");
      }
    };
    ill.add("a:80");
    clock.advance(INTERVAL.multipliedBy(3));

    assertThat(heard.events).endsWith("joined c:80", "draining a:80", "drained a:80");
  }

  // What it is not.

  @Test
  void checks_areNoRequests() {
    LoadBalancer balancer = builder("a:80", "b:80")
        .rateLimit(
            TokenBucket.builder().limit(RateLimit.perSecond(1)).time(clock).build())
        .build();
    balancer.check(HealthCheck.builder(probe).build());
    ill.add("a:80");
    clock.advance(INTERVAL.multipliedBy(2));

    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).isZero();
      for (Outcome.Kind kind : Outcome.Kind.values()) {
        assertThat(member.count(kind)).as(kind.toString()).isZero();
      }
    }
    assertThat(heard.events).noneMatch(event -> event.startsWith("leased"));
  }

  @Test
  void policyName_isTheBalancersOwn() {
    LoadBalancer balancer = builder("a:80").build();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.pool().control(balancer.pool().member("a:80"), "health check"));
  }

  // Beginning and end.

  @Test
  void second_isRefused() {
    LoadBalancer balancer = checking("a:80");

    assertThatIllegalStateException()
        .isThrownBy(() -> balancer.check(HealthCheck.tcp()))
        .withMessage("orders: is checked already (expected: one health check)");
  }

  @Test
  void close_endsChecks_andLetsTimersGo() {
    LoadBalancer balancer = checking("a:80", "b:80");
    clock.advance(INTERVAL);
    checked.clear();

    balancer.close();

    assertThat(clock.scheduled()).isZero();
    clock.advance(INTERVAL.multipliedBy(5));
    assertThat(checked).isEmpty();
  }

  /** Its calls go on, and checks don't. */
  @Test
  void close_withCallsInFlight_endsChecksAtOnce() throws Exception {
    LoadBalancer balancer = checking("a:80", "b:80");
    Lease lease = balancer.acquire();
    balancer.close();

    clock.advance(INTERVAL);
    assertThat(checked).isEmpty();
    lease.close();
    assertThat(heard.events).endsWith("drained b:80");
  }

  @Test
  void closed_isRefused() {
    LoadBalancer balancer = builder("a:80").build();
    balancer.close();

    assertThatIllegalStateException()
        .isThrownBy(() -> balancer.check(HealthCheck.tcp()))
        .withMessage("orders: closed (expected: no health check after close)");
    assertThat(clock.scheduled()).isZero();
  }

  @Test
  void probeForAnotherBalancer_isRefused_andAnotherMayBegin() {
    LoadBalancer balancer = builder("a:80").build();
    HealthProbe other = new HealthProbe() {
      @Override
      public void check(Member member, Duration timeout) {}

      @Override
      public void begin(LoadBalancer begun) {
        assertThat(begun).isSameAs(balancer);
        throw new IllegalArgumentException("not for this one");
      }
    };

    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.check(HealthCheck.builder(other).build()));
    balancer.check(HealthCheck.builder(probe).build());
  }

  // What goes wrong.

  @Test
  void probeThatThrowsAnything_hasFailed_andIsLoggedOnce() {
    try (CapturedLog log = new CapturedLog()) {
      LoadBalancer balancer = builder("a:80", "b:80", "c:80", "d:80", "e:80").build();
      balancer.check(HealthCheck.builder((member, timeout) -> {
            switch (member.backend().host()) {
              case "a" -> throw new IllegalStateException("bug");
              case "b" -> throw new NoClassDefFoundError("bug");
              default -> {}
            }
          })
          .build());
      clock.advance(INTERVAL.multipliedBy(4));

      assertThat(vetoes(balancer, "a:80")).isEqualTo("[health check: IllegalStateException: bug]");
      assertThat(vetoes(balancer, "b:80")).isEqualTo("[health check: NoClassDefFoundError: bug]");
      assertThat(log.count("threw, and counts as failed")).isEqualTo(1);
    }
  }

  @Test
  void executorThatRefuses_leavesChecksOut_untilItDoesNot() {
    boolean[] full = {true};
    Executor executor = task -> {
      if (full[0]) {
        throw new RejectedExecutionException("full");
      }
      task.run();
    };
    try (CapturedLog log = new CapturedLog()) {
      LoadBalancer balancer = builder("a:80", "b:80").executor(executor).build();
      balancer.check(HealthCheck.builder(probe).build());
      clock.advance(INTERVAL.multipliedBy(10));
      assertThat(checked).isEmpty();
      assertThat(health()).isEmpty();

      full[0] = false;
      clock.advance(INTERVAL);
      assertThat(checked).containsExactly("a:80", "b:80");
      assertThat(log.count("orders: the executor threw")).isEqualTo(1);
    }
  }

  /** What it refused is asked of it again with the pool's next change, or when a check is over. */
  @Test
  void schedulerThatThrows_stopsNothingForEver() {
    FailingTime time = new FailingTime(clock);
    LoadBalancer balancer = builder("a:80", "b:80").time(time).build();
    try (CapturedLog log = new CapturedLog()) {
      balancer.check(HealthCheck.builder(probe).build());
      assertThat(log.count("the scheduler threw")).isEqualTo(1);
    }
    clock.advance(INTERVAL);
    assertThat(checked).isEmpty();

    time.broken = false;
    balancer.pool().update("a:80", "b:80", "c:80");
    clock.runDue();
    assertThat(checked).containsExactlyInAnyOrder("a:80", "b:80", "c:80");
  }

  private static final class FailingTime implements TimeSource {
    private final FakeClock clock;
    boolean broken = true;

    FailingTime(FakeClock clock) {
      this.clock = clock;
    }

    @Override
    public Instant instant() {
      return clock.instant();
    }

    @Override
    public long nanos() {
      return clock.nanos();
    }

    @Override
    public Cancellable at(long nanos, Runnable neverBlocks) {
      if (broken) {
        throw new IllegalStateException("no thread to be had");
      }
      return clock.at(nanos, neverBlocks);
    }

    @Override
    public Signal signal() {
      return clock.signal();
    }
  }
}
