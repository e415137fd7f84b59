package io.fairlead.testing;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.LoadBalancingException;
import io.fairlead.NoBackendException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assertions;

/**
 * One balancer with the strategy under test, in a time and chance of its own. Its close asks for what must hold after each
 * test: no place was leaked, and the strategy threw nothing.
 */
final class StrategyTrial implements AutoCloseable {

  static final long SEED = 0x5EED;

  final FakeClock clock = new FakeClock();
  final LoadBalancer balancer;

  private final Strategy strategy;
  private final WatchedStrategy watched;
  private final AtomicInteger requests = new AtomicInteger();
  private final Queue<Member> joined = new ConcurrentLinkedQueue<>();

  StrategyTrial(Strategy strategy, List<Backend> backends) {
    this.strategy = Objects.requireNonNull(strategy, "strategy()");
    this.watched = new WatchedStrategy(strategy);
    this.balancer = LoadBalancer.builder("trial")
        .strategy(watched)
        .backends(backends)
        .time(clock)
        .chance(SeededChance.of(SEED))
        .maxEjected(0) // it is the strategy that is tried
        .listener(new LoadBalancerListener() {
          @Override
          public void joined(Member member) {
            joined.add(member);
          }
        })
        .build();
  }

  /** Backends of equal weight, by name, in two zones. */
  static List<Backend> backends(String prefix, int count) {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      backends.add(backend(prefix + i, 1));
    }
    return backends;
  }

  static Backend backend(String id, int weight) {
    String zone = "zone " + Math.floorMod(id.hashCode(), 2); // always the same for the same id
    return Backend.builder(id, 80).id(id).weight(weight).zone(zone).build();
  }

  /** No two have the same key, session and client. */
  RequestContext request() {
    int i = requests.getAndIncrement();
    String client = "10." + (i >> 16 & 0xff) + "." + (i >> 8 & 0xff) + "." + (i & 0xff);
    return RequestContext.withKey("key " + i)
        .session("session " + i)
        .clientIp(client)
        .repeatable();
  }

  /** Sends so many requests, each a millisecond after the one before and all of them well, and tells who got how many. */
  Map<String, Integer> send(int count) throws LoadBalancingException {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = balancer.acquire(request())) {
        clock.advance(Duration.ofMillis(1));
        lease.record(Outcome.success());
        counts.merge(lease.backend().id(), 1, Integer::sum);
      }
    }
    return counts;
  }

  /** As {@link #send}, but goes on where one is refused. */
  Map<String, Integer> sendWhatIsTaken(int count) throws LoadBalancingException {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try {
        send(1).forEach((id, one) -> counts.merge(id, one, Integer::sum));
      } catch (NoBackendException e) {
        clock.advance(Duration.ofMillis(1));
      }
    }
    return counts;
  }

  void update(Collection<Backend> backends) {
    balancer.pool().update(backends);
  }

  Member member(String id) {
    return Objects.requireNonNull(balancer.pool().member(id), id);
  }

  void veto(String id, Veto.Kind kind) {
    balancer.pool().control(member(id), "trial").veto(kind, "for a test");
  }

  void lift(String id) {
    balancer.pool().control(member(id), "trial").lift();
  }

  void factor(String id, double factor) {
    balancer.pool().control(member(id), "trial").factor(factor);
    clock.runDue();
  }

  void assertRefused(String when) {
    Assertions.assertThrows(
        NoBackendException.class,
        () -> balancer.acquire(request()).close(),
        () -> strategy + ": a request got a backend " + when);
  }

  void assertOnly(Collection<String> ids, Map<String, Integer> counts, String who) {
    for (String id : counts.keySet()) {
      Assertions.assertTrue(
          ids.contains(id),
          () -> strategy + ": " + id + " got a request, but only " + who + " may, which are " + ids
              + "; all got " + counts);
    }
  }

  void assertEach(Collection<String> ids, Map<String, Integer> counts, String who) {
    for (String id : ids) {
      Assertions.assertTrue(
          counts.containsKey(id),
          () -> strategy + ": " + id + " got no request, but " + who + " should, which are " + ids
              + "; all got " + counts + " (seed " + SEED
              + "; if this is on purpose, reachesAll() tells so)");
    }
  }

  void assertNeverInVain(String among) {
    Assertions.assertEquals(
        0,
        watched.inVain(),
        () -> strategy + ": picks that named nobody, or nobody who was acceptable, among " + among
            + ", none of them tried");
  }

  /** What the strategy did wrong until now. */
  void assertNothingWrong() {
    if (!watched.wrong().isEmpty()) {
      AssertionError error =
          new AssertionError(strategy + ": " + watched.wrong().peek().getMessage());
      watched.wrong().forEach(error::addSuppressed);
      throw error;
    }
  }

  @Override
  public void close() {
    balancer.close();
    assertNothingWrong();
    for (Member member : joined) {
      Assertions.assertEquals(
          0, member.inFlight(), () -> strategy + ": in flight on " + member + " in the end");
      Assertions.assertEquals(
          0, member.outstanding(), () -> strategy + ": outstanding on " + member + " in the end");
    }
    Assertions.assertEquals(
        1, watched.closed(), () -> strategy + ": how often its selector was closed");
    assertNothingWrong();
  }
}
