package io.fairlead;

import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.LoadBalancerSnapshot.MemberSnapshot;
import io.fairlead.backend.Backend;
import io.fairlead.backend.BackendPool;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.pool.Pool;
import io.fairlead.pool.PoolMember;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan;
import io.fairlead.retry.CallPlan.Answer;
import io.fairlead.retry.CallPlan.Event;
import io.fairlead.strategy.Environment;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.StrategyListener;
import io.fairlead.time.Cancellable;
import io.fairlead.time.Chance;
import io.fairlead.time.NanoClock;
import io.fairlead.time.Scheduler;
import io.fairlead.time.TimeSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
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
  private final AtomicReference<@Nullable HealthChecks> checks = new AtomicReference<>();

  Balancer(Builder builder) {
    this.name = builder.name;
    this.time = builder.time;
    this.chance = builder.chance;
    this.executor = builder.executor;
    this.zone = builder.zone;
    this.listeners = new Listeners(name, builder.listeners);
    this.admittance = new Admittance(name, time, builder.rates(), builder.limit());
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
  public NanoClock clock() {
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
  public Lease acquire(RequestContext context) throws LoadBalancingException {
    Objects.requireNonNull(context, "context");
    try {
      if (pool.closed()) {
        throw new LoadBalancerClosedException(name);
      }
      Admission admission = admittance.admit(context);
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

  @Override
  public CallPlan plan(RequestContext context) {
    Objects.requireNonNull(context, "context");
    return new CallPlan(context, context.timeout() == null ? 0 : time.nanos());
  }

  @Override
  public <T> T call(RequestContext context, CallBody<T> body) throws IOException {
    Objects.requireNonNull(body, "body");
    CallPlan plan = plan(context);
    long start = time.nanos();
    List<FailedAttempt> failures = new ArrayList<>(0);
    LoadBalancingException refusal = null;
    Lease lease = null;
    try {
      Answer answer = plan.next(Event.START, 0, null, start);
      while (answer == Answer.SEND) {
        Lease before = lease;
        try {
          lease = before == null ? acquire(context) : before.another(plan.target());
        } catch (LoadBalancingException e) {
          refusal = e;
          answer = plan.next(Event.NOBODY, plan.attempt(), null, time.nanos());
          continue;
        }
        if (before != null) {
          // Not before the next is leased: a closing balancer waits for calls, and knows them by
          // their leases.
          before.close();
        }
        try {
          T result =
              body.run(new CallAttempt(lease.backend(), plan.attempt(), remaining(context, start)));
          lease.record(body.classify(result, null));
          return result;
        } catch (IOException e) {
          Outcome outcome = body.classify(null, e);
          lease.record(outcome);
          failures.add(new FailedAttempt(lease.backend(), outcome, e));
          answer = plan.next(Event.FAILED, plan.attempt(), outcome, lease.answeredNanos());
        }
      }
      throw failures.isEmpty() && refusal != null
          ? refusal
          : new AttemptsFailedException(this, failures);
    } catch (InterruptedException e) {
      lease.record(Outcome.abandoned());
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException(name + ": interrupted");
      interrupted.initCause(e);
      throw interrupted;
    } catch (RuntimeException | Error e) { // a bug of the body's tells nothing of the backend
      if (lease != null) {
        lease.record(Outcome.ignored());
      }
      throw e;
    } finally {
      if (lease != null) {
        lease.close();
      }
    }
  }

  private @Nullable Duration remaining(RequestContext context, long start) {
    Duration timeout = context.timeout();
    return timeout == null
        ? null
        : Duration.ofNanos(Math.max(0, timeout.toNanos() - (time.nanos() - start)));
  }

  private record CallAttempt(
      Backend backend, int number, @Nullable Duration remaining) implements Attempt {}

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
