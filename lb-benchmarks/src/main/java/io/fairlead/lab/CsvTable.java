package io.fairlead.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/** A file of comma-separated values as the laboratory writes it: comments, a line of names, and lines of values. Immutable. */
final class CsvTable {

  /** One line. */
  static final class Row {
    private final Map<String, String> values;

    private Row(Map<String, String> values) {
      this.values = values;
    }

    String text(String column) {
      return Objects.requireNonNull(values.get(column), column);
    }

    int integer(String column) {
      return Integer.parseInt(text(column));
    }

    /** NaN if there is no value. */
    double number(String column) {
      String text = text(column);
      return text.isEmpty() ? Double.NaN : Double.parseDouble(text);
    }

    /** Whether a value is this one. */
    boolean has(String column, Object value) {
      return text(column).equals(value.toString());
    }
  }

  private final List<Row> rows;

  private CsvTable(List<Row> rows) {
    this.rows = List.copyOf(rows);
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or is no such file
   */
  static CsvTable read(Path file) throws IOException {
    List<List<String>> lines = Files.readAllLines(file).stream()
        .filter(line -> !line.startsWith("#"))
        .map(line -> Arrays.asList(line.split(",", -1)))
        .toList();
    if (lines.isEmpty()) {
      throw new IOException(file + ": no line of names");
    }
    List<String> names = lines.get(0);
    List<Row> rows = new ArrayList<>();
    for (List<String> line : lines.subList(1, lines.size())) {
      if (line.size() != names.size()) {
        throw new IOException(
            file + ": " + line.size() + " values (expected: " + names.size() + ")");
      }
      Map<String, String> values = new LinkedHashMap<>();
      for (int i = 0; i < line.size(); i++) {
        values.put(names.get(i), line.get(i));
      }
      rows.add(new Row(values));
    }
    return new CsvTable(rows);
  }

  List<Row> rows(Predicate<Row> condition) {
    return rows.stream().filter(condition).toList();
  }

  /** The values of a column, each once, in the order in which they come. */
  List<String> distinct(String column) {
    return rows.stream().map(row -> row.text(column)).distinct().toList();
  }
}
