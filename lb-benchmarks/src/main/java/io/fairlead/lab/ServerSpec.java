package io.fairlead.lab;

import io.fairlead.backend.Backend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a modelled server is like. Immutable. */
final class ServerSpec {

  private final String id;
  private final int workers;
  private final int queue;
  private final double serviceNanos;
  private final Backend backend;
  private final List<Fault> faults;
  private final List<Span> absences;
  private final double pauseEveryNanos;
  private final double pauseNanos;
  private final boolean bad;

  private ServerSpec(Builder builder) {
    this.id = builder.id;
    this.workers = builder.workers;
    this.queue = builder.queue;
    this.serviceNanos = builder.service.toNanos();
    this.backend = Backend.builder(id, 80).id(id).weight(builder.weight).build();
    this.faults = List.copyOf(builder.faults);
    this.absences = List.copyOf(builder.absences);
    this.pauseEveryNanos = builder.pauseEvery.toNanos();
    this.pauseNanos = builder.pause.toNanos();
    this.bad = builder.bad;
  }

  static Builder builder(String id) {
    return new Builder(id);
  }

  String id() {
    return id;
  }

  int workers() {
    return workers;
  }

  /** How many requests may wait for a worker. */
  int queue() {
    return queue;
  }

  /** The mean service time, as long as nothing is wrong. */
  double serviceNanos() {
    return serviceNanos;
  }

  /** How many requests a second it can serve, as long as nothing is wrong. */
  double capacity() {
    return workers * 1e9 / serviceNanos;
  }

  Backend backend() {
    return backend;
  }

  double slowness(long now) {
    double slowness = 1;
    for (Fault fault : faults) {
      slowness *= fault.slowness(now);
    }
    return slowness;
  }

  double failing(long now) {
    double share = 0;
    for (Fault fault : faults) {
      share = Math.max(share, fault.failing(now));
    }
    return share;
  }

  boolean silent(long now) {
    for (Fault fault : faults) {
      if (fault.silent(now)) {
        return true;
      }
    }
    return false;
  }

  /** When it is not in the pool. */
  List<Span> absences() {
    return absences;
  }

  boolean present(long now) {
    for (Span absence : absences) {
      if (absence.contains(now)) {
        return false;
      }
    }
    return true;
  }

  /** The mean time from one pause to the next; 0 for no pauses. */
  double pauseEveryNanos() {
    return pauseEveryNanos;
  }

  /** The mean length of a pause. */
  double pauseNanos() {
    return pauseNanos;
  }

  /** Whether it is the one that the scenario is about, whose share of the requests is told apart from the others'. */
  boolean bad() {
    return bad;
  }

  /** Collects what a server is like. */
  static final class Builder {
    private final String id;
    private int workers = 2;
    private int queue = 100;
    private Duration service = Duration.ofMillis(20);
    private int weight = 1;
    private final List<Fault> faults = new ArrayList<>();
    private final List<Span> absences = new ArrayList<>();
    private Duration pauseEvery = Duration.ZERO;
    private Duration pause = Duration.ZERO;
    private boolean bad;

    private Builder(String id) {
      this.id = id;
    }

    /** How many requests it serves at a time, 1 or more; 2 by default. */
    Builder workers(int workers) {
      if (workers < 1) {
        throw new IllegalArgumentException("workers: " + workers + " (expected: 1 or more)");
      }
      this.workers = workers;
      return this;
    }

    /** How many requests may wait, 0 or more; 100 by default. Others get an error at once. */
    Builder queue(int queue) {
      if (queue < 0) {
        throw new IllegalArgumentException("queue: " + queue + " (expected: 0 or more)");
      }
      this.queue = queue;
      return this;
    }

    /** The mean service time, more than zero; 20 ms by default. */
    Builder service(Duration mean) {
      if (mean.isNegative() || mean.isZero()) {
        throw new IllegalArgumentException("service: " + mean + " (expected: more than zero)");
      }
      this.service = mean;
      return this;
    }

    /** The weight that the balancers are told, 0 or more; 1 by default. */
    Builder weight(int weight) {
      this.weight = weight;
      return this;
    }

    /** Adds something that is wrong with it. */
    Builder fault(Fault fault) {
      faults.add(fault);
      return this;
    }

    /** Adds a time when it is not in the pool. */
    Builder absent(Span when) {
      absences.add(when);
      return this;
    }

    /** It stops altogether now and then, as for a garbage collection; both are means of exponential distributions. */
    Builder pauses(Duration every, Duration length) {
      this.pauseEvery = every;
      this.pause = length;
      return this;
    }

    /** Marks it as the one that the scenario is about. */
    Builder bad() {
      this.bad = true;
      return this;
    }

    ServerSpec build() {
      return new ServerSpec(this);
    }
  }
}
