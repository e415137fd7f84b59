package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.Lease;
import io.fairlead.backend.Backend;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import io.fairlead.testing.StrategyContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LeastResponseTimeTest implements StrategyContract {

  private static final Duration MS = Duration.ofMillis(1);

  @Override
  public Strategy strategy() {
    return Strategy.leastResponseTime();
  }

  private static Testbed bed(long seed, int members) {
    return new Testbed(Strategy.leastResponseTime(), seed, Testbed.equal(members));
  }

  private static Testbed bed(long seed, FakeClock clock, Strategy strategy) {
    return new Testbed(strategy, seed, Testbed.equal(2), clock, builder -> {});
  }

  /** One request after the other; who gets them, and each member takes as long, and answers, as it is told to. */
  private static Map<String, Integer> send(
      Testbed bed, int count, Function<String, Duration> time, Function<String, Outcome> outcome)
      throws Exception {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      try (Lease lease = bed.balancer.acquire()) {
        String id = lease.backend().id();
        bed.clock.advance(time.apply(id));
        lease.record(outcome.apply(id));
        counts.merge(id, 1, Integer::sum);
      }
    }
    return counts;
  }

  private static Map<String, Integer> sendAllAlike(Testbed bed, int count) throws Exception {
    return send(bed, count, id -> MS, id -> Outcome.success());
  }

  /** To a member that is named, whatever the strategy makes of it. */
  private static void sendTo(Testbed bed, String id, Outcome outcome, Duration time)
      throws Exception {
    String other = id.equals("m0") ? "m1" : "m0";
    bed.veto(other);
    bed.send(RequestContext.empty(), outcome, time);
    bed.lift(other);
  }

  @Test
  void allAlike_evenly() throws Exception {
    Testbed bed = bed(1, 5);

    assertThat(sendAllAlike(bed, 5_000).values())
        .as("seed 1")
        .allMatch(count -> count > 900 && count < 1_100);
  }

  @Test
  void underLoad_inFlightIsInProportionToWeight() throws Exception {
    Testbed bed = new Testbed(Strategy.leastResponseTime(), 1, Testbed.weighted(1, 2, 5));
    sendAllAlike(bed, 100);
    for (int i = 0; i < 800; i++) {
      bed.balancer.acquire();
    }

    assertThat(bed.member("m0").inFlight()).as("seed 1").isBetween(90, 110);
    assertThat(bed.member("m1").inFlight()).as("seed 1").isBetween(190, 210);
    assertThat(bed.member("m2").inFlight()).as("seed 1").isBetween(485, 515);
  }

  @Test
  void slowServer_getsLittle() throws Exception {
    Testbed bed = bed(1, 4);
    Map<String, Integer> counts =
        send(bed, 5_000, id -> id.equals("m0") ? MS.multipliedBy(20) : MS, id -> Outcome.success());

    assertThat(counts.get("m0")).as("seed 1").isBetween(1, 100);
  }

  /** The first slow answer is enough. */
  @Test
  void serverBecomesSlow_losesItsShareAtOnce_andGetsItBackLittleByLittle() throws Exception {
    Testbed bed = bed(2, 2);
    sendAllAlike(bed, 100);
    sendTo(bed, "m0", Outcome.success(), Duration.ofMillis(50));

    assertThat(sendAllAlike(bed, 100)).as("at once").isEqualTo(Map.of("m1", 100));
    int regained = 0;
    for (int second = 0; second < 120; second++) {
      bed.clock.advance(Duration.ofSeconds(1));
      regained += sendAllAlike(bed, 10).containsKey("m0") ? 1 : 0;
    }
    assertThat(regained).as("seconds of 120 in which it gets some again").isBetween(40, 119);
  }

  /** It would be the fastest of all. */
  @Test
  void serverFailsFast_getsLittle() throws Exception {
    Testbed bed = bed(3, 3);
    Map<String, Integer> counts = send(
        bed,
        5_000,
        id -> id.equals("m0") ? Duration.ofNanos(1_000) : MS.multipliedBy(10),
        id -> id.equals("m0") ? Outcome.serverError() : Outcome.success());

    assertThat(counts.get("m0")).as("seed 3").isBetween(1, 150);
  }

  @Test
  void serverFailsFast_withoutPenalty_getsMost() throws Exception {
    Testbed bed =
        bed(3, new FakeClock(), LeastResponseTime.builder().failurePenalty(0).build());
    Map<String, Integer> counts = send(
        bed,
        1_000,
        id -> id.equals("m0") ? Duration.ofNanos(1_000) : MS.multipliedBy(10),
        id -> id.equals("m0") ? Outcome.serverError() : Outcome.success());

    assertThat(counts.get("m0")).as("which is what the penalty is for").isGreaterThan(950);
  }

  /** It has no slow answers: it has none. */
  @Test
  void blackHole_isNoticedByAge_longBeforeAnyTimeout() throws Exception {
    Testbed bed = bed(4, 2);
    sendAllAlike(bed, 100);
    List<Lease> silent = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      Lease lease = bed.balancer.acquire();
      if (lease.backend().id().equals("m0")) {
        silent.add(lease); // for ever
        bed.clock.advance(MS);
      } else {
        bed.clock.advance(MS);
        lease.record(Outcome.success());
        lease.close();
      }
    }

    assertThat(silent).as("requests in a second").hasSizeBetween(1, 3);
  }

  /** It answers all it has and is no slower than the other: requests in flight alone speak against it. */
  @Test
  void requestsInFlight_count() throws Exception {
    Testbed bed = bed(5, 2);
    sendAllAlike(bed, 100);
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      open.add(bed.balancer.acquire());
    }

    assertThat(bed.member("m0").inFlight()).isEqualTo(50);
    open.forEach(Lease::close);
  }

  @Test
  void unmeasured_getsOneAtATime_aheadOfOthers() throws Exception {
    Testbed bed = bed(6, 2);
    sendAllAlike(bed, 100);
    List<Backend> three = Testbed.equal(3);
    bed.update(three);
    List<Lease> open = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      open.add(bed.balancer.acquire());
    }

    assertThat(bed.member("m2").inFlight()).as("while its first is on the way").isEqualTo(1);
    bed.clock.advance(MS);
    open.forEach(lease -> lease.record(Outcome.success()));
    open.forEach(Lease::close);
    assertThat(sendAllAlike(bed, 3_000).get("m2")).as("once it is known").isBetween(900, 1_100);
  }

  @Test
  void nobodyIsMeasured_eachGetsSome() throws Exception {
    Testbed bed = bed(7, 2);
    for (int i = 0; i < 10; i++) {
      bed.balancer.acquire();
    }

    assertThat(bed.member("m0").inFlight()).isEqualTo(5);
  }

  /** One whose first answer, which is not counted, has come. */
  private static Latency met(long decayNanos) {
    Latency latency = new Latency(decayNanos, 0);
    latency.answered(Outcome.success(), 0, 0);
    return latency;
  }

  /** It has waited for the connection and for cold code: were it counted, the next request would be far away. */
  @Test
  void firstAnswer_isNotCounted() throws Exception {
    Testbed bed = bed(10, 2);
    sendTo(bed, "m0", Outcome.success(), Duration.ofSeconds(1));

    assertThat(sendAllAlike(bed, 100).get("m0")).as("seed 10").isBetween(30, 70);
  }

  /** A caller that closes leases without an outcome, or has a bug: the server that fails it must not seem fast. */
  @ParameterizedTest
  @EnumSource(names = {"ABANDONED", "IGNORED"})
  void attemptsThatTellNothing_fromTheBeginning_getLittle(Outcome.Kind kind) throws Exception {
    Outcome nothing = kind == Outcome.Kind.IGNORED ? Outcome.ignored() : Outcome.abandoned();
    for (int size : new int[] {2, 3, 10}) {
      Testbed bed = bed(11, size);
      int toM0 = 0;
      for (int i = 0; i < 2_000; i++) {
        try (Lease lease = bed.balancer.acquire()) {
          boolean bad = lease.backend().id().equals("m0");
          bed.clock.advance(bad ? MS : MS.multipliedBy(50));
          lease.record(bad ? nothing : Outcome.success());
          toM0 += bad ? 1 : 0;
        }
      }
      assertThat(toM0 / 2_000.0).as("of %d; seed 11", size).isLessThan(0.1);
    }
  }

  /** What was known holds, and does not fade to nothing: so it gets what it would if it were as fast as before. */
  @ParameterizedTest
  @EnumSource(names = {"ABANDONED", "IGNORED"})
  void attemptsThatTellNothing_fromNowOn_changeNothing(Outcome.Kind kind) {
    Latency latency = met(1_000_000);
    latency.answered(Outcome.success(), 0, 50_000_000);
    for (int i = 1; i < 100; i++) {
      long now = 50_000_000 + i * 1_000_000L;
      latency.answered(
          kind == Outcome.Kind.IGNORED ? Outcome.ignored() : Outcome.abandoned(), now - 10, now);
      assertThat(latency.cost() / latency.faded(now)).isEqualTo(50_000_000);
    }
  }

  /** Measured times are never level: without a lead for whom the draw has named, weights would tell nothing. */
  @ParameterizedTest
  @CsvSource({"9, 1", "1000000, 1", "2, 1"})
  void littleLoad_weightsCount(int heavy, int light) throws Exception {
    Testbed bed = new Testbed(Strategy.leastResponseTime(), 12, Testbed.weighted(heavy, light));
    SeededChance chance = SeededChance.of(12);
    Map<String, Integer> counts = send(
        bed,
        5_000,
        id -> Duration.ofNanos((long) (-1e6 * Math.log(1 - Draws.fraction(chance.nextLong())))),
        id -> Outcome.success());

    double fair = light / (double) (heavy + light);
    assertThat(counts.getOrDefault("m1", 0) / 5_000.0)
        .as("seed 12")
        .isBetween(fair / 2 - 0.005, fair * 1.3 + 0.005);
  }

  /** A hedge's loser was ended by the caller, and no one knows how long it would have taken. */
  @Test
  void abandoned_raisesOnly() {
    Latency latency = met(Duration.ofSeconds(10).toNanos());
    latency.answered(Outcome.success(), 0, 1_000_000);
    latency.answered(Outcome.abandoned(), 1_000_000, 1_001_000);
    assertThat(latency.cost()).isBetween(999_000.0, 1_000_000.0);
    assertThat(latency.failures()).isZero();

    latency.answered(Outcome.abandoned(), 1_001_000, 51_001_000);
    assertThat(latency.cost()).as("a fifth of the way to it").isBetween(10_700_000.0, 10_800_000.0);
    assertThat(latency.failures()).isZero();
  }

  @Test
  void ignored_teachesNothing() {
    Latency latency = met(Duration.ofSeconds(10).toNanos());
    latency.answered(Outcome.ignored(), 0, 1_000_000);
    assertThat(latency.cost()).isZero();
    latency.answered(Outcome.success(), 0, 1_000_000);
    latency.answered(Outcome.ignored(), 0, 2_000_000_000);

    assertThat(latency.cost()).isEqualTo(1_000_000);
  }

  /** An answer within the same nanosecond: 0 would mean that nothing is known. */
  @Test
  void noTimeAtAll_isKnownAllTheSame() {
    Latency latency = met(Duration.ofSeconds(10).toNanos());
    latency.answered(Outcome.success(), 5, 5);

    assertThat(latency.cost()).isEqualTo(1);
  }

  @Test
  void failures_growWithEachFailure_andShrinkWithEachSuccess() {
    Latency latency = new Latency(Duration.ofSeconds(10).toNanos(), 0);
    for (int i = 0; i < 50; i++) {
      double before = latency.failures();
      latency.answered(Outcome.serverError(), i, i + 1);
      assertThat(latency.failures()).isGreaterThan(before).isLessThan(1);
    }
    for (int i = 50; i < 100; i++) {
      double before = latency.failures();
      latency.answered(Outcome.success(), i, i + 1);
      assertThat(latency.failures()).isGreaterThanOrEqualTo(0).isLessThanOrEqualTo(before);
    }
    assertThat(latency.failures()).as("not for ever, in ever smaller numbers").isZero();
  }

  /** What failed once, or was slow, is tried again after a while although nobody else comes near it. */
  @Test
  void idle_whatIsKnownFades() throws Exception {
    Testbed bed = bed(8, 2);
    sendAllAlike(bed, 100);
    for (int i = 0; i < 10; i++) {
      sendTo(bed, "m0", Outcome.serverError(), MS);
    }
    assertThat(sendAllAlike(bed, 100)).isEqualTo(Map.of("m1", 100));
    bed.clock.advance(Duration.ofMinutes(2));

    assertThat(sendAllAlike(bed, 2)).containsKey("m0");
  }

  /** Clocks may start anywhere, and readings may wrap around: what is known fades all the same. */
  @ParameterizedTest
  @ValueSource(longs = {0, Long.MIN_VALUE, -1_000_000_000_000_000_000L, -1, Long.MAX_VALUE - 1_000})
  void anyClock_slowOneIsTriedAgain(long start) throws Exception {
    Testbed bed = bed(9, FakeClock.startingAt(start), Strategy.leastResponseTime());
    sendAllAlike(bed, 100);
    sendTo(bed, "m0", Outcome.success(), Duration.ofMillis(50));
    assertThat(sendAllAlike(bed, 100)).isEqualTo(Map.of("m1", 100));
    bed.clock.advance(Duration.ofMinutes(2));

    assertThat(sendAllAlike(bed, 20)).containsKey("m0");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MIN_VALUE, -1, Long.MAX_VALUE - 1_000})
  void anyClock_averageComesDown(long start) {
    Latency latency = new Latency(1_000_000, start);
    latency.answered(Outcome.success(), start, start + 1_000_000);
    for (int i = 1; i <= 20; i++) {
      long now = start + 1_000_000 * (1L + i);
      latency.answered(Outcome.success(), now - 1_000, now);
    }

    assertThat(latency.cost()).isBetween(1_000.0, 1_010.0);
  }

  /** Two readings of the clock by two threads may come the wrong way round. */
  @Test
  void answersOutOfOrder_nothingGrows() {
    Latency latency = met(1_000_000);
    latency.answered(Outcome.success(), 0, 5_000_000);
    latency.answered(Outcome.success(), 0, 4_000_000);

    assertThat(latency.cost()).isEqualTo(5_000_000);
    assertThat(latency.faded(3_000_000)).isEqualTo(1);
  }

  @Test
  void longIdle_allIsFinite() {
    Latency latency = new Latency(1_000_000, 0);
    latency.answered(Outcome.serverError(), 0, 1_000);

    assertThat(latency.faded(Long.MAX_VALUE)).isGreaterThan(1e100).isLessThan(1e300);
    latency.answered(Outcome.success(), Long.MAX_VALUE - 7, Long.MAX_VALUE);
    assertThat(latency.cost()).isBetween(6.9, 7.0);
    assertThat(latency.failures()).isZero();
  }

  @Test
  void severalThreads_averagesStayWithinWhatWasMeasured() throws Exception {
    Latency latency = new Latency(10_000, 0);
    Concurrently.run(() -> teach(latency, 1), () -> teach(latency, 2), () -> teach(latency, 3));

    assertThat(latency.cost()).isBetween(1.0, 1_000.0);
    assertThat(latency.failures()).isBetween(0.0, 1.0);
  }

  private static void teach(Latency latency, long seed) {
    SeededChance chance = SeededChance.of(seed);
    for (int i = 1; i < 50_000; i++) {
      long took = 1L + Draws.index(chance.nextLong(), 1_000);
      latency.answered(
          i % 7 == 0 ? Outcome.serverError() : Outcome.success(), i * 10L - took, i * 10L);
    }
  }

  @Test
  void settings_outOfRange_refused() {
    LeastResponseTime.Builder builder = LeastResponseTime.builder();
    for (Duration decay : List.of(Duration.ZERO, Duration.ofHours(2), Duration.ofNanos(999_999))) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.decay(decay));
    }
    for (double penalty : new double[] {-1, 1_001, Double.NaN}) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.failurePenalty(penalty));
    }
    assertThat(builder.build()).hasToString("leastResponseTime(decay PT10S, failurePenalty 10.0)");
  }
}
