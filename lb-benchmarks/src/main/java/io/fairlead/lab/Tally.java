package io.fairlead.lab;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Counts what happens while it happens. */
final class Tally {

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Span measured;
  private final int[][] sentBySecond; // and by server
  private final long[] sent; // by server, while measured
  private final Map<Ending, Long> endings = new EnumMap<>(Ending.class); // while measured
  private long[] latencies = new long[1024]; // of the successful, while measured
  private int latencyCount;
  private long begun;
  private long over;

  Tally(Scenario scenario) {
    int servers = scenario.servers().size();
    long longest = scenario.durationNanos() + scenario.timeoutNanos() * scenario.retries();
    this.measured = scenario.measured();
    this.sentBySecond = new int[(int) (longest / SECOND) + 1][servers];
    this.sent = new long[servers];
    for (Ending ending : Ending.values()) {
      endings.put(ending, 0L);
    }
  }

  /** A call began. */
  void began() {
    begun++;
  }

  /** An attempt was sent to a server. */
  void sent(int server, long now) {
    sentBySecond[(int) (now / SECOND)][server]++;
    if (measured.contains(now)) {
      sent[server]++;
    }
  }

  /** A call ended. */
  void ended(Ending ending, long start, long now) {
    over++;
    if (measured.contains(start)) {
      endings.merge(ending, 1L, Long::sum);
      if (ending == Ending.SUCCEEDED) {
        addLatency(now - start);
      }
    }
  }

  private void addLatency(long nanos) {
    if (latencyCount == latencies.length) {
      latencies = Arrays.copyOf(latencies, 2 * latencyCount);
    }
    latencies[latencyCount++] = nanos;
  }

  /** How many calls began, measured or not. */
  long begun() {
    return begun;
  }

  /** How many calls ended, measured or not. */
  long over() {
    return over;
  }

  long count(Ending ending) {
    return endings.getOrDefault(ending, 0L);
  }

  /** Of the successful calls, in ascending order. */
  long[] latencies() {
    long[] sorted = Arrays.copyOf(latencies, latencyCount);
    Arrays.sort(sorted);
    return sorted;
  }

  /** Attempts, by server. */
  long[] sent() {
    return sent.clone();
  }

  /** Attempts, by second and server, measured or not. */
  int[][] sentBySecond() {
    return Arrays.stream(sentBySecond).map(int[]::clone).toArray(int[][]::new);
  }
}
