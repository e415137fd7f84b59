package io.fairlead.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.fairlead.lab.CsvTable.Row;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is drawn here: that takes fonts, which not every machine has. */
class PlotsTest {

  @TempDir
  Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    return Plots.run(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), args);
  }

  private CsvTable table(String text) throws IOException {
    Path file = directory.resolve("table.csv");
    Files.writeString(file, text);
    return CsvTable.read(file);
  }

  @Test
  void run_nothingRecorded_saysWhatIsMissing() {
    assertThat(run("--results", directory.toString(), "--out", directory.toString()))
        .isEqualTo(1);
    assertThat(err.toString(UTF_8)).contains("strategies-one-slow.csv");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void run_nowhereToWriteTo_isRefused() {
    assertThat(run("--out", directory.resolve("none").toString())).isEqualTo(2);
    assertThat(err.toString(UTF_8)).contains("--out", "expected: an existing directory");
  }

  @Test
  void table_commentsAndGaps_areReadAsSuch() throws Exception {
    CsvTable table = table("# Seed: 1\nname,share\nb,0.5\na,\nb,1\n");

    assertThat(table.distinct("name")).containsExactly("b", "a");
    assertThat(table.rows(row -> row.has("name", "b")))
        .extracting(row -> row.number("share"))
        .containsExactly(0.5, 1.0);
    Row gap = table.rows(row -> row.has("name", "a")).get(0);
    assertThat(gap.number("share")).isNaN();
  }

  @Test
  void table_unlikeItsNames_isRefused() {
    assertThatIOException()
        .isThrownBy(() -> table("name,share\na\n"))
        .withMessageContaining("1 values (expected: 2)");
    assertThatIOException()
        .isThrownBy(() -> table("# nothing\n"))
        .withMessageContaining("no line of names");
  }
}
