package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.Concurrently;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold whatever two threads do at the same time, on the system's clock. */
class UnderLoadTest {

  static Stream<Arguments> strategies() {
    return Stream.of(
        Arguments.argumentSet("round robin", Strategy.roundRobin()),
        Arguments.argumentSet("least connections", Strategy.leastConnections()));
  }

  private static List<Backend> backends(String prefix, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Backend.of(prefix + i + ":80"))
        .toList();
  }

  // ---- swaps of the whole membership ----

  @ParameterizedTest
  @MethodSource("strategies")
  void swapsOfDisjointSets_noRequestIsRefused(Strategy strategy) throws Exception {
    swapWhileAcquiring(strategy, 500_000);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  @Tag("soak")
  void swapsOfDisjointSets_noRequestIsRefused_long(Strategy strategy) throws Exception {
    for (int round = 0; round < 10; round++) { // since one may not take a minute
      swapWhileAcquiring(strategy, 2_000_000);
    }
  }

  private static void swapWhileAcquiring(Strategy strategy, int acquires) throws Exception {
    List<Backend> some = backends("a", 3);
    List<Backend> others = backends("b", 3);
    Queue<Member> joined = new ConcurrentLinkedQueue<>();
    LongAdder drained = new LongAdder();
    LoadBalancer balancer = LoadBalancer.builder("orders")
        .backends(some)
        .strategy(strategy)
        .listener(new LoadBalancerListener() {
          @Override
          public void joined(Member member) {
            joined.add(member);
          }

          @Override
          public void drained(Member member) {
            drained.increment();
          }
        })
        .build();
    AtomicInteger running = new AtomicInteger(2);
    AtomicInteger swaps = new AtomicInteger();
    Concurrently.run(
        () -> acquireMany(balancer, acquires, running),
        () -> acquireMany(balancer, acquires, running),
        () -> {
          while (running.get() > 0) {
            balancer.pool().update(swaps.incrementAndGet() % 2 == 0 ? some : others);
          }
        });
    balancer.close();

    Set<Member> all = new LinkedHashSet<>(joined); // who was revived joined more than once
    long requests = 0;
    for (Member member : all) {
      assertThat(member.inFlight()).isZero();
      assertThat(member.outstanding()).isZero();
      requests += member.count(Outcome.Kind.SUCCESS);
    }
    assertThat(requests).isEqualTo(2L * acquires);
    assertThat(drained.sum()).as("each was drained once").isEqualTo(all.size());
    assertThat(swaps.get()).isGreaterThan(10);
  }

  private static void acquireMany(LoadBalancer balancer, int acquires, AtomicInteger running)
      throws LoadBalancingException {
    try {
      for (int i = 0; i < acquires; i++) {
        try (Lease lease = balancer.acquire()) {
          lease.record(Outcome.success());
        }
      }
    } finally {
      running.decrementAndGet();
    }
  }

  // ---- everything at once ----

  @ParameterizedTest
  @MethodSource("strategies")
  void everythingAtOnce_countsAreExact(Strategy strategy) throws Exception {
    hammer(strategy, 1_500_000, 1);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  @Tag("soak")
  void everythingAtOnce_countsAreExact_long(Strategy strategy) throws Exception {
    for (long seed = 0; seed < 10; seed++) {
      hammer(strategy, 5_000_000, seed);
    }
  }

  private static void hammer(Strategy strategy, int operations, long seed) throws Exception {
    Hammer hammer = new Hammer(strategy);
    Concurrently.run(
        () -> hammer.strike(operations, new SplittableRandom(seed)),
        () -> hammer.strike(operations, new SplittableRandom(~seed)));
    hammer.end();
  }

  /** Two threads lease, record, close, go on, update, veto and weigh at random. */
  private static final class Hammer implements LoadBalancerListener {
    private static final int MOST_OPEN = 16; // of one thread

    final LongAdder leased = new LongAdder();
    final LongAdder answered = new LongAdder();
    final LongAdder released = new LongAdder();
    final Map<Member, AtomicInteger> present = new ConcurrentHashMap<>();
    final Map<Member, AtomicInteger> drained = new ConcurrentHashMap<>();
    final LoadBalancer balancer;

    Hammer(Strategy strategy) {
      balancer = LoadBalancer.builder("orders")
          .backends(backends("m", 8))
          .strategy(strategy)
          .listener(this)
          .build();
    }

    void strike(int operations, SplittableRandom random) throws LoadBalancingException {
      List<Lease> open = new ArrayList<>();
      for (int i = 0; i < operations; i++) {
        int operation = random.nextInt(1_000);
        if (operation < 2) {
          balancer.pool().update(some(random));
        } else if (operation < 6) {
          control(random);
        } else if (open.isEmpty() || (operation < 350 && open.size() < MOST_OPEN)) {
          open.add(balancer.acquire());
        } else {
          Lease lease = open.get(random.nextInt(open.size()));
          if (operation < 600) {
            lease.record(random.nextBoolean() ? Outcome.success() : Outcome.serverError());
          } else if (operation < 700 && open.size() < MOST_OPEN) {
            Target target = random.nextInt(3) == 0 ? Target.SAME : Target.ANYONE;
            try {
              open.add(lease.another(target));
            } catch (NoBackendException | OverloadedException e) {
              assertThat(target).isEqualTo(Target.SAME);
            }
            lease.close();
          } else {
            lease.close();
            open.remove(lease);
          }
          check(lease.member());
        }
      }
      open.forEach(Lease::close);
    }

    /** Never nobody: m0 always stays, and is never vetoed. */
    private static Set<Backend> some(SplittableRandom random) {
      Set<Backend> some = new LinkedHashSet<>(backends("m", 1));
      for (int i = 1; i < 8; i++) {
        if (random.nextBoolean()) {
          some.add(Backend.builder("m" + i, 80).weight(random.nextInt(3)).build());
        }
      }
      return some;
    }

    private void control(SplittableRandom random) {
      Member member = balancer.pool().member("m" + (1 + random.nextInt(7)) + ":80");
      if (member != null) {
        var control = balancer.pool().control(member, "policy " + random.nextInt(2));
        long soon = System.nanoTime() + Duration.ofMillis(random.nextInt(3)).toNanos();
        switch (random.nextInt(4)) {
          case 0 -> control.vetoUntil(Veto.Kind.HARD, "x", soon);
          case 1 -> control.vetoUntil(Veto.Kind.STATISTICAL, "y", Veto.UNTIL_LIFTED);
          case 2 -> control.lift();
          default -> control.factor(random.nextInt(3));
        }
      }
    }

    private static void check(Member member) {
      int inFlight = member.inFlight();
      int outstanding = member.outstanding();
      if (inFlight < 0
          || inFlight > 2 * MOST_OPEN
          || outstanding < 0
          || outstanding > 2 * MOST_OPEN) {
        throw new AssertionError(
            member + ": in flight " + inFlight + ", outstanding " + outstanding);
      }
    }

    void end() {
      balancer.close();
      assertThat(leased.sum()).isEqualTo(answered.sum()).isEqualTo(released.sum());
      assertThat(drained.keySet()).isEqualTo(present.keySet());
      long counted = 0;
      for (Member member : present.keySet()) {
        assertThat(member.inFlight()).as("in flight on %s", member).isZero();
        assertThat(member.outstanding()).as("outstanding on %s", member).isZero();
        assertThat(present.get(member)).as("joined and left: %s", member).hasValue(0);
        assertThat(drained.get(member)).as("drained: %s", member).hasValue(1);
        for (Outcome.Kind kind : Outcome.Kind.values()) {
          counted += member.count(kind);
        }
      }
      assertThat(counted).isEqualTo(leased.sum());
    }

    @Override
    public void leased(Member member, RequestContext context) {
      leased.increment();
    }

    @Override
    public void answered(Member member, Outcome outcome, Duration elapsed) {
      answered.increment();
    }

    @Override
    public void released(Member member) {
      released.increment();
    }

    @Override
    public void joined(Member member) {
      present.computeIfAbsent(member, any -> new AtomicInteger()).incrementAndGet();
    }

    @Override
    public void draining(Member member) {
      present.get(member).decrementAndGet();
    }

    @Override
    public void drained(Member member) {
      drained.computeIfAbsent(member, any -> new AtomicInteger()).incrementAndGet();
    }
  }
}
