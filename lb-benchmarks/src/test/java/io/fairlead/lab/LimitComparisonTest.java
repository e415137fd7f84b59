package io.fairlead.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.lab.LimitShape.Callers;
import io.fairlead.lab.LimitShape.Trouble;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitComparisonTest {

  private static final LimitShape OPEN =
      new LimitShape(20, 100, 1, Trouble.HALF_THE_WORKERS, Callers.OPEN);
  private static final LimitShape CLOSED =
      new LimitShape(20, 100, 4, Trouble.HALF_THE_SPEED, Callers.CLOSED);

  @TempDir
  Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    return LimitComparison.run(
        new PrintStream(out, true, UTF_8),
        new PrintStream(err, true, UTF_8),
        List.of(OPEN, CLOSED),
        args);
  }

  private static LimitResult fixed(int limit, LimitShape shape) {
    return LimitTrial.run(shape, "fixed", () -> ConcurrencyLimit.fixed(limit), Runs.SEED);
  }

  /** The model by itself: with a limit at the knee, the server is at work all the time and nobody waits. */
  @Test
  void fixedAtTheKnee_open_hasTheThroughputAndTheTimesOfTheory() {
    LimitResult.Moment before = fixed(20, OPEN).moments().get(0);

    assertThat(before.limit()).isEqualTo(1);
    // Of 20 places, so many are taken if 40 requests ask for one in the time that one is held
    // (Erlang B).
    assertThat(before.inFlight()).isBetween(0.9, 1.0);
    assertThat(before.throughput()).isBetween(0.85, 1.05);
    assertThat(before.p99Millis()).isCloseTo(460.5, Percentage.withPercentage(15));
  }

  @Test
  void fixedAboveTheKnee_halfTheWorkers_isTwiceAsFarAboveIt_andRequestsWait() {
    List<LimitResult.Moment> moments = fixed(60, OPEN).moments();

    assertThat(moments.get(1).limit()).isEqualTo(6);
    assertThat(moments.get(1).inFlight()).isGreaterThan(5.8);
    assertThat(moments.get(1).throughput()).isBetween(0.9, 1.1);
    assertThat(moments.get(1).p99Millis()).isGreaterThan(1.1 * moments.get(0).p99Millis());
    assertThat(moments.get(2).limit()).isEqualTo(3);
  }

  @Test
  void fixedBeyondTheCallers_closed_hasAllOfThemInFlight() {
    List<LimitResult.Moment> moments = fixed(100, CLOSED).moments();

    assertThat(moments).extracting(LimitResult.Moment::limit).containsOnly(20.0);
    assertThat(moments).extracting(LimitResult.Moment::inFlight).containsOnly(4.0);
    assertThat(moments.get(1).p99Millis()).isGreaterThan(1.5 * moments.get(0).p99Millis());
    assertThat(moments.get(1).isNear()).isFalse();
  }

  @Test
  void shapes_areTwentyFourOpen_andFourClosed() {
    assertThat(LimitShape.all()).doesNotHaveDuplicates().hasSize(28);
    assertThat(LimitShape.all())
        .filteredOn(shape -> shape.callers() == Callers.CLOSED)
        .hasSize(4);
  }

  @Test
  void run_writesBothFiles_theSameAgain() throws Exception {
    String[] args = {"--runs", "2", "--seed", "5", "--out", directory.toString()};
    assertThat(run(args)).isZero();
    String tables = Files.readString(directory.resolve("concurrency-limits.md"));
    String figures = Files.readString(directory.resolve("concurrency-limits.csv"));

    assertThat(tables)
        .contains("LimitComparison --runs 2 --seed 5`\n", "- Seeds: 5 to 6\n", "- CPU: ")
        .contains("## One client, open\n", "## 4 clients, closed\n", "| 20 | 100 ms | half the");
    int kinds = LimitComparison.contenders().size();
    assertThat(figures.lines().filter(line -> !line.startsWith("#")))
        .hasSize(1 + 2 * kinds * 2)
        .allMatch(line -> line.split(",", -1).length == 7 + 3 * 4);

    assertThat(run(args)).isZero();
    assertThat(Files.readString(directory.resolve("concurrency-limits.csv"))).isEqualTo(figures);
  }

  @ParameterizedTest
  @CsvSource({
    "--runs 0,  '--runs: 0 (expected: 1 to 1000)'",
    "--runs x,  '--runs: x (expected: 1 to 1000)'",
    "--keys 10, '--keys: unknown option'",
  })
  void run_badArguments_saysWhatIsWrong(String args, String message) {
    assertThat(run(args.split(" "))).isEqualTo(2);

    assertThat(err.toString(UTF_8))
        .startsWith(message + System.lineSeparator())
        .endsWith(Program.LIMIT_COMPARISON.usage());
  }
}
