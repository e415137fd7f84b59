package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.CapturedLog;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Derived;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Cancellable;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nobody who causes a change hears of a scheduler that throws, and with the next change all is as it should be. */
class SchedulerThrowsTest {

  private final FakeClock clock = new FakeClock();
  private final Moody time = new Moody();
  private final CapturedLog log = new CapturedLog();
  private final LoadBalancer balancer = LoadBalancer.builder("test")
      .strategy(Strategy.weightedRoundRobin())
      .slowStart(Duration.ofSeconds(10))
      .time(time)
      .backends(TestPool.backends("a", "b"))
      .build();
  private final Pool pool = (Pool) balancer.pool();

  /** As when there is no thread to be had. */
  private final class Moody implements TimeSource {
    boolean refuses;
    boolean takesItAllTheSame;

    @Override
    public long nanos() {
      return clock.nanos();
    }

    @Override
    public Instant instant() {
      return clock.instant();
    }

    @Override
    public Signal signal() {
      return clock.signal();
    }

    @Override
    public Cancellable at(long nanos, Runnable task) {
      if (refuses && !takesItAllTheSame) {
        throw new RejectedExecutionException("no");
      }
      Cancellable handle = clock.at(nanos, task);
      if (refuses) {
        throw new OutOfMemoryError("unable to create native thread");
      }
      return handle;
    }
  }

  @AfterEach
  void restoreLog() {
    log.close();
  }

  private MemberControl control(String id, String policy) {
    return pool.control(pool.member(id), policy);
  }

  private String live() {
    return TestPool.live(pool.publication().all);
  }

  @Test
  void derived_isComputedWithTheNextChange() {
    Derived<Integer> size = pool.publication().all.derive(live -> live.size());
    time.refuses = true;
    control("b", "x").veto(Veto.Kind.HARD, "x");
    assertThat(live()).isEqualTo("a=1.0");
    clock.advance(Duration.ofSeconds(1));
    assertThat(size.get()).isEqualTo(2);
    time.refuses = false;
    control("a", "x").factor(0.5);
    clock.runDue();

    assertThat(size.get()).isEqualTo(1);
    assertThat(log.count("test: the scheduler threw")).isEqualTo(1);
  }

  @Test
  void factor_countsWithTheNextChange() {
    time.refuses = true;
    control("b", "x").factor(0.5);
    time.refuses = false;
    control("b", "x").factor(0.25);
    clock.runDue();

    assertThat(live()).isEqualTo("a=1.0 b=0.25");
  }

  @Test
  void vetoForAWhile_standsAtOnce_andEnds() {
    time.refuses = true;
    control("b", "x").veto(Veto.Kind.HARD, "x", Duration.ofSeconds(5));
    assertThat(pool.member("b").available()).isFalse();
    assertThat(live()).isEqualTo("a=1.0");
    clock.advance(Duration.ofSeconds(1));
    time.refuses = false;
    control("a", "x").factor(0.5);
    clock.advance(Duration.ofSeconds(3));
    assertThat(pool.member("b").available()).isFalse();
    clock.advance(Duration.ofSeconds(1));

    assertThat(pool.member("b").available()).isTrue();
  }

  @Test
  void vetoForAWhile_liftedBeforeItIsAskedForAgain_isForgotten() {
    time.refuses = true;
    control("b", "x").veto(Veto.Kind.HARD, "x", Duration.ofSeconds(5));
    control("b", "x").lift();
    time.refuses = false;
    control("b", "x").veto(Veto.Kind.HARD, "y");
    clock.advance(Duration.ofSeconds(20));

    assertThat(pool.member("b").vetoes()).extracting(Veto::reason).containsExactly("y");
    assertThat(clock.scheduled()).isZero();
  }

  @Test
  void slowStart_goesOnWithTheNextChange() {
    control("b", "x").veto(Veto.Kind.HARD, "x");
    clock.runDue();
    time.refuses = true;
    control("b", "x").lift();
    clock.advance(Duration.ofHours(1));
    assertThat(pool.member("b").weight()).isEqualTo(0.1);
    time.refuses = false;
    control("a", "x").veto(Veto.Kind.STATISTICAL, "any change");
    clock.runDue();

    assertThat(pool.member("b").weight()).isEqualTo(1);
    assertThat(live()).isEqualTo("b=1.0");
    assertThat(clock.scheduled()).isZero();
  }

  @Test
  void update_isMade_andWhoJoinsRampsUp() {
    time.refuses = true;
    pool.update(TestPool.backends("a", "b", "c"));
    assertThat(pool.members()).hasSize(3);
    time.refuses = false;
    pool.update(TestPool.backends("a", "c"));
    clock.advance(Duration.ofSeconds(5));
    assertThat(pool.member("c").weight()).isBetween(0.45, 0.55);
    clock.advance(Duration.ofSeconds(6));

    assertThat(live()).isEqualTo("a=1.0 c=1.0");
    assertThat(clock.scheduled()).isZero();
  }

  /** It has taken the task and throws then: twice is as good as once. */
  @Test
  void takesTheTaskAndThrows_isDoneOnce() {
    time.refuses = true;
    time.takesItAllTheSame = true;
    control("b", "x").veto(Veto.Kind.HARD, "x", Duration.ofSeconds(5));
    control("b", "x").factor(0.5);
    time.refuses = false;
    clock.advance(Duration.ofMinutes(1));

    assertThat(live()).isEqualTo("a=1.0 b=0.5");
    assertThat(clock.scheduled()).isZero();
  }
}
