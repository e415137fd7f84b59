package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;

/** Whether counts are as far from what is expected as chance puts them. */
public final class ChiSquare {

  private ChiSquare() {}

  /**
   * Fails if they are further off than by chance once in a million times or so.
   *
   * @param shares the expected share of each, in any unit
   */
  public static void assertFits(
      Map<String, Integer> counts, Map<String, Double> shares, String what) {
    double all = counts.values().stream().mapToInt(Integer::intValue).sum();
    double unit = shares.values().stream().mapToDouble(Double::doubleValue).sum();
    assertThat(shares.keySet()).as(what).containsAll(counts.keySet());
    double statistic = 0;
    for (Map.Entry<String, Double> share : shares.entrySet()) {
      double expected = all * share.getValue() / unit;
      double off = counts.getOrDefault(share.getKey(), 0) - expected;
      statistic += off * off / expected;
    }
    // Wilson and Hilferty: its cube root is nearly normal. 4.75 deviations are one in a million.
    double freedom = shares.size() - 1;
    double deviation = 2 / (9 * freedom);
    double z = (Math.cbrt(statistic / freedom) - (1 - deviation)) / Math.sqrt(deviation);
    assertThat(z)
        .as(
            "%s: counts %s for shares %s (chi-square %.1f, %.2f deviations)",
            what, counts, shares, statistic, z)
        .isLessThan(4.75);
  }
}
