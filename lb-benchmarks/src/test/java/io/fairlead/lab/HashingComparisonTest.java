package io.fairlead.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.lab.HashingResult.Leaving;
import io.fairlead.lab.HashingResult.Load;
import io.fairlead.strategy.Strategy;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HashingComparisonTest {

  private static final int KEYS = 20_000;

  @TempDir
  Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private static final List<HashingSet> SETS =
      List.of(new HashingSet(10, 1), new HashingSet(40, 5));

  private int run(String... args) {
    return HashingComparison.run(
        new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), SETS, args);
  }

  private static HashingResult trial(String contender, HashingSet set) {
    Strategy strategy = Objects.requireNonNull(HashingComparison.contenders().get(contender));
    return HashingTrial.run(set, contender, strategy, Runs.SEED, KEYS);
  }

  static Stream<Arguments> all() {
    return HashingComparison.contenders().keySet().stream()
        .flatMap(contender -> SETS.stream().map(set -> Arguments.of(contender, set)));
  }

  @ParameterizedTest
  @MethodSource("all")
  void anyStrategy_membersReturn_keysAreWhereTheyWere(String contender, HashingSet set) {
    assertThat(trial(contender, set).leavings()).isNotEmpty().allSatisfy(leaving -> {
      assertThat(leaving.minimum()).isPositive();
      assertThat(leaving.notRestored()).isZero();
      assertThat(leaving.excessBack()).isEqualTo(leaving.excess());
    });
  }

  @ParameterizedTest
  @MethodSource("all")
  void anyStrategy_membersUnavailable_onlyTheirKeysMove(String contender, HashingSet set) {
    assertThat(trial(contender, set).leavings())
        .extracting(Leaving::excessUnavailable)
        .containsOnly(0);
  }

  @ParameterizedTest
  @MethodSource("all")
  void ringAndRendezvous_membersLeave_onlyTheirKeysMoveAndOnce(String contender, HashingSet set) {
    if (contender.equals("maglev")) {
      return;
    }
    assertThat(trial(contender, set).leavings()).allSatisfy(leaving -> {
      assertThat(leaving.excess()).isZero();
      assertThat(leaving.asIfLeft()).isEqualTo(leaving.minimum());
    });
  }

  /** 1.7 % of all keys in the worst case of the published figures. */
  @Test
  void maglev_membersLeave_fewOtherKeysMove() {
    for (HashingSet set : SETS) {
      assertThat(trial("maglev", set).leavings())
          .extracting(Leaving::excess)
          .allSatisfy(excess -> assertThat(excess).isBetween(1, KEYS * 3 / 100));
    }
  }

  @ParameterizedTest
  @CsvSource({"ring 40, 0.35", "ring 160, 0.2", "ring 640, 0.12"})
  void ring_deviation_fallsWithVirtualNodes(String contender, double most) {
    assertThat(trial(contender, SETS.get(0)).load().deviation()).isLessThan(most);
  }

  @ParameterizedTest
  @CsvSource({"maglev, 0", "maglev, 1", "rendezvous, 0", "rendezvous, 1"})
  void maglevAndRendezvous_load_deviatesByChanceOnly(String contender, int set) {
    Load load = trial(contender, SETS.get(set)).load();

    assertThat(load.deviation()).isLessThan(2 * load.chance());
    assertThat(load.max()).isGreaterThan(1);
    assertThat(load.min()).isLessThan(1);
  }

  @Test
  void oneUnavailable_keysAreSpread() {
    for (String contender : List.of("ring 160", "maglev", "rendezvous")) {
      HashingResult.OneAway away = trial(contender, SETS.get(0)).oneAway();
      assertThat(away.receivers()).isEqualTo(9);
      assertThat(away.receiversByChance()).isBetween(8.9, 9.0);
      assertThat(away.largestShare()).isBetween(1 / 9.0, 0.3);
      assertThat(away.largestShareAtWorst()).isBetween(away.largestShare(), 0.35);
    }
  }

  @Test
  void leavings_areOneAndOnePercentAndTenPercent() {
    assertThat(HashingTrial.run(new HashingSet(300, 1), "m", Strategy.maglev(), 1, 1_000)
            .leavings())
        .extracting(Leaving::leavers)
        .containsExactly(1, 3, 30);
  }

  @Test
  void run_writesBothFiles_theSameAgain() throws Exception {
    String[] args = {"--keys", "2000", "--seed", "5", "--out", directory.toString()};
    assertThat(run(args)).isZero();
    String tables = Files.readString(directory.resolve("hashing.md"));
    String figures = Files.readString(directory.resolve("hashing.csv"));

    assertThat(tables)
        .contains(
            "each of 2,000 random keys", "- Seed: 5\n", "HashingComparison --keys 2000 --seed")
        .contains("- CPU: ", "## 10 members, weights equal\n", "## 40 members, weights 1 to 5\n");
    int contenders = HashingComparison.contenders().size();
    assertThat(figures.lines().filter(line -> !line.startsWith("#")))
        .hasSize(1 + contenders * (1 + 2)) // one leaves; one or four of forty
        .allMatch(line -> line.split(",", -1).length == 19);

    assertThat(run(args)).isZero();
    assertThat(Files.readString(directory.resolve("hashing.csv"))).isEqualTo(figures);
  }

  @ParameterizedTest
  @CsvSource({
    "--keys 0,       '--keys: 0 (expected: 1 to 100000000)'",
    "--keys x,       '--keys: x (expected: 1 to 100000000)'",
    "--results /tmp, '--results: unknown option'",
  })
  void run_badArguments_saysWhatIsWrong(String args, String message) {
    assertThat(run(args.split(" "))).isEqualTo(2);

    assertThat(err.toString(UTF_8))
        .startsWith(message + System.lineSeparator())
        .endsWith(Program.HASHING_COMPARISON.usage());
  }
}
