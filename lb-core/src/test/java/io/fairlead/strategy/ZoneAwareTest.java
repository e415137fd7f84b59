package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.CapturedLog;
import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.StrategyContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZoneAwareTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.zoneAware(Strategy.roundRobin());
  }

  /** In zones a, b and so on, as many as told: {@code a0}, {@code a1} and so on. */
  private static List<Backend> zones(int... sizes) {
    List<Backend> backends = new ArrayList<>();
    for (int zone = 0; zone < sizes.length; zone++) {
      String name = String.valueOf((char) ('a' + zone));
      for (int i = 0; i < sizes[zone]; i++) {
        backends.add(Testbed.inZone(name, name + i));
      }
    }
    return backends;
  }

  private static Testbed bed(Strategy strategy, List<Backend> backends) {
    return new Testbed(strategy, 1, backends, new FakeClock(), builder -> builder.zone("a"));
  }

  /** How many of so many requests go to each zone. */
  private static Map<String, Integer> byZone(Testbed bed, RequestContext context, int count)
      throws Exception {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      counts.merge(bed.pick(context).substring(0, 1), 1, Integer::sum);
    }
    return counts;
  }

  private static Map<String, Integer> byZone(Testbed bed, int count) throws Exception {
    return byZone(bed, RequestContext.empty(), count);
  }

  @Test
  void allAvailable_allStay() throws Exception {
    Testbed bed = bed(strategy(), zones(5, 5, 5));

    assertThat(byZone(bed, 1_000)).isEqualTo(Map.of("a", 1_000));
    assertThat(bed.picks(500).values()).as("within the zone").containsOnly(100);
  }

  /** Of 100 at home so many are left; 140 % of that stays, and the rest goes to the others by their size. */
  @ParameterizedTest
  @CsvSource({"80, 1", "72, 1", "70, 0.98", "60, 0.84", "50, 0.7", "25, 0.35", "1, 0.014", "0, 0"})
  void partOfTheZoneIsLost_theRestSpillsOver_withoutACliff(int left, double stays)
      throws Exception {
    Testbed bed = bed(strategy(), zones(100, 50, 150));
    for (int i = left; i < 100; i++) {
      bed.control("a" + i).veto(Veto.Kind.HARD, "lost");
    }
    bed.clock.runDue();
    Map<String, Double> shares = new HashMap<>();
    shares.put("a", stays);
    shares.put("b", (1 - stays) / 4);
    shares.put("c", (1 - stays) * 3 / 4);
    shares.values().removeIf(share -> share == 0);

    Map<String, Integer> counts = byZone(bed, 20_000);
    if (shares.size() == 1) {
      assertThat(counts).isEqualTo(Map.of("a", 20_000));
    } else {
      ChiSquare.assertFits(counts, shares, left + " left, seed 1");
    }
  }

  @Test
  void zoneIsBack_allStayAgain() throws Exception {
    Testbed bed = bed(strategy(), zones(2, 2));
    bed.veto("a0", "a1");
    assertThat(byZone(bed, 100)).isEqualTo(Map.of("b", 100));
    bed.lift("a0", "a1");

    assertThat(byZone(bed, 100)).isEqualTo(Map.of("a", 100));
  }

  @Test
  void requestsZone_countsMoreThanTheBalancers() throws Exception {
    Testbed bed = bed(strategy(), zones(3, 3, 3));

    assertThat(byZone(bed, RequestContext.empty().zone("c"), 100)).isEqualTo(Map.of("c", 100));
  }

  @Test
  void unknownZone_allZonesByCapacity() throws Exception {
    Testbed bed = bed(strategy(), zones(2, 4, 6));
    Map<String, Double> shares = Map.of("a", 2.0, "b", 4.0, "c", 6.0);

    ChiSquare.assertFits(
        byZone(bed, RequestContext.empty().zone("nowhere"), 10_000), shares, "seed 1");
    Testbed homeless = new Testbed(strategy(), 1, zones(2, 4, 6));
    ChiSquare.assertFits(byZone(homeless, 10_000), shares, "seed 1");
  }

  @Test
  void membersWithoutZone_areAZoneOfTheirOwn() throws Exception {
    List<Backend> backends = new ArrayList<>(zones(2));
    backends.addAll(Testbed.equal(3));
    Testbed bed = bed(strategy(), backends);
    assertThat(byZone(bed, 100)).isEqualTo(Map.of("a", 100));
    bed.veto("a0", "a1");

    assertThat(byZone(bed, 99)).isEqualTo(Map.of("m", 99));
  }

  @Test
  void homeZoneHasNoWeight_othersGetAll() throws Exception {
    List<Backend> backends = new ArrayList<>();
    zones(2).forEach(backend -> backends.add(backend.toBuilder().weight(0).build()));
    backends.addAll(zones(0, 2, 2));
    Testbed bed = bed(strategy(), backends);

    ChiSquare.assertFits(byZone(bed, 5_000), Map.of("b", 1.0, "c", 1.0), "seed 1");
  }

  @Test
  void allWeightsZero_stillLocal() throws Exception {
    List<Backend> backends = new ArrayList<>();
    zones(2, 2).forEach(backend -> backends.add(backend.toBuilder().weight(0).build()));

    assertThat(byZone(bed(strategy(), backends), 100)).isEqualTo(Map.of("a", 100));
  }

  @Test
  void key_spillsOverAlwaysTheSameWay() throws Exception {
    Testbed bed = bed(Strategy.zoneAware(Strategy.consistentHash()), zones(4, 4, 4));
    bed.veto("a0", "a1");
    List<String> owners = bed.owners(1_000);

    assertThat(bed.owners(1_000)).isEqualTo(owners);
    long local = owners.stream().filter(id -> id.startsWith("a")).count();
    assertThat(local).as("of 1,000, 70 %").isBetween(630L, 770L);
  }

  @Test
  void clientsAddress_spillsOverAlwaysTheSameWay() throws Exception {
    Testbed bed = bed(Strategy.ipHash(), zones(5, 5));
    bed.veto("a0", "a1", "a2");
    for (int client = 0; client < 200; client++) {
      RequestContext context = RequestContext.empty().clientIp("10.0.0." + client);
      String first = bed.pick(context);
      for (int i = 0; i < 5; i++) {
        assertThat(bed.pick(context)).isEqualTo(first);
      }
    }
  }

  @Test
  void withoutKey_isCountedOnce() throws Exception {
    Testbed bed = bed(Strategy.zoneAware(Strategy.consistentHash()), zones(1, 1, 1));
    for (int i = 0; i < 100; i++) {
      bed.pick();
    }

    assertThat(bed.balancer.snapshot().withoutKey()).isEqualTo(100);
  }

  @Test
  void furtherAttempts_stayAsLongAsTheyCan_thenGoToOthersByCapacity() throws Exception {
    Testbed bed = bed(strategy(), zones(2, 3, 9));
    Map<String, Integer> third = new TreeMap<>();
    for (int i = 0; i < 4_000; i++) {
      try (Lease first = bed.balancer.acquire();
          Lease second = first.another();
          Lease other = second.another()) {
        assertThat(first.backend().zone()).isEqualTo("a");
        assertThat(second.backend().zone()).isEqualTo("a");
        third.merge(String.valueOf(other.backend().zone()), 1, Integer::sum);
      }
    }

    ChiSquare.assertFits(third, Map.of("b", 3.0, "c", 9.0), "seed 1");
  }

  /** If all ramp up, as after a release that replaced them all, nobody is better off elsewhere. */
  @Test
  void allRampUpAlike_allStay() throws Exception {
    Testbed bed = bed(strategy(), zones(2, 2));
    for (String id : List.of("a0", "a1", "b0", "b1")) {
      bed.factor(id, 0.1);
    }

    assertThat(byZone(bed, 1_000)).isEqualTo(Map.of("a", 1_000));
    bed.factor("b0", 1);
    assertThat(byZone(bed, 1_000).get("a")).isBetween(100, 190);
  }

  /** Each zone's own strategy hears of its own members' requests, and of no others. */
  @Test
  void trackers_areThoseOfTheirZone() throws Exception {
    List<Map<String, Integer>> zones = new ArrayList<>();
    Strategy counting = environment -> {
      Map<String, Integer> counts = new TreeMap<>();
      zones.add(counts);
      Selector picks = Strategy.random().start(environment);
      return new Selector() {
        @Override
        public Picker picker(Members members) {
          return picks.picker(members);
        }

        @Override
        public Tracker track(Member member) {
          return new Tracker() {
            @Override
            public void answered(Outcome outcome, long startNanos, long now) {
              counts.merge(String.valueOf(member.backend().zone()), 1, Integer::sum);
            }
          };
        }
      };
    };
    Testbed bed = bed(Strategy.zoneAware(counting), zones(2, 2));
    for (int i = 0; i < 10; i++) {
      bed.pick();
      bed.pick(RequestContext.empty().zone("b"));
    }

    assertThat(zones).containsExactlyInAnyOrder(Map.of("a", 10), Map.of("b", 10));
  }

  @Test
  void responseTimes_slowMemberOfTheZoneIsAvoided() throws Exception {
    Testbed bed = bed(Strategy.zoneAware(Strategy.leastResponseTime()), zones(2, 2));
    int slow = 0;
    for (int i = 0; i < 1_000; i++) {
      try (Lease lease = bed.balancer.acquire()) {
        boolean isSlow = lease.backend().id().equals("a0");
        slow += isSlow ? 1 : 0;
        bed.clock.advance(Duration.ofMillis(isSlow ? 50 : 1));
        lease.record(Outcome.success());
      }
    }

    assertThat(slow).isBetween(1, 50);
  }

  @Test
  void stickyInside_isRefused_howeverDeep() {
    Strategy sticky = Strategy.sticky(Strategy.roundRobin());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Strategy.zoneAware(sticky))
        .withMessage("inner: " + sticky + " (expected: sticky sessions around zones, as in "
            + "sticky(zoneAware(…)))");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Strategy.zoneAware(Strategy.subset(3, sticky)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Strategy.zoneAware(Strategy.subset(3, Strategy.subset(2, sticky))));
    assertThat(Strategy.sticky(Strategy.zoneAware(Strategy.subset(3, Strategy.random()))))
        .hasToString(
            "sticky(zoneAware(subset(3, random), overprovisioning 1.4), maxSessions 100000,"
                + " idleTime PT1H)");
  }

  @Test
  void overprovisioning_outOfRange_refused() {
    ZoneAware.Builder builder = ZoneAware.builder(Strategy.random());
    for (double factor : new double[] {0.99, 0, -1, 101, Double.NaN}) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.overprovisioning(factor));
    }
  }

  @Test
  void closed_eachZonesStrategyIs_whateverTheOthersDo() {
    List<String> closed = new ArrayList<>();
    Strategy inner = environment -> new Selector() {
      private final String name = "strategy " + (closed.size() + 1);

      {
        closed.add("");
      }

      @Override
      public Picker picker(Members members) {
        return choice -> null;
      }

      @Override
      public void close() {
        closed.add(name);
        throw new IllegalStateException(name);
      }
    };
    Testbed bed = bed(Strategy.zoneAware(inner), zones(1, 1, 1));
    try (CapturedLog log = new CapturedLog()) {
      bed.balancer.close();

      assertThat(log.text()).contains("Suppressed: java.lang.IllegalStateException");
    }
    assertThat(closed).contains("strategy 1", "strategy 2", "strategy 3");
  }

  /** Takes minutes, and not half a second, if the view of each zone makes all others anew. */
  @Test
  void fiveThousandZones_eachHasItsOwn() throws Exception {
    List<Backend> backends = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      backends.add(Testbed.inZone("z" + i, "m" + i));
    }
    Testbed bed = new Testbed(
        Strategy.zoneAware(Strategy.subset(1, Strategy.roundRobin())),
        1,
        backends,
        new FakeClock(),
        builder -> builder.zone("z77"));

    assertThat(bed.picks(10)).containsOnlyKeys("m77");
  }
}
