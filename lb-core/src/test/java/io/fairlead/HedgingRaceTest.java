package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.Hedging;
import io.fairlead.retry.RetryBudget;
import io.fairlead.retry.RetryPolicy;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Thousands of hedged calls of which both attempts end at about the same time, whatever they end in. What each brought is delivered or
 * discarded, one of the two and once; and no place is kept.
 */
class HedgingRaceTest {

  private static final int CALLS = 4_000;
  private static final Duration DELAY = Duration.ofMillis(1);

  private record Result(boolean good, @Nullable Lease kept, AtomicInteger letGo) {}

  private final FakeClock clock = new FakeClock();
  private final Queue<Result> results = new ConcurrentLinkedQueue<>();
  private final AtomicInteger hedges = new AtomicInteger();
  private final AtomicInteger hedgesDelivered = new AtomicInteger();
  private final AtomicInteger delivered = new AtomicInteger();

  /** One call: how long its attempts take, and what becomes of them, is by chance. */
  private final class Body implements CallBody<Result> {
    private final long seed;
    private volatile boolean hedged;
    private volatile boolean winnerIsHedge;
    private @Nullable Cancellable call;

    Body(long seed) {
      this.seed = seed;
    }

    @Override
    public void started(Cancellable cancel) {
      call = cancel;
    }

    @Override
    public Result run(Attempt attempt) throws IOException {
      Random random = new Random(seed * 31 + attempt.number());
      if (attempt.number() == 1) {
        clock.advance(DELAY);
        spinUntilHedged();
      } else if (attempt.isHedge()) {
        hedged = true;
        hedges.incrementAndGet();
      }
      AtomicInteger cancels = new AtomicInteger();
      attempt.onCancel(cancels::incrementAndGet);
      int spins = random.nextInt(200);
      for (int i = 0; i < spins; i++) {
        Thread.onSpinWait();
      }
      int fate = random.nextInt(16);
      if (fate == 0 && call != null) {
        call.cancel();
      }
      if (cancels.get() > 1) {
        throw new AssertionError("cancelled twice: seed " + seed);
      }
      if (fate <= 3) {
        throw new IOException("broken");
      } else if (fate == 5) {
        throw new IllegalStateException("bug");
      }
      Result result =
          new Result(fate > 6, fate % 2 == 0 ? attempt.keep() : null, new AtomicInteger());
      results.add(result);
      winnerIsHedge = attempt.isHedge();
      return result;
    }

    /** It comes to the executor's threads, unless they are all busy. */
    @SuppressWarnings("ThreadPriorityCheck") // yields for speed only, where processors are few
    private void spinUntilHedged() {
      for (int i = 0; i < 2_000 && !hedged; i++) {
        Thread.yield();
      }
    }

    @Override
    public Outcome classify(@Nullable Result result, @Nullable Throwable failure) {
      if (failure != null) {
        return Outcome.of(failure);
      }
      return result != null && result.good() ? Outcome.success() : Outcome.serverError();
    }

    @Override
    public void discard(Result result) {
      result.letGo().incrementAndGet();
    }
  }

  @Test
  void bothEndAtAboutTheSameTime_eachResultIsDeliveredOrDiscarded_once() throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(2);
    LoadBalancer balancer = LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .time(clock)
        .chance(SeededChance.of(1))
        .executor(executor)
        .maxEjected(0)
        .hedging(Hedging.after(DELAY).budget(1))
        .retries(RetryPolicy.builder()
            .maxAttempts(2) // so that nobody waits for a clock that nobody moves
            .budget(RetryBudget.builder().share(1).floor(1_000_000))
            .build())
        .build();
    try {
      Concurrently.run(() -> calls(balancer, 0), () -> calls(balancer, CALLS));
    } finally {
      executor.shutdown();
      assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    assertThat(results).allSatisfy(result -> assertThat(result.letGo()).hasValue(1));
    for (Member member : balancer.pool().members()) {
      assertThat(member.inFlight()).as("in flight on %s", member).isZero();
      assertThat(member.outstanding()).as("outstanding on %s", member).isZero();
    }
    assertThat(List.of(hedges.get(), delivered.get(), hedgesDelivered.get()))
        .as("hedges, deliveries, those of hedges: else nothing was tried")
        .allSatisfy(count -> assertThat(count).isGreaterThan(CALLS / 20));
    balancer.close();
  }

  private void calls(LoadBalancer balancer, int from) {
    for (int seed = from; seed < from + CALLS; seed++) {
      Body body = new Body(seed);
      try {
        Result result = balancer.call(RequestContext.empty().repeatable(), body);
        delivered.incrementAndGet();
        hedgesDelivered.addAndGet(body.winnerIsHedge ? 1 : 0);
        if (result.kept() != null) {
          result.kept().close();
        }
        assertThat(result.letGo().incrementAndGet()).as("seed %d", seed).isEqualTo(1);
      } catch (IOException | IllegalStateException e) {
        assertThat(e.getMessage()).as("seed %d", seed).isNotNull();
      }
    }
  }
}
