package io.fairlead.benchmarks;

import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;

/**
 * The program that tells how the throughput of a client over loopback compares with that of a bare one. {@link InterceptorBenchmark}
 * can't: what it finds for one after the other differs more by what else goes on. So this takes turns, a hundred calls by each, and
 * compares each turn with the one beside it.
 */
public final class LoopbackThroughput {

  private static final int PAIRS = 3_000;
  private static final int CALLS = 100;
  private static final int WARMUP_PAIRS = 300;

  private LoopbackThroughput() {}

  /**
   * Calls per second of one client as a share of those of another.
   *
   * @param median of all pairs of turns
   * @param low where the median lies above, with 95 % confidence
   * @param high where it lies below
   */
  record Share(double median, double low, double high) {

    /** By order statistics: how many of the pairs are below the true median is binomial. */
    static Share of(double[] shares) {
      double[] sorted = shares.clone();
      Arrays.sort(sorted);
      int middle = sorted.length / 2;
      int within = (int) Math.min(middle, Math.ceil(0.98 * Math.sqrt(sorted.length)));
      int high = Math.min(middle + within, sorted.length - 1);
      return new Share(sorted[middle], sorted[middle - within], sorted[high]);
    }
  }

  /**
   * Runs it for one client, since a JVM that has run several compiles what they share for all of them.
   *
   * @param args one of {@link InterceptorBenchmark#impl}
   */
  public static void main(String[] args) throws IOException {
    compare(args[0], WARMUP_PAIRS);
    Share share = compare(args[0], PAIRS);
    System.out.printf(
        Locale.ROOT,
        "%s: %.1f %% of the bare client's throughput (95 %%: %.1f to %.1f)%n",
        args[0],
        100 * share.median(),
        100 * share.low(),
        100 * share.high());
  }

  static Share compare(String impl, int pairs) throws IOException {
    InterceptorBenchmark bare = client("referenceBare");
    InterceptorBenchmark other = client(impl);
    try {
      double[] shares = new double[pairs];
      for (int pair = 0; pair < pairs; pair++) {
        boolean bareFirst = pair % 2 == 0;
        long first = turnNanos(bareFirst ? bare : other);
        long second = turnNanos(bareFirst ? other : bare);
        shares[pair] = bareFirst ? (double) first / second : (double) second / first;
      }
      return Share.of(shares);
    } finally {
      other.tearDown();
      bare.tearDown();
    }
  }

  private static InterceptorBenchmark client(String impl) throws IOException {
    InterceptorBenchmark client = new InterceptorBenchmark();
    client.impl = impl;
    client.setUp();
    return client;
  }

  private static long turnNanos(InterceptorBenchmark client) throws IOException {
    long start = System.nanoTime();
    for (int call = 0; call < CALLS; call++) {
      client.loopback();
    }
    return System.nanoTime() - start;
  }
}
