package io.fairlead.lab;

import java.util.Arrays;
import java.util.List;

/**
 * How a simulation went. All but the totals and what is told by second is about the scenario's measured span. Immutable.
 */
final class Result {

  private final Scenario scenario;
  private final Tally tally;
  private final long[] latencies;
  private final long[] sent;
  private final long leftInFlight;

  Result(Scenario scenario, Tally tally, long leftInFlight) {
    this.scenario = scenario;
    this.tally = tally;
    this.latencies = tally.latencies();
    this.sent = tally.sent();
    this.leftInFlight = leftInFlight;
  }

  Scenario scenario() {
    return scenario;
  }

  /** How many calls there were, in all of the time. */
  long begunInAll() {
    return tally.begun();
  }

  /** How many of them ended: all, or the laboratory is broken. */
  long endedInAll() {
    return tally.over();
  }

  /** How many requests the balancers believed in flight when all calls had ended: none, or the balancer is broken. */
  long leftInFlight() {
    return leftInFlight;
  }

  long calls() {
    long calls = 0;
    for (Ending ending : Ending.values()) {
      calls += tally.count(ending);
    }
    return calls;
  }

  long count(Ending ending) {
    return tally.count(ending);
  }

  /** The share of calls that did not succeed, whatever the reason. */
  double failedShare() {
    return 1 - (double) count(Ending.SUCCEEDED) / calls();
  }

  /** The mean latency of successful calls, retries included; NaN if there are none. */
  double meanMillis() {
    return Arrays.stream(latencies).average().orElse(Double.NaN) / 1e6;
  }

  /**
   * The latency that this share of the successful calls did not exceed; NaN if there are none.
   *
   * @param share 0 to 1
   */
  double latencyMillis(double share) {
    if (latencies.length == 0) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(share * latencies.length);
    return latencies[Math.max(rank, 1) - 1] / 1e6;
  }

  /** The share of attempts that went to bad servers; NaN if none is. */
  double badShare() {
    List<ServerSpec> servers = scenario.servers();
    long bad = 0;
    for (int i = 0; i < sent.length; i++) {
      bad += servers.get(i).bad() ? sent[i] : 0;
    }
    boolean any = servers.stream().anyMatch(ServerSpec::bad);
    return any ? (double) bad / Arrays.stream(sent).sum() : Double.NaN;
  }

  /** How much more the busiest of the good servers got than they got on average, each in proportion to what it can do. */
  double maxOverMeanLoad() {
    List<ServerSpec> servers = scenario.servers();
    double max = 0;
    double sum = 0;
    int good = 0;
    for (int i = 0; i < sent.length; i++) {
      if (!servers.get(i).bad()) {
        double load = sent[i] / servers.get(i).capacity();
        max = Math.max(max, load);
        sum += load;
        good++;
      }
    }
    return max * good / sum;
  }

  /** How many attempts each server got. */
  long[] sent() {
    return sent.clone();
  }

  /** How many attempts there were in each second, measured or not, to each server. */
  int[][] sentBySecond() {
    return tally.sentBySecond();
  }
}
