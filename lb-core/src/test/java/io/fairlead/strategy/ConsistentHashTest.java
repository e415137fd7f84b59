package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsistentHashTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.consistentHash();
  }

  /** While requests come and go, each is within what the bound was when it began. */
  @ParameterizedTest
  @CsvSource({"2, 1.25", "5, 1.25", "5, 1.01", "50, 1.5", "200, 1.01", "200, 1.25"})
  void boundedLoad_neverAboveTheBound(int size, double factor) throws Exception {
    Random random = new Random(size);
    int[] weights = random.ints(size, 1, 4).toArray();
    List<Backend> backends = Testbed.weighted(weights);
    Testbed bed = new Testbed(ConsistentHash.builder().boundedLoad(factor).build(), 1, backends);
    double sum = backends.stream().mapToInt(Backend::weight).sum();
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      Lease lease = bed.balancer.acquire(Testbed.key(i % 100)); // few keys, or it would be even
      open.add(lease);
      Member member = lease.member();
      assertThat(member.inFlight())
          .as("request %d, %d open, weight %s of %s", i, open.size(), member.weight(), sum)
          .isLessThanOrEqualTo((int) Math.ceil(factor * open.size() * member.weight() / sum));
      while (open.size() > 1 && random.nextInt(4 * size) == 0) {
        open.remove(random.nextInt(open.size())).close();
      }
    }
    open.forEach(Lease::close);
  }

  @Test
  void boundedLoad_idle_keysAreWhereTheyBelong() throws Exception {
    Testbed bounded =
        new Testbed(ConsistentHash.builder().boundedLoad().build(), 1, Testbed.equal(7));
    Testbed free = new Testbed(Strategy.consistentHash(), 1, Testbed.equal(7));

    assertThat(bounded.owners(2_000)).isEqualTo(free.owners(2_000));
  }

  /** What is too much for the owner goes where it would go if the owner were not there. */
  @Test
  void boundedLoad_beyondIt_nextMemberOnTheRing() throws Exception {
    Testbed bounded =
        new Testbed(ConsistentHash.builder().boundedLoad(1.25).build(), 1, Testbed.equal(5));
    Testbed free = new Testbed(Strategy.consistentHash(), 1, Testbed.equal(5));
    for (int key = 0; key < 50; key++) {
      String owner = free.pick(Testbed.key(key));
      free.veto(owner);
      String next = free.pick(Testbed.key(key));
      free.lift(owner);
      try (Lease first = bounded.balancer.acquire(Testbed.key(key));
          Lease second = bounded.balancer.acquire(Testbed.key(key))) {
        assertThat(first.backend().id()).isEqualTo(owner);
        assertThat(second.backend().id()).as("key %d", key).isEqualTo(next);
      }
    }
  }

  @Test
  void boundedLoad_someoneVetoed_othersMayHaveMore() throws Exception {
    Testbed bed =
        new Testbed(ConsistentHash.builder().boundedLoad(1.1).build(), 1, Testbed.equal(4));
    bed.veto("m0", "m1");
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      open.add(bed.balancer.acquire(Testbed.key(0)));
    }

    assertThat(bed.member("m2").inFlight()).isBetween(44, 56);
    assertThat(bed.member("m3").inFlight()).isBetween(44, 56);
    open.forEach(Lease::close);
  }

  /** Each gets half as many points, until they fit; nobody is left without one. */
  @Test
  void tooManyPoints_areHalved() throws Exception {
    Testbed bed =
        new Testbed(Strategy.consistentHash(), 1, Testbed.weighted(1_000_000, 500_000, 1));
    Map<String, Integer> counts = Testbed.counts(bed.owners(3_000));

    assertThat(counts.get("m0")).isBetween(1_800, 2_200);
    bed.veto("m0", "m1");
    assertThat(bed.owners(10)).containsOnly("m2");
  }

  @Test
  void moreThan65536Members_eachCanBeFound() throws Exception {
    Testbed bed =
        new Testbed(ConsistentHash.builder().virtualNodes(2).build(), 1, Testbed.equal(70_000));
    Map<String, Integer> counts = new TreeMap<>(Testbed.counts(bed.owners(20_000)));

    assertThat(counts.size()).isGreaterThan(12_000);
    assertThat(counts.keySet()).anyMatch(id -> Integer.parseInt(id.substring(1)) > 65_536);
  }

  @Test
  void settings_outOfRange_refused() {
    ConsistentHash.Builder builder = ConsistentHash.builder();
    for (double bound : new double[] {1, 0, -1, 100.1, Double.NaN}) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.boundedLoad(bound));
    }
    for (int points : new int[] {0, -1, 10_001}) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.virtualNodes(points));
    }
    assertThat(builder.boundedLoad().build())
        .hasToString("consistentHash(KEY, virtualNodes 160, boundedLoad 1.25)");
  }
}
