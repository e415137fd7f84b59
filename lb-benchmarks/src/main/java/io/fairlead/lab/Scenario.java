package io.fairlead.lab;

import io.fairlead.LoadBalancer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What happens in a simulation, whatever the strategy: servers, clients and load. Immutable. */
final class Scenario {

  private final String name;
  private final String description;
  private final List<ServerSpec> servers;
  private final int clients;
  private final double rate;
  private final Work work;
  private final long durationNanos;
  private final Span measured;
  private final long timeoutNanos;
  private final int retries;
  private final Consumer<LoadBalancer.Builder> settings;

  private Scenario(Builder builder) {
    this.name = builder.name;
    this.description = builder.description;
    this.servers = List.copyOf(builder.servers);
    this.clients = builder.clients;
    this.rate = builder.rate;
    this.work = builder.work;
    this.durationNanos = builder.duration.toNanos();
    this.measured = builder.measured;
    this.timeoutNanos = builder.timeout.toNanos();
    this.retries = builder.retries;
    this.settings = builder.settings;
  }

  /** A builder; the name is for tables and files, and so in small letters with hyphens. */
  static Builder builder(String name) {
    return new Builder(name);
  }

  String name() {
    return name;
  }

  /** What it is about, in a sentence. */
  String description() {
    return description;
  }

  List<ServerSpec> servers() {
    return servers;
  }

  int clients() {
    return clients;
  }

  /** How many requests a second, of all clients. */
  double rate() {
    return rate;
  }

  Work work() {
    return work;
  }

  /** How long requests keep arriving. */
  long durationNanos() {
    return durationNanos;
  }

  /** When a request has to begin to be counted. */
  Span measured() {
    return measured;
  }

  long timeoutNanos() {
    return timeoutNanos;
  }

  int retries() {
    return retries;
  }

  /** Whether anything is sent twice. */
  boolean repeats() {
    return retries > 0;
  }

  /** Sets what this scenario wants of each balancer, beside servers, strategy, time and chance. */
  void applySettings(LoadBalancer.Builder balancer) {
    settings.accept(balancer);
  }

  /** Collects what happens. */
  static final class Builder {
    private final String name;
    private String description = "";
    private final List<ServerSpec> servers = new ArrayList<>();
    private int clients = 1;
    private double rate;
    private Work work = Work.lognormal(1);
    private Duration duration = Duration.ofSeconds(130);
    private Span measured = Span.since(10);
    private Duration timeout = Duration.ofSeconds(2);
    private int retries;
    private Consumer<LoadBalancer.Builder> settings = balancer -> {};

    private Builder(String name) {
      this.name = name;
    }

    Builder description(String sentence) {
      this.description = sentence;
      return this;
    }

    Builder server(ServerSpec.Builder server) {
      servers.add(server.build());
      return this;
    }

    /** Adds so many servers that differ in nothing but their names. */
    Builder servers(int count) {
      for (int i = 0; i < count; i++) {
        server(ServerSpec.builder("s" + servers.size()));
      }
      return this;
    }

    /** How many clients there are, each with a balancer of its own; 1 by default. */
    Builder clients(int clients) {
      if (clients < 1) {
        throw new IllegalArgumentException("clients: " + clients + " (expected: 1 or more)");
      }
      this.clients = clients;
      return this;
    }

    /** How many requests a second, of all clients. */
    Builder rate(double rate) {
      if (!(rate > 0 && rate < 1e9)) {
        throw new IllegalArgumentException("rate: " + rate + " (expected: more than 0)");
      }
      this.rate = rate;
      return this;
    }

    /** The rate that takes so large a share of what the servers added until now can do when nothing is wrong. */
    Builder utilisation(double share) {
      return rate(share * servers.stream().mapToDouble(ServerSpec::capacity).sum());
    }

    /** How unlike each other requests are; lognormal with sigma 1 by default. */
    Builder work(Work work) {
      this.work = work;
      return this;
    }

    /** How long requests keep arriving; 130 s by default. */
    Builder duration(Duration duration) {
      this.duration = duration;
      return this;
    }

    /** When a request has to begin to be counted; from 10 s on by default. */
    Builder measured(Span span) {
      this.measured = span;
      return this;
    }

    /** How long a client waits for the answer to one attempt; 2 s by default. */
    Builder timeout(Duration timeout) {
      this.timeout = timeout;
      return this;
    }

    /** How often a client tries another server after a failure or a time-out; 0 by default. */
    Builder retries(int retries) {
      this.retries = retries;
      return this;
    }

    /** What this scenario wants of each balancer; nothing by default. */
    Builder balancers(Consumer<LoadBalancer.Builder> settings) {
      this.settings = settings;
      return this;
    }

    Scenario build() {
      if (servers.isEmpty() || rate == 0) {
        throw new IllegalStateException(name + ": servers and rate (expected: both are set)");
      }
      return new Scenario(this);
    }
  }
}
