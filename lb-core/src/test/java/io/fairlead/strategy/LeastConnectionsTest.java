package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.testing.SeededChance;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeastConnectionsTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.leastConnections();
  }

  private static LoadBalancer balancer(long seed, int... weights) {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      backends.add(Backend.builder("m" + i, 80).id("m" + i).weight(weights[i]).build());
    }
    return LoadBalancer.builder("test")
        .backends(backends)
        .strategy(Strategy.leastConnections())
        .chance(SeededChance.of(seed))
        .build();
  }

  private static int[] equal(int size) {
    int[] weights = new int[size];
    Arrays.fill(weights, 1);
    return weights;
  }

  private static Map<String, Integer> idlePicks(LoadBalancer balancer, int count)
      throws LoadBalancingException {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = balancer.acquire()) {
        counts.merge(lease.backend().id(), 1, Integer::sum);
      }
    }
    return counts;
  }

  /**
   * Against all others, counted by hand, while requests come and go and vetoes too: nobody would be less loaded with the request
   * than who got it was without, or else who got it is the least loaded of all with it. With equal weights: it has the fewest.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 63, 64})
  void upTo64_isTheLeastLoadedOfAll(int size) throws Exception {
    for (long seed = 0; seed < 5; seed++) {
      Random random = new Random(seed);
      int[] weights = random.ints(size, 1, seed == 0 ? 2 : 5).toArray();
      LoadBalancer balancer = balancer(seed, weights);
      List<Member> members = balancer.pool().members();
      List<Lease> open = new ArrayList<>();
      for (int step = 0; step < 1_000; step++) {
        if (size > 2 && step % 50 == 0) {
          Member vetoed = members.get(random.nextInt(size / 2));
          balancer.pool().control(vetoed, "p").vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);
          balancer.pool().control(members.get(random.nextInt(size)), "p").lift();
        }
        double least = members.stream()
            .filter(Member::available)
            .mapToDouble(member -> (member.inFlight() + 1) / member.weight())
            .min()
            .getAsDouble();
        Lease lease = balancer.acquire();
        double load = lease.member().inFlight() / lease.member().weight();
        double before = (lease.member().inFlight() - 1) / lease.member().weight();
        assertThat(load == least || before < least)
            .as("seed %d, step %d: %f, while the least is %f", seed, step, load, least)
            .isTrue();
        if (seed == 0) {
          assertThat(load).as("equal weights, step %d", step).isEqualTo(least);
        }
        open.add(lease);
        while (random.nextInt(200) < open.size()) {
          open.remove(random.nextInt(open.size())).close();
        }
      }
      open.forEach(Lease::close);
    }
  }

  /** An idle member that ramps up must not win over each that is busy. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.1, 1e-12})
  void lightMember_littleLoad_getsNoMoreThanItsShare(double factor) throws Exception {
    assertThat(Testbed.shareOfALightMember(Strategy.leastConnections(), factor))
        .as("seed 13")
        .isBetween(factor / (1 + factor) / 3 - 1e-9, factor / (1 + factor) * 1.2 + 1e-9);
  }

  @Test
  void ties_equalWeights_areSpreadEvenly() throws Exception {
    for (int size : new int[] {2, 3, 64}) {
      for (long seed = 0; seed < 3; seed++) {
        Map<String, Double> shares = new TreeMap<>();
        for (int i = 0; i < size; i++) {
          shares.put("m" + i, 1.0);
        }
        Map<String, Integer> counts = idlePicks(balancer(seed, equal(size)), 500 * size);
        ChiSquare.assertFits(counts, shares, "size " + size + ", seed " + seed);
      }
    }
  }

  @Test
  void ties_unequalWeights_areSpreadInProportion() throws Exception {
    for (long seed = 0; seed < 5; seed++) {
      Map<String, Integer> counts = idlePicks(balancer(seed, 1, 2, 5, 12), 20_000);
      ChiSquare.assertFits(
          counts, Map.of("m0", 1.0, "m1", 2.0, "m2", 5.0, "m3", 12.0), "seed " + seed);
    }
  }

  @Test
  void ties_beyond64_areSpreadEvenly() throws Exception {
    Map<String, Double> shares = new TreeMap<>();
    for (int i = 0; i < 65; i++) {
      shares.put("m" + i, 1.0);
    }
    ChiSquare.assertFits(idlePicks(balancer(65, equal(65)), 65_000), shares, "seed 65");
  }

  /** One of weight 100 among 99 of weight 1 has about half of the weight. */
  @Test
  void beyond64_weightsAreRespected_idleAndUnderLoad() throws Exception {
    int[] weights = equal(100);
    weights[7] = 100;
    double fair = 100.0 / 199;
    LoadBalancer balancer = balancer(7, weights);

    assertThat(idlePicks(balancer, 20_000).get("m7") / 20_000.0)
        .as("share when idle, seed 7")
        .isBetween(fair - 0.02, fair + 0.02);

    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 4_000; i++) {
      open.add(balancer.acquire());
    }
    assertThat(balancer.pool().member("m7").inFlight() / 4_000.0)
        .as("share under load, seed 7")
        .isBetween(fair - 0.05, fair + 0.05);
    open.forEach(Lease::close);
  }

  @Test
  void underLoad_inFlightIsInProportionToWeight() throws Exception {
    LoadBalancer balancer = balancer(1, 1, 2, 5);
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 800; i++) {
      open.add(balancer.acquire());
    }

    List<Member> members = balancer.pool().members();
    assertThat(members.get(0).inFlight()).isBetween(99, 101);
    assertThat(members.get(1).inFlight()).isBetween(199, 201);
    assertThat(members.get(2).inFlight()).isBetween(499, 501);
    open.forEach(Lease::close);
  }

  /** Slow members get few. Each request is on its way for as long as its member takes. */
  @Test
  void slowMember_getsFewerRequests() throws Exception {
    LoadBalancer balancer = balancer(1, 1, 1);
    List<List<Lease>> ending = new ArrayList<>();
    for (int i = 0; i < 10_100; i++) {
      ending.add(new ArrayList<>());
    }
    int slow = 0;
    for (int now = 0; now < 10_000; now++) {
      ending.get(now).forEach(Lease::close);
      Lease lease = balancer.acquire();
      boolean toSlow = lease.backend().id().equals("m0");
      slow += toSlow ? 1 : 0;
      ending.get(now + (toSlow ? 90 : 10)).add(lease);
    }

    assertThat(slow)
        .as("a tenth of 10,000, since it takes nine times as long")
        .isBetween(900, 1_100);
  }

  /** The least of a few drawn is nearly as even as the least of all. */
  @Test
  void thousandMembers_largestLoadIsSmall() throws Exception {
    LoadBalancer balancer = balancer(1, equal(1_000));
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      open.add(balancer.acquire());
    }

    int most =
        balancer.pool().members().stream().mapToInt(Member::inFlight).max().getAsInt();
    assertThat(most).as("10 on average").isLessThanOrEqualTo(12);
    open.forEach(Lease::close);
  }

  @Test
  void beyond64_fewAreAvailable_theyAreFound() throws Exception {
    LoadBalancer balancer = balancer(1, equal(200));
    List<Member> members = balancer.pool().members();
    for (int i = 0; i < 197; i++) {
      balancer
          .pool()
          .control(members.get(i), "p")
          .vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);
    }

    assertThat(idlePicks(balancer, 1_000)).containsOnlyKeys("m197", "m198", "m199");
  }

  /** All of the few drawn may have been tried: then it draws again, and at last takes any that was not. */
  @Test
  void beyond64_furtherAttempts_reachEverybodyOnce() throws Exception {
    LoadBalancer balancer = balancer(1, equal(100));
    Lease lease = balancer.acquire();
    List<String> tried = new ArrayList<>(List.of(lease.backend().id()));
    for (int attempt = 2; attempt <= 100; attempt++) {
      Lease next = lease.another();
      lease.close();
      lease = next;
      tried.add(lease.backend().id());
    }
    lease.close();

    assertThat(tried).doesNotHaveDuplicates();
  }
}
