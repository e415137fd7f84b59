package io.fairlead.lab;

import io.fairlead.lab.HashingResult.Leaving;
import io.fairlead.lab.HashingResult.Load;
import io.fairlead.lab.HashingResult.OneAway;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;

/**
 * How strategies share out keys, to be read and to be computed with.
 *
 * @param header what is to be known of the run, a line each
 * @param results of all strategies with all sets of members
 */
record HashingReport(List<String> header, List<HashingResult> results) {

  private static final String EXPLANATION = """

      **Load** is in proportion to what a member should get by its weight. Chance alone makes some of the deviation, since keys
      are random: *by chance* is how much, if shares are exact.

      **Keys that move** when members leave, and when they return: the keys of those who leave have to; *excess* is what moves
      from one who stays to another who stays, and *excess, back* is the same when they return. *Not restored* is what has
      another owner after the return than before. *Unavailable: excess* is the excess when the same members stay in the pool
      and get a hard veto instead, and *as if left* the share of their keys that then go to whom they go if they leave.

      **One unavailable**: how many of the others get keys of a member that has a hard veto, how many would with so many keys
      if chance alone decided, and what share of its keys goes to one of them: means over ten such members, and the worst of
      them.
      """;

  String markdown() {
    int keys = results.isEmpty() ? 0 : results.get(0).keys();
    StringBuilder text = new StringBuilder(String.format(Locale.ROOT, """
        # How keys are shared out

        Real balancers, asked through their public API who gets each of %,d random keys. *ring 160* is `consistentHash` with
        its default of 160 virtual nodes; the others have their defaults too. Raw data: [hashing.csv](hashing.csv).

        """, keys));
    header.forEach(line -> text.append("- ").append(line).append('\n'));
    text.append(EXPLANATION);
    Set<HashingSet> sets = new LinkedHashSet<>();
    results.forEach(result -> sets.add(result.set()));
    for (HashingSet set : sets) {
      append(
          text, set, results.stream().filter(result -> result.set().equals(set)).toList());
    }
    return text.toString();
  }

  private static void append(StringBuilder text, HashingSet set, List<HashingResult> results) {
    text.append(
        String.format(Locale.ROOT, "\n## %,d members, weights %s\n", set.members(), set.weights()));
    text.append("""

        | strategy | max/mean | min/mean | standard deviation | by chance |\
         one unavailable: goes to | by chance | largest share | at worst |
        |---|--:|--:|--:|--:|--:|--:|--:|--:|
        """);
    for (HashingResult result : results) {
      Load load = result.load();
      OneAway away = result.oneAway();
      text.append(String.format(
          Locale.ROOT,
          "| %s | %.3f | %.3f | %.2f %% | %.2f %% | %.1f | %.1f | %.2f %% | %.2f %% |\n",
          result.strategy(),
          load.max(),
          load.min(),
          100 * load.deviation(),
          100 * load.chance(),
          away.receivers(),
          away.receiversByChance(),
          100 * away.largestShare(),
          100 * away.largestShareAtWorst()));
    }
    text.append("""

        | strategy | leave | have to move | excess | excess, back | not restored |\
         unavailable: excess | as if left |
        |---|--:|--:|--:|--:|--:|--:|--:|
        """);
    int rows = results.get(0).leavings().size();
    for (int row = 0; row < rows; row++) {
      for (HashingResult result : results) {
        append(text, result, result.leavings().get(row));
      }
    }
  }

  private static void append(StringBuilder text, HashingResult result, Leaving leaving) {
    text.append("| ").append(result.strategy()).append(" | ").append(leaving.leavers());
    int[] counts = {
      leaving.minimum(),
      leaving.excess(),
      leaving.excessBack(),
      leaving.notRestored(),
      leaving.excessUnavailable()
    };
    for (int count : counts) {
      text.append(" | ").append(count == 0 ? "0" : percent((double) count / result.keys()));
    }
    text.append(" | ")
        .append(
            leaving.minimum() == 0
                ? "–"
                : String.format(
                    Locale.ROOT, "%.1f %%", 100.0 * leaving.asIfLeft() / leaving.minimum()))
        .append(" |\n");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.3f %%", 100 * share);
  }

  /** A line for each strategy, set of members, and number of those who leave. */
  String csv() {
    StringBuilder text = new StringBuilder();
    header.forEach(line -> text.append("# ").append(line).append('\n'));
    text.append("members,weights,strategy,keys,max_over_mean,min_over_mean,deviation,"
        + "deviation_by_chance,receivers,receivers_by_chance,largest_share,largest_share_at_worst,"
        + "leavers,must_move,excess,excess_back,not_restored,excess_unavailable,as_if_left\n");
    for (HashingResult result : results) {
      for (Leaving leaving : result.leavings()) {
        append(result, leaving, text);
      }
    }
    return text.toString();
  }

  private static void append(HashingResult result, Leaving leaving, StringBuilder text) {
    Load load = result.load();
    OneAway away = result.oneAway();
    StringJoiner line = new StringJoiner(",")
        .add(Integer.toString(result.set().members()))
        .add(result.set().weights())
        .add(result.strategy())
        .add(Integer.toString(result.keys()));
    double[] figures = {
      load.max(),
      load.min(),
      load.deviation(),
      load.chance(),
      away.receivers(),
      away.receiversByChance(),
      away.largestShare(),
      away.largestShareAtWorst()
    };
    for (double figure : figures) {
      line.add(String.format(Locale.ROOT, "%.5f", figure));
    }
    int[] counts = {
      leaving.leavers(),
      leaving.minimum(),
      leaving.excess(),
      leaving.excessBack(),
      leaving.notRestored(),
      leaving.excessUnavailable(),
      leaving.asIfLeft()
    };
    for (int count : counts) {
      line.add(Integer.toString(count));
    }
    text.append(line).append('\n');
  }
}
