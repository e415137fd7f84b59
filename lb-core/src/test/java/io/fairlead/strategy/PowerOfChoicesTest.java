package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PowerOfChoicesTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Strategy.powerOfTwoChoices();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 10})
  void idle_byWeight(int choices) throws Exception {
    for (long seed = 0; seed < 3; seed++) {
      List<Backend> backends = Testbed.weighted(1, 2, 5, 12);
      Testbed bed = new Testbed(Strategy.powerOfChoices(choices), seed, backends);

      ChiSquare.assertFits(bed.picks(20_000), Testbed.shares(backends), "seed " + seed);
    }
  }

  private static List<Lease> open(Testbed bed, int count) throws Exception {
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      open.add(bed.balancer.acquire());
    }
    return open;
  }

  private static int most(Testbed bed) {
    return bed.balancer.pool().members().stream()
        .mapToInt(Member::inFlight)
        .max()
        .getAsInt();
  }

  @Test
  void underLoad_moreChoicesAreMoreEven() throws Exception {
    Testbed any = new Testbed(Strategy.random(), 1, Testbed.equal(100));
    Testbed two = new Testbed(Strategy.powerOfChoices(2), 1, Testbed.equal(100));
    Testbed five = new Testbed(Strategy.powerOfChoices(5), 1, Testbed.equal(100));
    open(any, 1_000);
    open(two, 1_000);
    open(five, 1_000);

    assertThat(most(any)).as("10 on average, seed 1").isGreaterThan(15);
    assertThat(most(two)).as("10 on average, seed 1").isLessThan(15);
    assertThat(most(five)).as("10 on average, seed 1").isLessThan(13);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5})
  void underLoad_inFlightIsInProportionToWeight(int choices) throws Exception {
    Testbed bed = new Testbed(Strategy.powerOfChoices(choices), 2, Testbed.weighted(1, 2, 5));
    open(bed, 800);

    assertThat(bed.member("m0").inFlight()).as("seed 2").isBetween(90, 110);
    assertThat(bed.member("m1").inFlight()).as("seed 2").isBetween(190, 210);
    assertThat(bed.member("m2").inFlight()).as("seed 2").isBetween(485, 515);
  }

  /** Of two members both are drawn each time, so that the less loaded always wins. */
  @Test
  void ofTwo_theLessLoaded() throws Exception {
    Testbed bed = new Testbed(Strategy.powerOfTwoChoices(), 3, Testbed.equal(2));
    for (int i = 0; i < 1_000; i++) {
      int before = bed.member("m0").inFlight() - bed.member("m1").inFlight();
      String picked = bed.balancer.acquire().backend().id();
      if (before != 0) {
        assertThat(picked).isEqualTo(before < 0 ? "m0" : "m1");
      }
    }
  }

  /** An idle member that ramps up must not win over each that is busy. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.1, 1e-12})
  void lightMember_littleLoad_getsNoMoreThanItsShare(double factor) throws Exception {
    assertThat(Testbed.shareOfALightMember(Strategy.powerOfTwoChoices(), factor))
        .as("seed 13")
        .isBetween(factor / (1 + factor) / 3 - 1e-9, factor / (1 + factor) * 1.2 + 1e-9);
  }

  /** One has nearly all of the weight, so that further draws find it again and again: others are to be compared all the same. */
  @Test
  void skewed_allChoicesCount() throws Exception {
    Testbed bed = new Testbed(Strategy.powerOfChoices(3), 4, Testbed.weighted(3, 1, 1));
    open(bed, 500);

    // With three drawn of three the least loaded is always found.
    assertThat(bed.member("m1").inFlight()).as("seed 4").isBetween(96, 104);
    assertThat(bed.member("m2").inFlight()).as("seed 4").isBetween(96, 104);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1, 11})
  void choices_outOfRange_refused(int choices) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Strategy.powerOfChoices(choices))
        .withMessage("choices: " + choices + " (expected: 2 to 10)");
  }
}
