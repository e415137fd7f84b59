package io.fairlead;

import java.time.Duration;
import java.util.Objects;

/**
 * Checks of all servers of a {@link LoadBalancer}, again and again, beside the requests: which {@link HealthProbe}, how often, and
 * what is made of it. {@link LoadBalancer#check} starts them.
 *
 * <pre>{@code
 * orders.check(HealthCheck.builder(HealthProbe.tcp()).interval(Duration.ofSeconds(10)).build());
 * }</pre>
 *
 * <p>They find a server that is ill before requests do, and one that is well again without trying it with requests. Where there
 * are enough requests to tell, they tell more: by default a balancer ejects what fails, without any checks.
 *
 * <p>A server that fails {@link Builder#fall} checks in a row is vetoed, by the policy {@code health check}, until it has passed
 * {@link Builder#rise} in a row. The veto is a statistical one: if too many servers fail, it is likely that the check is wrong,
 * and a {@linkplain LoadBalancer.Builder#panicThreshold panic} disregards it.
 *
 * <p>Immutable.
 */
public final class HealthCheck {

  /** What a server is taken for. */
  public enum State {
    /** It gets requests. */
    UP,
    /** It gets none. */
    DOWN
  }

  private final HealthProbe probe;
  private final long intervalNanos;
  private final double jitter;
  private final Duration timeout;
  private final int rise;
  private final int fall;
  private final State initially;

  private HealthCheck(Builder builder) {
    this.probe = builder.probe;
    this.intervalNanos = builder.interval.toNanos();
    this.jitter = builder.jitter;
    this.timeout = builder.timeout;
    this.rise = builder.rise;
    this.fall = builder.fall;
    this.initially = builder.initially;
  }

  /** A builder for checks with this probe. */
  public static Builder builder(HealthProbe probe) {
    return new Builder(probe);
  }

  /** Whether servers accept connections, with all settings as they are by default. */
  public static HealthCheck tcp() {
    return builder(HealthProbe.tcp()).build();
  }

  HealthProbe probe() {
    return probe;
  }

  long intervalNanos() {
    return intervalNanos;
  }

  double jitter() {
    return jitter;
  }

  Duration timeout() {
    return timeout;
  }

  int rise() {
    return rise;
  }

  int fall() {
    return fall;
  }

  State initially() {
    return initially;
  }

  @Override
  public String toString() {
    return "HealthCheck{" + probe + " every " + Duration.ofNanos(intervalNanos) + "}";
  }

  /** Collects what a {@link HealthCheck} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final HealthProbe probe;
    private Duration interval = Duration.ofSeconds(5);
    private double jitter = 0.2;
    private Duration timeout = Duration.ofSeconds(2);
    private int rise = 2;
    private int fall = 3;
    private State initially = State.UP;

    private Builder(HealthProbe probe) {
      this.probe = Objects.requireNonNull(probe, "probe");
    }

    /**
     * How long after the start of a check of a server the next one starts. At most 8 checks of a balancer run at once, and the
     * others wait in line: for very many servers, or very slow ones, it may be longer.
     *
     * @param interval 100 milliseconds to a day; 5 seconds by default
     */
    public Builder interval(Duration interval) {
      this.interval = within("interval", interval, Duration.ofMillis(100), Duration.ofDays(1));
      return this;
    }

    /**
     * By which share of it an interval is shorter, at most; by how much is drawn each time, so that the clients of a server, if
     * they were started together, don't check it together for ever.
     *
     * @param share 0 to 0.9; 0.2 by default
     */
    public Builder jitter(double share) {
      if (!(share >= 0 && share <= 0.9)) {
        throw new IllegalArgumentException("jitter: " + share + " (expected: 0 to 0.9)");
      }
      this.jitter = share;
      return this;
    }

    /**
     * How long a check may take. One that takes longer has failed.
     *
     * @param timeout 1 millisecond to an hour; 2 seconds by default
     */
    public Builder timeout(Duration timeout) {
      this.timeout = within("timeout", timeout, Duration.ofMillis(1), Duration.ofHours(1));
      return this;
    }

    private static Duration within(String name, Duration value, Duration least, Duration most) {
      if (Objects.requireNonNull(value, name).compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            name + ": " + value + " (expected: " + least + " to " + most + ")");
      }
      return value;
    }

    /**
     * How many checks in a row a server that is down has to pass, to be up. One that has never been up needs one only.
     *
     * @param checks 1 or more; 2 by default
     */
    public Builder rise(int checks) {
      this.rise = positive("rise", checks);
      return this;
    }

    /**
     * How many checks in a row a server that is up has to fail, to be down.
     *
     * @param checks 1 or more; 3 by default
     */
    public Builder fall(int checks) {
      this.fall = positive("fall", checks);
      return this;
    }

    private static int positive(String name, int checks) {
      if (checks < 1) {
        throw new IllegalArgumentException(name + ": " + checks + " (expected: 1 or more)");
      }
      return checks;
    }

    /**
     * What a server is taken for when it has just come, until checks tell: {@link State#UP} by default. If it is {@link
     * State#DOWN}, a server gets no request before it has passed a check, and its first one is made at once, rather than at some
     * time within the first interval. While less than the {@linkplain LoadBalancer.Builder#panicThreshold panic threshold} have
     * passed one, as in the first moment of a balancer, all get requests in any case.
     */
    public Builder initially(State state) {
      this.initially = Objects.requireNonNull(state, "initially");
      return this;
    }

    /** The checks. */
    public HealthCheck build() {
      return new HealthCheck(this);
    }
  }
}
