package io.fairlead;

import io.fairlead.LoadBalancerSnapshot.MemberSnapshot;
import io.fairlead.backend.BackendPool;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.pool.Pool;
import io.fairlead.pool.PoolMember;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPolicy;
import io.fairlead.strategy.Environment;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.StrategyListener;
import io.fairlead.time.Cancellable;
import io.fairlead.time.Chance;
import io.fairlead.time.Scheduler;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The balancer: a pool, a strategy at work on it, and the calls. */
final class Balancer implements LoadBalancer, Environment {

  private final String name;
  private final TimeSource time;
  private final Chance chance;
  private final Executor executor;
  private final @Nullable String zone;
  private final Listeners listeners;
  private final Pool pool;
  private final Admittance admittance;
  private final CallPolicy policy;
  private final AtomicReference<@Nullable HealthChecks> checks = new AtomicReference<>();

  Balancer(Builder builder) {
    this.name = builder.name;
    this.time = builder.time;
    this.chance = builder.chance;
    this.executor = builder.executor;
    this.zone = builder.zone;
    this.listeners = new Listeners(name, builder.listeners);
    this.admittance = new Admittance(name, time, builder.rates(), builder.limit());
    this.policy = new CallPolicy(builder.retries, builder.hedging, time, chance);
    Selector selector =
        Objects.requireNonNull(builder.strategy.start(this), "what the strategy started");
    Pool.Settings settings =
        new Pool.Settings(name, time, builder.panicThreshold, builder.slowStart, builder.guards());
    this.pool = new Pool(settings, selector, listeners);
    try {
      pool.update(builder.backends);
    } catch (Throwable e) {
      pool.close(); // what the strategy started is closed with it
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public TimeSource clock() {
    return time;
  }

  @Override
  public Chance chance() {
    return chance;
  }

  @Override
  public Scheduler scheduler() {
    return time;
  }

  @Override
  public @Nullable String zone() {
    return zone;
  }

  @Override
  public StrategyListener listener() {
    return listeners;
  }

  @Override
  public BackendPool pool() {
    return pool;
  }

  Pool members() {
    return pool;
  }

  Listeners listeners() {
    return listeners;
  }

  /** Where what may block runs. */
  Executor executor() {
    return executor;
  }

  @Override
  public Cancellable addListener(LoadBalancerListener listener) {
    return listeners.add(Objects.requireNonNull(listener, "listener"));
  }

  @Override
  public Placement acquire(RequestContext context) throws LoadBalancingException {
    return acquire(Objects.requireNonNull(context, "context"), null);
  }

  /**
   * Leases for the first attempt of a call.
   *
   * @param call null if somebody leases for himself
   */
  Placement acquire(RequestContext context, @Nullable CallRun<?> call)
      throws LoadBalancingException {
    try {
      if (pool.closed()) {
        throw new LoadBalancerClosedException(name);
      }
      Admission admission = admittance.admit(context, call);
      if (admission != null && pool.closed()) { // while it waited
        admission.release();
        throw new LoadBalancerClosedException(name);
      }
      Placement placement = new Placement(this, context, null, admission);
      placement.choose(CallPlan.Target.ANYONE);
      return placement;
    } catch (LoadBalancingException e) {
      listeners.rejected(e);
      throw e;
    }
  }

  @Override
  public void check(HealthCheck check) {
    HealthChecks fresh = new HealthChecks(this, Objects.requireNonNull(check, "check"));
    check.probe().begin(this);
    if (!pool.closed()) {
      if (!checks.compareAndSet(null, fresh)) {
        throw new IllegalStateException(name + ": is checked already (expected: one health check)");
      }
      pool.watch(fresh);
    }
    if (pool.closed()) { // or it was closed meanwhile, and did not find these
      fresh.close();
      throw new IllegalStateException(name + ": closed (expected: no health check after close)");
    }
  }

  Admittance admittance() {
    return admittance;
  }

  /** 0 for none. */
  long attemptTimeoutNanos(RequestContext context) {
    return policy.attemptTimeoutNanos(context);
  }

  @Override
  public CallPlan plan(RequestContext context) {
    return policy.plan(Objects.requireNonNull(context, "context"));
  }

  @Override
  public <T> T call(RequestContext context, CallBody<T> body) throws IOException {
    return new CallRun<T>(
            this, Objects.requireNonNull(context, "context"), Objects.requireNonNull(body, "body"))
        .run();
  }

  @Override
  public LoadBalancerSnapshot snapshot() {
    ConcurrencyLimit limit = admittance.limit();
    List<MemberSnapshot> members = new ArrayList<>();
    pool.members().forEach(member -> members.add(MemberSnapshot.of((PoolMember) member)));
    pool.draining().forEach(member -> members.add(MemberSnapshot.of((PoolMember) member)));
    return new LoadBalancerSnapshot(
        name,
        pool.closed(),
        pool.publication().panic(),
        listeners.withoutKey(),
        limit == null ? null : limit.snapshot(),
        policy.budget(),
        members);
  }

  @Override
  public void close() {
    pool.close();
    HealthChecks running = checks.get();
    if (running != null) {
      running.close();
    }
  }

  @Override
  public String toString() {
    return snapshot().toString();
  }
}
