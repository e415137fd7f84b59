package io.fairlead.pool;

import static io.fairlead.pool.TestPool.backend;
import static io.fairlead.pool.TestPool.live;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Live;
import io.fairlead.backend.Members;
import io.fairlead.backend.Veto;
import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MembershipTest {

  private final TestPool test = new TestPool();

  private Members members() {
    return test.built.get(test.built.size() - 1);
  }

  private static Members without(Members members, String id) {
    return members.where(i -> !members.backend(i).id().equals(id));
  }

  private static Members in(Members members, String zone) {
    return members.where(i -> zone.equals(members.backend(i).zone()));
  }

  // ---- live ----

  @Test
  void live_tellsWeightsTotalAndUniformity() {
    test.pool.update(List.of(backend("a", 1), backend("b", 3), backend("c", 0), backend("d", 3)));
    Live live = members().live();

    assertThat(live.size()).isEqualTo(3);
    assertThat(live(members())).isEqualTo("a=1.0 b=3.0 d=3.0");
    assertThat(live.index(2)).isEqualTo(3);
    assertThat(live.total()).isEqualTo(7);
    assertThat(live.uniform()).isFalse();
    assertThat(live.panic()).isFalse();
    test.veto("a", Veto.Kind.HARD);
    assertThat(members().live().uniform()).as("those left are alike").isTrue();
    assertThat(live.size()).as("what was read stays as it is").isEqualTo(3);
  }

  @Test
  void live_indexBeyondItsSize_fails() {
    test.update("a", "b");
    test.veto("b", Veto.Kind.HARD);
    Live live = members().live();

    assertThat(live.size()).isEqualTo(1);
    assertThatThrownBy(() -> live.index(1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> live.weight(1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void live_empty() {
    test.update("a");
    test.update();
    Live live = members().live();

    assertThat(live.size()).isZero();
    assertThat(live.total()).isZero();
    assertThat(live.uniform()).isTrue();
    assertThat(live.panic()).isFalse();
  }

  @Test
  void allWeightsZero_countAsOne() {
    test.pool.update(List.of(backend("a", 0), backend("b", 0)));

    assertThat(live(members())).isEqualTo("a=1.0 b=1.0");
    assertThat(test.member("a").weight()).isEqualTo(1);
    test.pool.control(test.member("a"), "p").factor(0.5);
    test.clock.runDue();
    assertThat(live(members())).isEqualTo("a=0.5 b=1.0");
    test.pool.update(List.of(backend("a", 0), backend("b", 1)));
    assertThat(live(members())).isEqualTo("b=1.0");
    assertThat(test.member("a").weight()).isZero();
  }

  @Test
  void weightZero_whileTheOthersAreVetoed_staysOut() {
    test.pool.update(List.of(backend("a", 0), backend("b", 1)));

    test.veto("b", Veto.Kind.HARD);

    assertThat(members().live().size()).isZero();
  }

  @Test
  void live_tellsWhatPoliciesMadeOfTheWeights() {
    test.pool.update(List.of(backend("a", 3), backend("b", 7), backend("c", 11)));
    for (String id : List.of("a", "c")) {
      test.pool.control(test.member(id), "p").factor(0.1);
    }
    test.clock.runDue();
    Live live = members().live();

    assertThat(List.of(live.factor(0), live.factor(1), live.factor(2)))
        .containsExactly(0.1, 1., 0.1);
    assertThatThrownBy(() -> live.factor(3)).isInstanceOf(IndexOutOfBoundsException.class);
    for (int i = 0; i < 3; i++) {
      assertThat(live.weight(i)).isEqualTo(members().backend(i).weight() * live.factor(i));
    }
  }

  // ---- panic ----

  /** Ten members, some vetoed: at which threshold is there a panic? */
  @ParameterizedTest
  @CsvSource({
    "0.5,  0,  false",
    "0.5,  5,  false",
    "0.5,  6,  true",
    "0.5,  10, true",
    "0,    10, false",
    "1,    0,  false",
    "1,    1,  true",
    "0.15, 8,  false",
    "0.15, 9,  true",
  })
  void panic_whenFewerAreAvailableThanTheShare(double threshold, int vetoed, boolean panic) {
    TestPool ten = new TestPool(threshold);
    ten.update("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9");
    for (int i = 0; i < vetoed; i++) {
      ten.veto("m" + i, Veto.Kind.STATISTICAL);
    }

    Live live = ten.built.get(0).live();
    assertThat(live.panic()).isEqualTo(panic);
    assertThat(live.size()).isEqualTo(panic ? 10 : 10 - vetoed);
    PoolMember first = ten.member("m0");
    assertThat(ten.pool.publication().pickable(first)).isEqualTo(panic || vetoed == 0);
  }

  @Test
  void panic_hardVetoedStaysOut_butCountsAsUnavailable() {
    test.update("a", "b", "c", "d");
    test.veto("a", Veto.Kind.HARD);
    test.veto("b", Veto.Kind.STATISTICAL);
    assertThat(live(members())).isEqualTo("c=1.0 d=1.0");

    test.veto("c", Veto.Kind.STATISTICAL);

    assertThat(live(members())).isEqualTo("b=1.0 c=1.0 d=1.0 panic");
    test.pool
        .control(test.member("b"), "another")
        .vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED);
    assertThat(live(members())).isEqualTo("c=1.0 d=1.0 panic");
    test.lift("c");
    test.lift("a");
    assertThat(live(members())).isEqualTo("a=1.0 c=1.0 d=1.0");
  }

  @Test
  void panic_weightZeroIsNeitherMeantNorAvailable() {
    test.pool.update(List.of(
        backend("a", 0), backend("b", 0), backend("c", 0), backend("d", 1), backend("e", 1)));

    assertThat(members().live().panic()).isFalse();
    test.veto("d", Veto.Kind.STATISTICAL);
    assertThat(live(members())).isEqualTo("e=1.0");
    test.veto("e", Veto.Kind.STATISTICAL);
    assertThat(live(members())).isEqualTo("d=1.0 e=1.0 panic");
  }

  // ---- views ----

  private void updateZones() {
    List<Backend> backends = new ArrayList<>();
    for (String id : List.of("a1", "b1", "a2", "b2", "a3")) {
      backends.add(backend(id, 1).toBuilder().zone(id.substring(0, 1)).build());
    }
    test.pool.update(backends);
  }

  @Test
  void where_sameMembers_ownIndices() {
    updateZones();
    Members b = in(members(), "b");

    assertThat(b.size()).isEqualTo(2);
    assertThat(b.get(0)).isSameAs(test.member("b1"));
    assertThat(b.get(1)).isSameAs(test.member("b2"));
    assertThat(live(b)).isEqualTo("b1=1.0 b2=1.0");
    assertThat(b.live().index(1)).isEqualTo(1);
  }

  @Test
  void where_nobody_isEmpty() {
    updateZones();

    assertThat(members().where(i -> false).live().size()).isZero();
  }

  @Test
  void where_viewOfAView_followsVetoesAndFactors() {
    updateZones();
    Members a = in(members(), "a");
    Members some = without(a, "a1");
    assertThat(live(some)).isEqualTo("a2=1.0 a3=1.0");

    test.veto("a2", Veto.Kind.HARD);
    assertThat(live(a)).isEqualTo("a1=1.0 a3=1.0");
    assertThat(live(some)).isEqualTo("a3=1.0");
    test.pool.control(test.member("a3"), "ramp").factor(0.25);
    test.clock.runDue();
    assertThat(live(some)).isEqualTo("a3=0.25");
    test.lift("a2");
    assertThat(live(some)).isEqualTo("a2=1.0 a3=0.25");
  }

  /** Whether there is a panic the whole membership decides, not a group of it. */
  @Test
  void where_panicIsThatOfTheWhole() {
    updateZones();
    Members b = in(members(), "b");
    Members one = without(b, "b2");

    test.veto("b1", Veto.Kind.STATISTICAL);
    test.veto("b2", Veto.Kind.STATISTICAL);
    assertThat(live(b)).as("3 of 5 available").isEmpty();
    test.veto("a1", Veto.Kind.STATISTICAL);
    assertThat(live(b)).as("2 of 5 available").isEqualTo("b1=1.0 b2=1.0 panic");
    assertThat(live(one)).isEqualTo("b1=1.0 panic");
  }

  @Test
  void where_madeAfterAVeto_knowsOfIt() {
    updateZones();
    test.veto("a1", Veto.Kind.HARD);

    assertThat(live(in(members(), "a"))).isEqualTo("a2=1.0 a3=1.0");
  }

  @Test
  void where_weightsOfAGroupAreZero_groupStaysOutUnlessAllAre() {
    test.pool.update(List.of(backend("a", 0), backend("b", 1)));
    assertThat(live(without(members(), "b"))).isEmpty();

    test.pool.update(List.of(backend("a", 0), backend("b", 0)));
    assertThat(live(without(members(), "b"))).isEqualTo("a=1.0");
  }

  // ---- scope ----

  @Test
  void scope_narrows_whatEverythingSees() {
    test.onScope = all -> in(all, "a");
    updateZones();

    assertThat(members().size()).isEqualTo(3);
    assertThat(test.pool.publication().size()).isEqualTo(3);
    assertThat(test.pool.publication().member(1)).isSameAs(test.member("a2"));
    assertThat(test.ids()).as("of the pool all the same").contains("b1");
  }

  /** The panic of a scope is its own: how it stands outside is nothing to those inside. */
  @Test
  void scope_decidesThePanic_forItsViewsToo() {
    List<Members> views = new ArrayList<>();
    test.onScope = all -> in(all, "a");
    test.onPicker = members -> {
      views.add(without(members, "a1"));
      return choice -> null;
    };
    updateZones();

    test.veto("a1", Veto.Kind.STATISTICAL);
    assertThat(live(members())).isEqualTo("a2=1.0 a3=1.0");
    test.veto("a2", Veto.Kind.STATISTICAL);
    assertThat(live(members())).as("1 of 3").isEqualTo("a1=1.0 a2=1.0 a3=1.0 panic");
    assertThat(live(views.get(0))).isEqualTo("a2=1.0 a3=1.0 panic");
    assertThat(test.pool.publication().pickable(test.member("a1"))).isTrue();

    test.lift("a2");
    test.veto("b1", Veto.Kind.STATISTICAL);
    test.veto("b2", Veto.Kind.STATISTICAL);
    assertThat(live(members())).as("2 of 3").isEqualTo("a2=1.0 a3=1.0");
    assertThat(test.pool.publication().pickable(test.member("a1"))).isFalse();
  }

  @Test
  void scope_aViewOfAView_isOne() {
    test.onScope = all -> without(in(all, "a"), "a1");
    updateZones();

    assertThat(live(members())).isEqualTo("a2=1.0 a3=1.0");
    test.veto("a2", Veto.Kind.HARD);
    assertThat(live(members())).isEqualTo("a3=1.0");
  }

  // ---- several threads ----

  /** A view that is made while vetoes come and go never keeps an old state for good. */
  @Test
  void where_madeWhileVetoesCome_endsUpRight() throws Exception {
    test.update("a", "b", "c");
    for (int round = 0; round < 500; round++) {
      List<Members> views = new ArrayList<>();
      Members whole = members();
      boolean vetoed = round % 2 == 0;
      Concurrently.run(
          () -> {
            if (vetoed) {
              test.veto("a", Veto.Kind.HARD);
            } else {
              test.lift("a");
            }
          },
          () -> views.add(without(whole, "c")));
      assertThat(live(views.get(0)))
          .as("round %d", round)
          .isEqualTo(vetoed ? "b=1.0" : "a=1.0 b=1.0");
    }
  }

  /** The panic of a scope, which is a view itself, reaches a view of it that is made in that moment. */
  @Test
  void where_madeWhileAPanicComes_knowsOfIt() throws Exception {
    for (int round = 0; round < 500; round++) {
      TestPool tested = new TestPool();
      tested.onScope = all -> all.where(i -> true);
      tested.update("a", "b", "c");
      tested.veto("a", Veto.Kind.STATISTICAL);
      Members scope = tested.built.get(0);
      List<Members> views = new ArrayList<>();
      Concurrently.run(
          () -> tested.veto("b", Veto.Kind.STATISTICAL), () -> views.add(without(scope, "c")));

      assertThat(live(views.get(0))).as("round %d", round).isEqualTo("a=1.0 b=1.0 panic");
    }
  }

  /** Each view costs what it holds, however many there are beside it. */
  @Test
  @Timeout(30) // some 0.3 s, and minutes if each made all others anew
  void where_tenThousandViews_areMadeInNoTime() {
    String[] ids = IntStream.range(0, 10_000).mapToObj(i -> "m" + i).toArray(String[]::new);
    test.update(ids);
    AtomicInteger computed = new AtomicInteger();
    List<Members> views = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      int only = i;
      Members view = members().where(j -> j == only);
      view.derive(live -> computed.incrementAndGet());
      views.add(view);
    }
    test.veto("m9999", Veto.Kind.HARD);
    test.clock.runDue();

    assertThat(live(views.get(9_999))).isEmpty();
    assertThat(live(views.get(0))).isEqualTo("m0=1.0");
    assertThat(computed).hasValue(10_001);
  }

  @Test
  void vetoes_ofSeveralThreads_leaveTheRightLiveSet() throws Exception {
    test.update("a", "b", "c", "d", "e", "f", "g", "h");
    for (int round = 0; round < 200; round++) {
      Random random = new Random(round);
      boolean a = random.nextBoolean();
      boolean b = random.nextBoolean();
      Concurrently.run(() -> set("a", a), () -> set("b", b));
      assertThat(live(members()).contains("a=")).as("seed %d", round).isEqualTo(!a);
      assertThat(live(members()).contains("b=")).as("seed %d", round).isEqualTo(!b);
    }
  }

  private void set(String id, boolean vetoed) {
    if (vetoed) {
      test.veto(id, Veto.Kind.HARD);
    } else {
      test.lift(id);
    }
  }
}
