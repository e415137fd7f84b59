package io.fairlead.lab;

import io.fairlead.lab.LimitResult.Moment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * How near limits came to the knee, to be read and to be computed with.
 *
 * @param header what is to be known of the program's run, a line each
 * @param results of all runs, those of one shape and kind together
 */
record LimitReport(List<String> header, List<LimitResult> results) {

  private static final String INTRODUCTION = """
      # How near adaptive limits come to the knee, in virtual time

      A server with as many workers as its *knee* says, exponential service times, and a queue without end. Clients ask it, each
      with a `ConcurrencyLimit` as it is by default, beginning at 20. For 30 s all is well, for 30 s the server has half of its
      workers or works at half of its speed, and for 30 s all is well again. *Open*: requests arrive at random at twice the
      capacity, and those refused are lost. *Closed*: four times as many callers as the server has workers, who ask again when
      they are answered, and if refused after about a service time.

      Figures are those at the end of the three periods, in this order. *Limit* is the sum of the clients' limits over the knee
      of that time (half of it while half of the workers are gone), on average over the last 3 s: the median of the runs.
      *Within 25 %* is how many of the runs have it between 0.75 and 1.25. *Throughput* is answers over what the server could
      give, and *p99* the response time in ms that one answer in a hundred exceeds, both over the last 10 s: the medians. A
      server that is never asked for more than its knee has a p99 of 4.6 service times. With 100,000 answers a second there is
      a quarter of the runs. Raw data: [concurrency-limits.csv](concurrency-limits.csv).

      The seeds are not those that the constants were chosen with.
      """;

  private static final List<String> COLUMNS = List.of("limit", "in_flight", "throughput", "p99_ms");

  String markdown() {
    StringBuilder text = new StringBuilder(INTRODUCTION).append('\n');
    header.forEach(line -> text.append("- ").append(line).append('\n'));
    appendSummary(text);
    Map<String, List<LimitResult>> sections = new LinkedHashMap<>();
    for (LimitResult result : results) {
      sections
          .computeIfAbsent(section(result.shape()), key -> new ArrayList<>())
          .add(result);
    }
    sections.forEach((title, members) -> appendSection(text, title, members));
    return text.toString();
  }

  private static String clients(int clients) {
    return clients == 1 ? "one client" : clients + " clients";
  }

  private static String section(LimitShape shape) {
    String clients = clients(shape.clients());
    return Character.toUpperCase(clients.charAt(0)) + clients.substring(1) + ", "
        + shape.callers().text();
  }

  /** Over all moments of all runs: how many are near the knee. */
  private void appendSummary(StringBuilder text) {
    text.append("\n## In all\n\n| kind | clients | answers per second | runs |"
        + " within 25 % | of moments |\n|---|--:|--:|--:|--:|--:|\n");
    for (String kind : results.stream().map(LimitResult::kind).distinct().toList()) {
      for (int clients :
          results.stream().map(r -> r.shape().clients()).distinct().toList()) {
        Predicate<LimitResult> these = r -> r.kind().equals(kind) && r.shape().clients() == clients;
        appendSummary(text, kind, clients, "100", these.and(r -> perSecond(r) <= 100));
        appendSummary(text, kind, clients, "500 and more", these.and(r -> perSecond(r) > 100));
      }
    }
  }

  private static double perSecond(LimitResult result) {
    return result.shape().perSecondIn(false);
  }

  private void appendSummary(
      StringBuilder text, String kind, int clients, String rate, Predicate<LimitResult> which) {
    List<LimitResult> runs = results.stream().filter(which).toList();
    if (runs.isEmpty()) {
      return;
    }
    List<Moment> moments = runs.stream().flatMap(run -> run.moments().stream()).toList();
    long near = moments.stream().filter(Moment::isNear).count();
    text.append(String.format(
        Locale.ROOT,
        "| %s | %d | %s | %d | %.1f %% | %d |\n",
        kind,
        clients,
        rate,
        runs.size(),
        100.0 * near / moments.size(),
        moments.size()));
  }

  private static void appendSection(StringBuilder text, String title, List<LimitResult> results) {
    text.append("\n## ").append(title).append("\n\n");
    text.append("| knee | service | trouble | kind | limit | within 25 % | throughput | p99 |\n")
        .append("|--:|--:|---|---|--:|--:|--:|--:|\n");
    // In the order in which they come.
    Map<List<Object>, List<LimitResult>> rows = results.stream()
        .collect(Collectors.groupingBy(
            result -> List.of(result.shape(), result.kind()),
            LinkedHashMap::new,
            Collectors.toList()));
    rows.values().forEach(runs -> appendRow(text, runs));
  }

  private static void appendRow(StringBuilder text, List<LimitResult> runs) {
    LimitShape shape = runs.get(0).shape();
    StringJoiner near = new StringJoiner(", ");
    for (int i = 0; i < 3; i++) {
      int moment = i;
      near.add(Long.toString(
          runs.stream().filter(run -> run.moments().get(moment).isNear()).count()));
    }
    text.append(String.format(
        Locale.ROOT,
        "| %d | %d ms | %s | %s | %s | %s of %d | %s | %s |\n",
        shape.knee(),
        shape.serviceMillis(),
        shape.trouble().text(),
        runs.get(0).kind(),
        medians(runs, "%.2f", Moment::limit),
        near,
        runs.size(),
        medians(runs, "%.2f", Moment::throughput),
        medians(runs, shape.serviceMillis() < 10 ? "%.1f" : "%.0f", Moment::p99Millis)));
  }

  private static String medians(
      List<LimitResult> runs, String format, ToDoubleFunction<Moment> figure) {
    StringJoiner all = new StringJoiner(", ");
    for (int i = 0; i < 3; i++) {
      int moment = i;
      double[] sorted = runs.stream()
          .mapToDouble(run -> figure.applyAsDouble(run.moments().get(moment)))
          .sorted()
          .toArray();
      double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
      all.add(String.format(Locale.ROOT, format, median));
    }
    return all.toString();
  }

  String csv() {
    StringBuilder text = new StringBuilder();
    header.forEach(line -> text.append("# ").append(line).append('\n'));
    text.append("knee,service_ms,clients,callers,trouble,kind,seed");
    for (String moment : List.of("before", "in_trouble", "after")) {
      COLUMNS.forEach(column -> text.append(',').append(column).append('_').append(moment));
    }
    text.append('\n');
    results.forEach(result -> appendLine(text, result));
    return text.toString();
  }

  private static void appendLine(StringBuilder text, LimitResult result) {
    LimitShape shape = result.shape();
    StringJoiner line = new StringJoiner(",")
        .add(Integer.toString(shape.knee()))
        .add(Integer.toString(shape.serviceMillis()))
        .add(Integer.toString(shape.clients()))
        .add(shape.callers().text())
        .add(shape.trouble().text())
        .add(result.kind())
        .add(Long.toString(result.seed()));
    for (Moment moment : result.moments()) {
      line.add(decimal(moment.limit()))
          .add(decimal(moment.inFlight()))
          .add(decimal(moment.throughput()))
          .add(decimal(moment.p99Millis()));
    }
    text.append(line).append('\n');
  }

  private static String decimal(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value);
  }
}
