package io.fairlead.lab;

import java.util.List;

/**
 * What became of one kind of limit, in one run. Immutable.
 *
 * @param kind what tables call the kind of limit
 * @param moments at the end of each period: before the trouble, in it, and after it
 */
record LimitResult(LimitShape shape, String kind, long seed, List<Moment> moments) {

  /**
   * How it stood at the end of a period.
   *
   * @param limit the sum of the clients' limits over the knee of that time, mean over the last 3 s
   * @param inFlight the same of what was in flight
   * @param throughput answers over what the server could give, in the last 10 s
   * @param p99Millis the response time that one answer in a hundred exceeds, in the last 10 s
   */
  record Moment(double limit, double inFlight, double throughput, double p99Millis) {

    /** Whether the limit is within 25 % of the knee. */
    boolean isNear() {
      return limit >= 0.75 && limit <= 1.25;
    }
  }
}
