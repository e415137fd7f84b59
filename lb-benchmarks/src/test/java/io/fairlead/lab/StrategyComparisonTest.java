package io.fairlead.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.strategy.Strategy;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StrategyComparisonTest {

  @TempDir
  Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** All of them would take as long as the program does. */
  private static final List<Scenario> SCENARIOS = List.of(Scenarios.three(), Troubles.oneSlow());

  private int run(String... args) {
    return StrategyComparison.run(
        new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), SCENARIOS, args);
  }

  @Test
  void run_writesAllFiles() throws Exception {
    assertThat(run("--seed", "1", "--out", directory.toString())).isZero();

    String tables = Files.readString(directory.resolve("strategies-comparison.md"));
    List<String> figures = Files.readAllLines(directory.resolve("strategies-comparison.csv"));
    List<String> timeline = Files.readAllLines(directory.resolve("strategies-one-slow.csv"));
    int strategies = Contenders.all().size();
    SCENARIOS.forEach(scenario -> assertThat(tables).contains("## " + scenario.name() + "\n"));
    assertThat(tables)
        .contains("- Seed: 1\n", "io.fairlead.lab.StrategyComparison --seed 1`", "JDK: ", "Date: ");
    assertThat(figures).contains("# Seed: 1");
    assertThat(figures.stream().filter(line -> !line.startsWith("#")))
        .hasSize(1 + strategies * SCENARIOS.size());
    assertThat(timeline.stream().filter(line -> !line.startsWith("#")))
        .hasSize(1 + strategies * 110 * 10)
        .contains("strategy,second,server,attempts,share");
  }

  @ParameterizedTest
  @CsvSource({
    "--seed x,           '--seed: x (expected: a whole number, as in 42)'",
    "--seed,             '--seed: its value is missing'",
    "--seed --out,       '--seed: its value is missing'",
    "--seed 1 --seed 2,  '--seed: given twice'",
    "--sed 1,            '--sed: unknown option'",
    "--keys 1,           '--keys: unknown option'",
    "--out /dev/null/no, '--out: /dev/null/no (expected: an existing directory)'",
  })
  void run_badArguments_saysWhatIsWrong(String args, String message) {
    assertThat(run(args.split(" "))).isEqualTo(2);

    assertThat(err.toString(UTF_8)).startsWith(message + System.lineSeparator());
    assertThat(out.toString(UTF_8)).isEmpty();
  }

  @Test
  void run_help_tellsUsage() {
    assertThat(run("--help")).isZero();

    assertThat(out.toString(UTF_8)).isEqualTo(Program.STRATEGY_COMPARISON.usage());
  }

  @Test
  void reports_noFigure_isNoNumber() {
    Scenario scenario = Scenario.builder("dead")
        .description("Nobody answers.")
        .server(ServerSpec.builder("s").fault(Fault.failing(1, Span.ALWAYS)))
        .rate(100)
        .duration(Duration.ofSeconds(2))
        .measured(Span.ALWAYS)
        .build();

    Comparison comparison = Comparison.run(
        List.of("Seed: 1"),
        List.of(scenario),
        Map.of("roundRobin", Strategy.roundRobin()),
        1,
        name -> {});

    assertThat(MarkdownReport.of(comparison))
        .contains("Nobody answers.", "| roundRobin | – | – | – | – | 100.00 % | – | 1.000 |");
    assertThat(CsvReport.figures(comparison))
        .startsWith("# Seed: 1\nscenario,strategy,calls,")
        .contains(",0,0,,,,,,,1.00000,,1.00000\n")
        .doesNotContain("NaN");
  }
}
