package io.fairlead.pool;

import static io.fairlead.pool.TestPool.backend;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.backend.Veto.Kind;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoliciesTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TestPool test = new TestPool();
  private final Pool pool = test.pool;
  private PoolMember a;
  private MemberControl breaker;
  private MemberControl checks;

  @BeforeEach
  void setUp() {
    test.update("a", "b", "c", "d");
    a = test.member("a");
    breaker = pool.control(a, "breaker");
    checks = pool.control(a, "checks");
    test.events.clear();
  }

  private long in(Duration delay) {
    return test.clock.nanos() + delay.toNanos();
  }

  @Test
  void veto_takesTheMemberOut_untilItIsLifted() {
    breaker.vetoUntil(Kind.STATISTICAL, "5 failures in a row", Veto.UNTIL_LIFTED);

    assertThat(a.available()).isFalse();
    assertThat(a.vetoes())
        .containsExactly(
            new Veto(Kind.STATISTICAL, "breaker", "5 failures in a row", Veto.UNTIL_LIFTED));
    assertThat(test.live()).isEqualTo("b=1.0 c=1.0 d=1.0");
    assertThat(pool.publication().pickable(a)).isFalse();
    test.clock.advance(Duration.ofDays(10_000));
    assertThat(a.available()).isFalse();

    breaker.lift();

    assertThat(a.available()).isTrue();
    assertThat(a.vetoes()).isEmpty();
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0 c=1.0 d=1.0");
    assertThat(test.events)
        .containsExactly(
            "vetoed a by breaker: 5 failures in a row", "lifted a by breaker: 5 failures in a row");
  }

  @Test
  void severalPolicies_allMustBeContent() {
    breaker.vetoUntil(Kind.STATISTICAL, "x", Veto.UNTIL_LIFTED);
    checks.vetoUntil(Kind.HARD, "y", Veto.UNTIL_LIFTED);

    assertThat(a.vetoes()).extracting(Veto::policy).containsExactly("breaker", "checks");
    breaker.lift();
    assertThat(a.available()).isFalse();
    assertThat(a.vetoes()).extracting(Veto::policy).containsExactly("checks");
    checks.lift();
    assertThat(a.available()).isTrue();
  }

  @Test
  void lift_ofAnotherPolicy_changesNothing() {
    breaker.vetoUntil(Kind.HARD, "x", Veto.UNTIL_LIFTED);
    test.events.clear();

    checks.lift();
    pool.control(test.member("b"), "breaker").lift();

    assertThat(a.available()).isFalse();
    assertThat(test.events).isEmpty();
  }

  @Test
  void control_sameNameAndMember_isTheSameHold() {
    breaker.vetoUntil(Kind.HARD, "x", Veto.UNTIL_LIFTED);

    MemberControl again = pool.control(a, "breaker");
    again.lift();

    assertThat(a.available()).isTrue();
    assertThat(again.member()).isSameAs(a);
  }

  @Test
  void vetoForAWhile_endsAfterIt() {
    breaker.veto(Kind.HARD, "x", SECOND);
    test.clock.advance(SECOND.minusNanos(1));
    assertThat(a.available()).isFalse();
    test.clock.advance(Duration.ofNanos(1));
    assertThat(a.available()).isTrue();
    breaker.veto(Kind.HARD, "for ever", Duration.ofSeconds(Long.MAX_VALUE));
    assertThat(a.vetoes()).extracting(Veto::untilNanos).containsExactly(Veto.UNTIL_LIFTED);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> breaker.veto(Kind.HARD, "x", SECOND.negated()))
        .withMessage("time: PT-1S (expected: zero or more)");
  }

  @Test
  void veto_expires_atItsTimeAndNotBefore() {
    breaker.vetoUntil(Kind.HARD, "x", in(SECOND));

    test.clock.advance(SECOND.minusNanos(1));
    assertThat(a.available()).isFalse();
    test.clock.advance(Duration.ofNanos(1));
    assertThat(a.available()).isTrue();
    assertThat(test.live()).startsWith("a=1.0");
    assertThat(test.events).containsExactly("vetoed a by breaker: x", "lifted a by breaker: x");
    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void veto_expires_beyondTheWrapAroundOfTheClock() {
    TestPool wrapping = new TestPool(0.5, FakeClock.startingAt(Long.MAX_VALUE - 10));
    wrapping.update("a", "b", "c");
    PoolMember member = wrapping.member("a");
    wrapping.pool.control(member, "p").vetoUntil(Kind.HARD, "x", wrapping.clock.nanos() + 1_000);

    wrapping.clock.advance(Duration.ofNanos(999));
    assertThat(member.available()).isFalse();
    wrapping.clock.advance(Duration.ofNanos(1));
    assertThat(member.available()).isTrue();
  }

  @Test
  void veto_replaced_theLaterOneCounts() {
    breaker.vetoUntil(Kind.HARD, "short", in(SECOND));
    breaker.vetoUntil(Kind.STATISTICAL, "long", in(SECOND.multipliedBy(3)));

    assertThat(a.vetoes()).extracting(Veto::reason).containsExactly("long");
    test.clock.advance(SECOND.multipliedBy(2));
    assertThat(a.available()).as("the first one's end is not the second's").isFalse();
    test.clock.advance(SECOND);
    assertThat(a.available()).isTrue();
    assertThat(test.events)
        .containsExactly(
            "vetoed a by breaker: short", "vetoed a by breaker: long", "lifted a by breaker: long");
  }

  @Test
  void veto_replacedByAShorterOne_endsEarlier() {
    breaker.vetoUntil(Kind.HARD, "long", in(SECOND.multipliedBy(3)));
    breaker.vetoUntil(Kind.HARD, "short", in(SECOND));

    test.clock.advance(SECOND);

    assertThat(a.available()).isTrue();
    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void veto_replacedByOneWithoutEnd_hasNone() {
    breaker.vetoUntil(Kind.HARD, "short", in(SECOND));
    breaker.vetoUntil(Kind.HARD, "for ever", Veto.UNTIL_LIFTED);

    test.clock.advance(SECOND.multipliedBy(2));

    assertThat(a.available()).isFalse();
    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void veto_liftedAndVetoedAnew_oldTimerDoesNotEndIt() {
    breaker.vetoUntil(Kind.HARD, "first", in(SECOND));
    breaker.lift();
    breaker.vetoUntil(Kind.HARD, "second", in(SECOND.multipliedBy(2)));

    test.clock.advance(SECOND);
    assertThat(a.available()).isFalse();
    test.clock.advance(SECOND);
    assertThat(a.available()).isTrue();
  }

  @Test
  void veto_inThePast_endsWithTheNextTick() {
    test.clock.advance(SECOND);
    breaker.vetoUntil(Kind.HARD, "past", 0);

    assertThat(a.available()).isFalse();
    test.clock.runDue();
    assertThat(a.available()).isTrue();
  }

  @Test
  void lift_nothingToLift_isQuiet() {
    breaker.lift();

    assertThat(test.events).isEmpty();
  }

  @Test
  void veto_null_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> breaker.vetoUntil(null, "x", 0))
        .withMessage("kind");
    assertThatNullPointerException()
        .isThrownBy(() -> breaker.vetoUntil(Kind.HARD, null, 0))
        .withMessage("reason");
    assertThatNullPointerException()
        .isThrownBy(() -> breaker.veto(Kind.HARD, "x", null))
        .withMessage("time");
    assertThat(a.available()).isTrue();
  }

  @Test
  void control_ofAnotherPool_isRefused() {
    TestPool other = new TestPool();
    other.update("a");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> pool.control(other.member("a"), "p"))
        .withMessage("member: a (a:80) (expected: a member of the pool of test)");
    assertThatNullPointerException()
        .isThrownBy(() -> pool.control(null, "p"))
        .withMessage("member");
    assertThatNullPointerException().isThrownBy(() -> pool.control(a, null)).withMessage("policy");
  }

  // ---- factors ----

  @Test
  void factors_areMultiplied() {
    pool.update(List.of(backend("a", 10), backend("b", 1)));

    breaker.factor(0.5);
    checks.factor(0.1);

    assertThat(a.weight()).isEqualTo(0.5, within(1e-9));
    assertThat(a.available()).isTrue();
    test.clock.runDue();
    assertThat(test.live()).isEqualTo("a=0.5 b=1.0");
    breaker.factor(1);
    checks.factor(1);
    test.clock.runDue();
    assertThat(test.live()).isEqualTo("a=10.0 b=1.0");
  }

  @Test
  void factor_zero_takesTheMemberOutAtOnce() {
    breaker.factor(0);

    assertThat(a.weight()).isZero();
    assertThat(pool.publication().pickable(a)).isFalse();
    assertThat(a.available()).as("no veto").isTrue();
    test.clock.runDue();
    assertThat(test.live()).isEqualTo("b=1.0 c=1.0 d=1.0");
  }

  @Test
  void factors_ofManyAtOnce_areOneRoundOfWork() {
    for (int round = 1; round <= 3; round++) {
      for (Member member : pool.members()) {
        pool.control(member, "ramp").factor(0.1 * round);
      }
      assertThat(test.clock.scheduled()).isEqualTo(1);
      test.clock.runDue();
    }
    assertThat(pool.publication().all.live().total()).isEqualTo(4 * 0.3, within(1e-9));
  }

  @Test
  void factor_unchanged_costsNothing() {
    breaker.factor(1);

    assertThat(test.clock.scheduled()).isZero();
  }

  @Test
  void factor_neverMakesANewPicker() {
    breaker.factor(0.5);
    breaker.vetoUntil(Kind.HARD, "x", in(SECOND));
    test.clock.advance(SECOND);

    assertThat(test.built).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, -Double.MIN_VALUE, 1_000_001, Double.NaN, Double.POSITIVE_INFINITY})
  void factor_outOfRange_isRefused(double factor) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> breaker.factor(factor))
        .withMessage("factor: " + factor + " (expected: 0 to 1000000)");
    assertThat(a.weight()).isEqualTo(1);
  }

  @Test
  void factors_largestOfManyPolicies_theirProductIsFinite() {
    for (int policy = 0; policy < 60; policy++) {
      pool.control(a, "policy " + policy).factor(MemberControl.MAX_FACTOR);
    }
    test.clock.runDue();

    assertThat(a.weight()).isFinite();
    assertThat(pool.publication().all.live().total()).isFinite();
    breaker.factor(0);
    assertThat(a.weight()).isZero();
  }

  // ---- members that leave ----

  @Test
  void gone_nothingHasAnEffectAnyMore() {
    breaker.vetoUntil(Kind.HARD, "x", in(SECOND));
    test.update("b", "c", "d");
    assertThat(test.clock.scheduled()).as("its timer is called off").isZero();
    test.events.clear();

    breaker.vetoUntil(Kind.HARD, "y", in(SECOND));
    breaker.lift();
    breaker.factor(3);
    pool.control(a, "new").vetoUntil(Kind.HARD, "z", in(SECOND));

    assertThat(test.events).isEmpty();
    assertThat(test.clock.scheduled()).isZero();
    assertThat(a.available()).isFalse();
  }

  @Test
  void draining_vetoesStandAndExpire_andAreThereOnReturn() {
    breaker.vetoUntil(Kind.HARD, "long", in(SECOND.multipliedBy(2)));
    checks.vetoUntil(Kind.HARD, "short", in(SECOND));
    test.enter(a);
    test.update("b", "c", "d");

    test.clock.advance(SECOND);
    assertThat(a.vetoes()).extracting(Veto::reason).containsExactly("long");
    test.update("a", "b", "c", "d");

    assertThat(a.available()).isFalse();
    assertThat(test.live()).isEqualTo("b=1.0 c=1.0 d=1.0");
    test.clock.advance(SECOND);
    assertThat(a.available()).isTrue();
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0 c=1.0 d=1.0");
  }

  @Test
  void newMemberOfTheSameId_hasNoneOfTheOldOnesVetoes() {
    breaker.vetoUntil(Kind.HARD, "x", Veto.UNTIL_LIFTED);
    test.update("b");

    test.update("a", "b");

    assertThat(test.member("a").available()).isTrue();
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
  }

  // ---- several threads, and chance ----

  @Test
  void severalThreads_theLastWordOfEachHolds() throws Exception {
    for (int round = 0; round < 300; round++) {
      MemberControl one = breaker;
      MemberControl other = checks;
      boolean ends = round % 2 == 0;
      Concurrently.run(
          () -> {
            for (int i = 0; i < 20; i++) {
              one.vetoUntil(Kind.STATISTICAL, "x", Veto.UNTIL_LIFTED);
              one.lift();
            }
          },
          () -> {
            for (int i = 0; i < 20; i++) {
              other.lift();
              other.vetoUntil(Kind.HARD, "y", Veto.UNTIL_LIFTED);
            }
            if (ends) {
              other.lift();
            }
          });
      assertThat(a.available()).as("round %d", round).isEqualTo(ends);
      assertThat(test.live().startsWith("a")).as("round %d: live", round).isEqualTo(ends);
    }
  }

  /** Against a map of what each policy said last, and until when. */
  @Test
  void randomOperations_agreeWithTheModel() {
    record Said(Veto veto, double factor) {}
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      TestPool tested = new TestPool(0);
      tested.update("a", "b");
      PoolMember member = tested.member("a");
      Map<String, Said> model = new LinkedHashMap<>();
      for (int step = 0; step < 60; step++) {
        String where = "seed " + seed + ", step " + step;
        String policy = "p" + random.nextInt(3);
        MemberControl control = tested.pool.control(member, policy);
        Said said = model.getOrDefault(policy, new Said(null, 1));
        switch (random.nextInt(5)) {
          case 0, 1 -> {
            Kind kind = random.nextBoolean() ? Kind.HARD : Kind.STATISTICAL;
            long until = random.nextInt(4) == 0
                ? Veto.UNTIL_LIFTED
                : tested.clock.nanos() + 1 + random.nextInt(20);
            control.vetoUntil(kind, "step " + step, until);
            model.put(
                policy, new Said(new Veto(kind, policy, "step " + step, until), said.factor()));
          }
          case 2 -> {
            control.lift();
            model.put(policy, new Said(null, said.factor()));
          }
          case 3 -> {
            double factor = random.nextInt(4) / 2.0;
            control.factor(factor);
            model.put(policy, new Said(said.veto(), factor));
          }
          default -> {
            tested.clock.advance(Duration.ofNanos(random.nextInt(10)));
            long now = tested.clock.nanos();
            model.replaceAll((name, any) -> any.veto() != null && any.veto().untilNanos() <= now
                ? new Said(null, any.factor())
                : any);
          }
        }
        List<Veto> vetoes =
            model.values().stream().map(Said::veto).filter(veto -> veto != null).toList();
        double weight =
            model.values().stream().mapToDouble(Said::factor).reduce(1, (x, y) -> x * y);
        assertThat(member.vetoes()).as(where).containsExactlyInAnyOrderElementsOf(vetoes);
        assertThat(member.available()).as(where).isEqualTo(vetoes.isEmpty());
        assertThat(member.weight()).as(where).isEqualTo(weight, within(1e-9));
        assertThat(tested.pool.publication().pickable(member))
            .as(where)
            .isEqualTo(vetoes.isEmpty() && weight > 0);
        tested.clock.runDue();
        assertThat(tested.live().startsWith("a="))
            .as(where)
            .isEqualTo(vetoes.isEmpty() && weight > 0);
      }
    }
  }

  /** Whoever looks at the set sees a new member before the update has told of it, the last of many above all. */
  @Test
  void veto_asSoonAsTheMemberIsInTheSet_isHeardAfterItHasJoined() throws Exception {
    String[] ids = IntStream.range(0, 5_000).mapToObj(i -> "m" + i).toArray(String[]::new);
    String last = ids[ids.length - 1];
    for (int round = 0; round < 20; round++) {
      TestPool tested = new TestPool();
      Concurrently.run(() -> tested.update(ids), () -> {
        while (tested.pool.publication().size() == 0) {
          Thread.onSpinWait();
        }
        PoolMember member = tested.pool.publication().member(ids.length - 1);
        tested.pool.control(member, "p").veto(Veto.Kind.HARD, "x");
      });

      assertThat(tested.events)
          .as("round %d", round)
          .hasSize(ids.length + 1)
          .containsSubsequence("joined " + last, "vetoed " + last + " by p: x");
    }
  }
}
