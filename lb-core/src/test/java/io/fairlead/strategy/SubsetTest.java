package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Veto;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubsetTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.subset(3, Strategy.leastConnections());
  }

  @Override
  public boolean reachesAll() {
    return false;
  }

  private static Strategy of(int size, int client, int clients) {
    return Subset.builder(Strategy.roundRobin())
        .size(size)
        .client(client, clients)
        .build();
  }

  /** Who gets requests. */
  private static Set<String> used(Testbed bed) throws Exception {
    return bed.picks(3 * bed.balancer.pool().members().size()).keySet();
  }

  private static Set<String> used(Strategy strategy, List<Backend> backends) throws Exception {
    return used(new Testbed(strategy, 1, backends));
  }

  @ParameterizedTest
  @CsvSource({
    "10, 3, 5",
    "10, 3, 1",
    "10, 3, 2",
    "100, 20, 7",
    "7, 2, 100",
    "23, 5, 23",
    "24, 6, 8",
    "9, 8, 2"
  })
  void numberedClients_eachMemberIsUsedAlike_toWithinOne(int members, int size, int clients)
      throws Exception {
    Map<String, Integer> clientsOf = new TreeMap<>();
    for (int client = 0; client < clients; client++) {
      Set<String> used = used(of(size, client, clients), Testbed.equal(members));
      assertThat(used).hasSize(Math.max(size, (members + clients - 1) / clients));
      used.forEach(id -> clientsOf.merge(id, 1, Integer::sum));
    }

    assertThat(clientsOf).as("nobody is left out").hasSize(members);
    assertThat(Collections.max(clientsOf.values()) - Collections.min(clientsOf.values()))
        .as(clientsOf.toString())
        .isLessThanOrEqualTo(1);
  }

  @Test
  void numberedClients_orderOfMembersMakesNoDifference() throws Exception {
    List<Backend> backends = new ArrayList<>(Testbed.equal(20));
    Set<String> used = used(of(5, 2, 7), backends);
    Collections.shuffle(backends, new Random(1));

    assertThat(used(of(5, 2, 7), backends)).isEqualTo(used);
  }

  @Test
  void memberComesOrGoes_numberedClientExchangesTwoAtMost() throws Exception {
    for (int client = 0; client < 9; client++) {
      Testbed bed = new Testbed(of(6, client, 9), 1, Testbed.equal(20));
      Set<String> before = used(bed);
      for (int members = 21; members < 40; members++) {
        bed.update(Testbed.equal(members));
        Set<String> after = used(bed);
        Set<String> gone = new HashSet<>(before);
        gone.removeAll(after);
        assertThat(gone).as("client %d, %d members", client, members).hasSizeLessThanOrEqualTo(2);
        before = after;
      }
      for (int members = 38; members > 20; members--) {
        bed.update(Testbed.equal(members));
        Set<String> after = used(bed);
        Set<String> come = new HashSet<>(after);
        come.removeAll(before);
        assertThat(come).as("client %d, %d members", client, members).hasSizeLessThanOrEqualTo(2);
        before = after;
      }
    }
  }

  @Test
  void clientWithoutNumber_onlyThoseThatLeaveAreReplaced() throws Exception {
    for (long seed = 0; seed < 5; seed++) {
      Testbed bed = new Testbed(Strategy.subset(5, Strategy.roundRobin()), seed, Testbed.equal(30));
      Set<String> before = used(bed);
      assertThat(before).hasSize(5);
      for (int leaver = 0; leaver < 20; leaver++) {
        bed.update(Testbed.equal(30).subList(leaver + 1, 30));
        Set<String> after = used(bed);
        Set<String> stayed = new HashSet<>(before);
        stayed.remove("m" + leaver);
        assertThat(after).as("seed %d", seed).hasSize(5).containsAll(stayed);
        before = after;
      }
    }
  }

  @Test
  void clientsWithoutNumber_useAllAlikeOnTheAverage() throws Exception {
    Map<String, Integer> clientsOf = new TreeMap<>();
    Map<String, Double> shares = Testbed.shares(Testbed.equal(20));
    for (long seed = 0; seed < 400; seed++) {
      Testbed bed = new Testbed(Strategy.subset(3, Strategy.roundRobin()), seed, Testbed.equal(20));
      used(bed).forEach(id -> clientsOf.merge(id, 1, Integer::sum));
    }

    ChiSquare.assertFits(clientsOf, shares, "seeds 0 to 399");
  }

  @ParameterizedTest
  @CsvSource({"3, 3", "3, 4", "1, 1", "2, 1000"})
  void notMoreThanTheSubset_allAreUsed(int members, int size) throws Exception {
    assertThat(used(Strategy.subset(size, Strategy.roundRobin()), Testbed.equal(members)))
        .hasSize(members);
    assertThat(used(of(size, 0, 5), Testbed.equal(members))).hasSize(members);
  }

  @Test
  void membersOfNoWeight_takeNoPlace() throws Exception {
    List<Backend> backends = Testbed.weighted(0, 0, 0, 1, 1, 1, 0, 0, 0, 0);

    assertThat(used(Strategy.subset(3, Strategy.roundRobin()), backends))
        .containsExactlyInAnyOrder("m3", "m4", "m5");
    assertThat(used(Strategy.subset(2, Strategy.roundRobin()), Testbed.weighted(0, 0, 0)))
        .hasSize(2);
  }

  /** Half of the subset is vetoed: that is a panic, however many others there are. */
  @Test
  void panic_isTheSubsets() throws Exception {
    Testbed bed = new Testbed(of(4, 1, 10), 1, Testbed.equal(40));
    List<String> used = List.copyOf(used(bed));
    for (String id : used.subList(0, 3)) {
      bed.control(id).veto(Veto.Kind.STATISTICAL, "for a test");
    }
    bed.clock.runDue();

    assertThat(bed.balancer.snapshot().panic()).isTrue();
    assertThat(used(bed)).containsExactlyInAnyOrderElementsOf(used);
    bed.lift(used.get(0), used.get(1));
    assertThat(bed.balancer.snapshot().panic()).isFalse();
    assertThat(used(bed)).hasSize(3).doesNotContain(used.get(2));
  }

  @Test
  void othersVetoed_noPanic() throws Exception {
    Testbed bed = new Testbed(of(4, 1, 10), 1, Testbed.equal(40));
    Set<String> used = used(bed);
    for (Backend backend : Testbed.equal(40)) {
      if (!used.contains(backend.id())) {
        bed.control(backend.id()).veto(Veto.Kind.STATISTICAL, "for a test");
      }
    }
    bed.clock.runDue();

    assertThat(bed.balancer.snapshot().panic()).isFalse();
    assertThat(used(bed)).isEqualTo(used);
  }

  @Test
  void inEachZone_aSubset() throws Exception {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      backends.add(Testbed.inZone("a", "a" + i));
      backends.add(Testbed.inZone("b", "b" + i));
    }
    Set<String> used =
        used(Strategy.zoneAware(Strategy.subset(3, Strategy.roundRobin())), backends);

    assertThat(used).hasSize(6);
    assertThat(used).filteredOn(id -> id.startsWith("a")).hasSize(3);
  }

  @Test
  void settings_outOfRange_refused() {
    Subset.Builder builder = Subset.builder(Strategy.random());
    assertThatIllegalArgumentException().isThrownBy(() -> builder.size(0));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.client(0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.client(3, 3));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.client(-1, 3));
    assertThat(builder.build()).hasToString("subset(20, random)");
  }
}
