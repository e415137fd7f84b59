package io.fairlead.benchmarks;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.Draws;
import io.fairlead.strategy.Strategy;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The program that tells how many bytes tables of hashes retain: by how much less of the heap is free after a collection. From
 * each balancer the same one is deducted with a strategy that has no table. A ring's bytes are told for each of its points.
 *
 * <p>To be run with {@code -XX:+UseSerialGC}: G1 gives large arrays whole regions, and counts these.
 */
public final class RingFootprint {

  private static final int COLLECTIONS = 4;

  private RingFootprint() {}

  /** Runs it, without arguments. */
  public static void main(String[] args) {
    System.out.println("| table | members | points or slots | bytes | bytes per point or slot |");
    System.out.println("|---|--:|--:|--:|--:|");
    for (int members : new int[] {100, 1_000, 10_000}) {
      for (int points : new int[] {40, 160, 640}) {
        // Beyond this many points each member gets half.
        int all = members * points > 1 << 22 ? members * points / 2 : members * points;
        row("ring " + points, members, all, ring(members, points));
      }
      int slots = members == 100 ? 65_537 : members == 1_000 ? 131_101 : 1_048_583; // by default
      row("maglev", members, slots, ofTable(members, Strategy.maglev()));
      row("TreeMap 160", members, members * 160, retained(() -> treeMap(members, 160)));
    }
  }

  /** How many bytes a ring retains. */
  static long ring(int members, int points) {
    return ofTable(members, ConsistentHash.builder().virtualNodes(points).build());
  }

  private static long ofTable(int members, Strategy strategy) {
    List<Backend> backends = IntStream.range(0, members)
        .mapToObj(i -> Backend.of("10.1." + i / 250 + "." + i % 250, 8080))
        .toList();
    long without = retained(() -> balancer(backends, Strategy.random()));
    return retained(() -> balancer(backends, strategy)) - without;
  }

  private static LoadBalancer balancer(List<Backend> backends, Strategy strategy) {
    return LoadBalancer.builder("footprint")
        .backends(backends)
        .strategy(strategy)
        .build();
  }

  private static Map<Long, Integer> treeMap(int members, int points) {
    Map<Long, Integer> ring = new TreeMap<>();
    for (int i = 0; i < members; i++) {
      Integer member = i;
      for (int k = 0; k < points; k++) {
        ring.put(Draws.next((long) i * points + k), member);
      }
    }
    return ring;
  }

  /** How many bytes something retains; what it needs once, such as classes, does not count. */
  static long retained(Supplier<?> maker) {
    used(maker.get());
    long before = used("");
    long after = used(maker.get());
    return after - before;
  }

  /** How much of the heap is in use while something is held. */
  private static long used(Object held) {
    try {
      long least = Long.MAX_VALUE;
      for (int i = 0; i < COLLECTIONS; i++) {
        System.gc();
        least = Math.min(
            least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
      }
      return least;
    } finally {
      Reference.reachabilityFence(held);
    }
  }

  private static void row(String table, int members, int points, long bytes) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %,d | %,d | %,d | %.1f |%n",
        table,
        members,
        points,
        bytes,
        (double) bytes / points);
  }
}
