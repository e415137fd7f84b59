package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of all strategies that send equal keys to the same member. */
class KeyedStrategiesTest {

  static List<Arguments> all() {
    return List.of(
        Arguments.argumentSet("ring", Strategy.consistentHash()),
        Arguments.argumentSet("maglev", Strategy.maglev()),
        Arguments.argumentSet("rendezvous", Strategy.rendezvous()));
  }

  private static Testbed bed(Strategy strategy, List<Backend> backends) {
    return new Testbed(strategy, 1, backends);
  }

  /** Other processes, and later versions, must find the same owners. */
  @ParameterizedTest
  @CsvSource({
    "ring,       404141414302124223444044",
    "maglev,     212243042003043042441310",
    "rendezvous, 400433333321214212422013",
  })
  void owners_neverChange(String name, String expected) throws Exception {
    Strategy strategy = switch (name) {
      case "ring" -> Strategy.consistentHash();
      case "maglev" -> Strategy.maglev();
      default -> Strategy.rendezvous();
    };
    List<Backend> backends = Testbed.weighted(1, 1, 2, 1, 3);

    assertThat(String.join("", bed(strategy, backends).owners(24)).replace("m", ""))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("all")
  void order_makesNoDifference(Strategy strategy) throws Exception {
    List<Backend> backends = new ArrayList<>(Testbed.weighted(1, 3, 1, 2, 1, 1, 5, 1, 0, 1));
    List<String> owners = bed(strategy, backends).owners(2_000);
    for (long seed = 0; seed < 3; seed++) {
      Collections.shuffle(backends, new Random(seed));
      assertThat(bed(strategy, backends).owners(2_000)).as("seed %d", seed).isEqualTo(owners);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void sharesOfKeys_areByWeight(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.weighted(1, 2, 5, 12));
    Map<String, Integer> counts = Testbed.counts(bed.owners(20_000));

    for (Backend backend : Testbed.weighted(1, 2, 5, 12)) { // a ring's points: 8 % off
      assertThat(counts.get(backend.id()) / 1_000.0)
          .as(backend.id())
          .isBetween(backend.weight() * 0.75, backend.weight() * 1.25);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void memberLeaves_itsKeysAreSpreadOverAllOthers_andComeBackWithIt(Strategy strategy)
      throws Exception {
    List<Backend> backends = Testbed.equal(10);
    Testbed bed = bed(strategy, backends);
    List<String> before = bed.owners(5_000);
    bed.update(Testbed.without(backends, "m3"));
    List<String> without = bed.owners(5_000);
    bed.update(backends);

    assertThat(bed.owners(5_000)).isEqualTo(before);
    boolean maglev = strategy instanceof Maglev;
    List<String> inherited = new ArrayList<>();
    int moved = 0;
    for (int i = 0; i < before.size(); i++) {
      if (before.get(i).equals("m3")) {
        inherited.add(without.get(i));
      } else {
        moved += before.get(i).equals(without.get(i)) ? 0 : 1;
      }
    }
    assertThat(new TreeSet<>(inherited)).as("who has inherited").hasSize(9);
    assertThat(moved).as("keys of those who stayed").isBetween(0, maglev ? 250 : 0);
  }

  /** As nobody else's key does while the owner is vetoed. */
  @ParameterizedTest
  @MethodSource("all")
  void memberVetoed_onlyItsKeysMove_toAllOthers_andComeBack(Strategy strategy) throws Exception {
    List<Backend> backends = Testbed.equal(10);
    Testbed bed = bed(strategy, backends);
    List<String> before = bed.owners(5_000);
    bed.veto("m3");
    List<String> during = bed.owners(5_000);
    assertThat(bed.owners(5_000)).as("always the same").isEqualTo(during);
    bed.lift("m3");

    assertThat(bed.owners(5_000)).isEqualTo(before);
    for (int i = 0; i < before.size(); i++) {
      if (!before.get(i).equals("m3")) {
        assertThat(during.get(i)).as("key %d", i).isEqualTo(before.get(i));
      }
    }
    List<String> inherited = new ArrayList<>(during);
    for (int i = before.size() - 1; i >= 0; i--) {
      if (!before.get(i).equals("m3")) {
        inherited.remove(i);
      }
    }
    Map<String, Integer> counts = Testbed.counts(inherited);
    assertThat(counts).hasSize(9);
    assertThat(Collections.max(counts.values()))
        .as("of %d keys, to nine", inherited.size())
        .isLessThan(inherited.size() / 3);
  }

  /** So that they move once, and not twice, if it leaves after all. */
  @ParameterizedTest
  @MethodSource("all")
  void memberVetoedThenLeaves_keysStayWhereTheyWent(Strategy strategy) throws Exception {
    List<Backend> backends = Testbed.equal(10);
    Testbed bed = bed(strategy, backends);
    bed.veto("m3");
    List<String> vetoed = bed.owners(5_000);
    bed.update(Testbed.without(backends, "m3"));
    if (!(strategy instanceof Maglev)) { // which promises no such thing
      assertThat(bed.owners(5_000)).isEqualTo(vetoed);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void heavyMemberVetoed_othersByWeight(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.weighted(1_000_000, 1, 1, 1));
    assertThat(Testbed.counts(bed.owners(2_000)).get("m0")).isGreaterThan(1_990);
    bed.veto("m0");
    Map<String, Integer> counts = Testbed.counts(bed.owners(3_000));

    assertThat(counts).containsOnlyKeys("m1", "m2", "m3");
    assertThat(Collections.min(counts.values())).as(counts.toString()).isGreaterThan(500);
  }

  /** Little by little and only its own; nobody else's move. */
  @ParameterizedTest
  @MethodSource("all")
  void ownerRampsUp_getsPartOfItsOwnKeys(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(5));
    List<String> whole = bed.owners(5_000);
    List<String> last = whole;
    int own = Testbed.counts(whole).get("m2");
    for (double factor : new double[] {0.75, 0.5, 0.25, 0.1}) {
      bed.factor("m2", factor);
      List<String> part = bed.owners(5_000);
      for (int i = 0; i < whole.size(); i++) {
        if (!whole.get(i).equals("m2")) {
          assertThat(part.get(i)).as("somebody else's key %d", i).isEqualTo(whole.get(i));
        }
        if (part.get(i).equals("m2")) {
          assertThat(last.get(i)).as("key %d, which came first", i).isEqualTo("m2");
        }
      }
      // Rendezvous goes by live weights, of which all are less then.
      double share = strategy instanceof Rendezvous ? 5 * factor / (4 + factor) : factor;
      assertThat(Testbed.counts(part).get("m2") / (double) own)
          .as("part at %s", factor)
          .isBetween(share - 0.1, share + 0.1);
      last = part;
    }
  }

  /** It is no reason to take keys from others; but scores follow live weights, and it gets some of each. */
  @ParameterizedTest
  @MethodSource("all")
  void factorAboveOne_othersKeepTheirKeysFromEachOther(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(10));
    List<String> before = bed.owners(5_000);
    bed.factor("m3", 2);
    List<String> during = bed.owners(5_000);

    for (int i = 0; i < before.size(); i++) {
      if (strategy instanceof Rendezvous && during.get(i).equals("m3")) {
        continue;
      }
      assertThat(during.get(i)).as("key %d", i).isEqualTo(before.get(i));
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void allRampUpAlike_nobodyIsHeldBack(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(5));
    List<String> whole = bed.owners(2_000);
    for (int i = 0; i < 5; i++) {
      bed.factor("m" + i, 0.1);
    }

    assertThat(bed.owners(2_000)).isEqualTo(whole);
  }

  @ParameterizedTest
  @MethodSource("all")
  void furtherAttempts_goToAnotherOne_alwaysTheSame(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(5));
    for (int i = 0; i < 100; i++) {
      List<String> once = attempts(bed, Testbed.key(i));
      assertThat(once).doesNotHaveDuplicates().hasSize(5);
      assertThat(attempts(bed, Testbed.key(i))).isEqualTo(once);
    }
  }

  private static List<String> attempts(Testbed bed, RequestContext context) throws Exception {
    List<String> ids = new ArrayList<>();
    Lease lease = bed.balancer.acquire(context);
    ids.add(lease.backend().id());
    while (ids.size() < 5) {
      lease.record(Outcome.serverError());
      Lease next = lease.another();
      lease.close();
      lease = next;
      ids.add(lease.backend().id());
    }
    lease.close();
    return ids;
  }

  @ParameterizedTest
  @MethodSource("all")
  void withoutKey_isCounted_andBalanced(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(4));
    bed.owners(10);
    assertThat(bed.balancer.snapshot().withoutKey()).isZero();
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      open.add(bed.balancer.acquire());
    }

    assertThat(bed.balancer.snapshot().withoutKey()).isEqualTo(400);
    assertThat(bed.balancer.pool().members())
        .allSatisfy(member -> assertThat(member.inFlight()).isBetween(90, 110));
    open.forEach(Lease::close);
  }

  /** A hash of the caller's own that is hardly one. */
  @ParameterizedTest
  @MethodSource("all")
  void poorHash_isMixed(Strategy strategy) throws Exception {
    Testbed bed = bed(strategy, Testbed.equal(4));
    List<String> owners = new ArrayList<>();
    for (int i = 0; i < 4_000; i++) {
      owners.add(bed.pick(RequestContext.empty().keyHash(i)));
    }

    assertThat(Testbed.counts(owners).values()).allMatch(count -> count > 700 && count < 1_300);
  }

  @Test
  void ipHash_anyWayToWriteAnAddress_isTheSameClient() throws Exception {
    Testbed bed = bed(Strategy.ipHash(), Testbed.equal(50));
    List<List<String>> same = List.of(
        List.of("10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203", "0:0:0:0:0:ffff:0a01:0203"),
        List.of("2001:db8::1", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:0::0:1"),
        List.of("fe80::1", "fe80::1%1", "FE80:0::1%2", "fe80::1%7"));
    TreeSet<String> owners = new TreeSet<>();
    for (List<String> texts : same) {
      TreeSet<String> members = new TreeSet<>();
      for (String text : texts) {
        members.add(bed.pick(RequestContext.empty().clientIp(text)));
      }
      assertThat(members).as(texts.toString()).hasSize(1);
      owners.addAll(members);
    }

    assertThat(owners).as("three clients").hasSizeGreaterThan(1);
    assertThat(bed.balancer.snapshot().withoutKey()).isZero();
  }

  @Test
  void ipHash_keyAlone_isNoClient() throws Exception {
    Testbed bed = bed(Strategy.ipHash(), Testbed.equal(3));
    bed.pick(Testbed.key(1));

    assertThat(bed.balancer.snapshot().withoutKey()).isEqualTo(1);
  }
}
