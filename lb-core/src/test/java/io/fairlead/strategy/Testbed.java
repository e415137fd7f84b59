package io.fairlead.strategy;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A balancer with the strategy under test in a time and chance of its own, and what tests ask of it. */
final class Testbed {

  final FakeClock clock;
  final LoadBalancer balancer;

  /** As in {@code s: m0 to m1}. */
  final List<String> moved = Collections.synchronizedList(new ArrayList<>());

  Testbed(Strategy strategy, long seed, Collection<Backend> backends) {
    this(strategy, seed, backends, new FakeClock(), builder -> {});
  }

  Testbed(
      Strategy strategy,
      long seed,
      Collection<Backend> backends,
      FakeClock clock,
      Consumer<LoadBalancer.Builder> more) {
    this.clock = clock;
    LoadBalancer.Builder builder = LoadBalancer.builder("test")
        .strategy(strategy)
        .backends(backends)
        .time(clock)
        .maxEjected(0)
        .chance(SeededChance.of(seed))
        .listener(new LoadBalancerListener() {
          @Override
          public void sessionMoved(String session, Member from, Member to) {
            moved.add(
                session + ": " + from.backend().id() + " to " + to.backend().id());
          }
        });
    more.accept(builder);
    this.balancer = builder.build();
  }

  static Backend backend(String id, int weight) {
    return Backend.builder(id, 80).id(id).weight(weight).build();
  }

  static Backend inZone(String zone, String id) {
    return Backend.builder(id, 80).id(id).zone(zone).build();
  }

  /** As many as there are weights: {@code m0}, {@code m1} and so on. */
  static List<Backend> weighted(int... weights) {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      backends.add(backend("m" + i, weights[i]));
    }
    return backends;
  }

  static List<Backend> equal(int count) {
    int[] weights = new int[count];
    Arrays.fill(weights, 1);
    return weighted(weights);
  }

  /** The share of each by its own weight. */
  static Map<String, Double> shares(Collection<Backend> backends) {
    Map<String, Double> shares = new TreeMap<>();
    backends.forEach(backend -> shares.put(backend.id(), (double) backend.weight()));
    return shares;
  }

  static List<Backend> without(List<Backend> backends, String... ids) {
    List<Backend> left = new ArrayList<>(backends);
    left.removeIf(backend -> List.of(ids).contains(backend.id()));
    return left;
  }

  Member member(String id) {
    return Objects.requireNonNull(balancer.pool().member(id), id);
  }

  MemberControl control(String id) {
    return balancer.pool().control(member(id), "test");
  }

  void veto(String... ids) {
    for (String id : ids) {
      control(id).veto(Veto.Kind.HARD, "for a test");
    }
    clock.runDue();
  }

  void lift(String... ids) {
    for (String id : ids) {
      control(id).lift();
    }
    clock.runDue();
  }

  void factor(String id, double factor) {
    control(id).factor(factor);
    clock.runDue();
  }

  void update(Collection<Backend> backends) {
    balancer.pool().update(backends);
    clock.runDue();
  }

  /** Who gets a request that ends at once. */
  String pick(RequestContext context) throws LoadBalancingException {
    try (Lease lease = balancer.acquire(context)) {
      lease.record(Outcome.ignored());
      return lease.backend().id();
    }
  }

  String pick() throws LoadBalancingException {
    return pick(RequestContext.empty());
  }

  /** Who gets how many of so many, of which each ends before the next. */
  Map<String, Integer> picks(int count) throws LoadBalancingException {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      counts.merge(pick(), 1, Integer::sum);
    }
    return counts;
  }

  /** Who owns each of so many keys. */
  List<String> owners(int keys) throws LoadBalancingException {
    List<String> owners = new ArrayList<>(keys);
    for (int i = 0; i < keys; i++) {
      owners.add(pick(key(i)));
    }
    return owners;
  }

  /** What one of two members gets whose factor is this, with four requests at a time that take a random time each. */
  static double shareOfALightMember(Strategy strategy, double factor) throws Exception {
    Testbed bed = new Testbed(strategy, 13, equal(2));
    bed.factor("m1", factor);
    Random random = new Random(13);
    List<Lease> open = new ArrayList<>();
    int light = 0;
    for (int i = 0; i < 20_000; i++) {
      Lease lease = bed.balancer.acquire();
      light += lease.backend().id().equals("m1") ? 1 : 0;
      open.add(lease);
      bed.clock.advance(Duration.ofMillis(1));
      if (open.size() == 4) {
        Lease ended = open.remove(random.nextInt(4));
        ended.record(Outcome.success());
        ended.close();
      }
    }
    return light / 20_000.0;
  }

  static RequestContext key(int i) {
    return RequestContext.withKey("key " + i);
  }

  static Map<String, Integer> counts(Collection<String> ids) {
    Map<String, Integer> counts = new TreeMap<>();
    ids.forEach(id -> counts.merge(id, 1, Integer::sum));
    return counts;
  }

  /** One request that takes so long. */
  String send(RequestContext context, Outcome outcome, Duration time)
      throws LoadBalancingException {
    try (Lease lease = balancer.acquire(context)) {
      clock.advance(time);
      lease.record(outcome);
      return lease.backend().id();
    }
  }
}
