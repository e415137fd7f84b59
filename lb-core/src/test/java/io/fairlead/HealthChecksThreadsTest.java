package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import io.fairlead.time.Background;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Health checks on several threads: how many there are, and what becomes of those that do not return. */
class HealthChecksThreadsTest {

  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final FakeClock clock = new FakeClock();
  private final Queue<Runnable> tasks = new ArrayDeque<>();

  private LoadBalancer.Builder builder(int backends) {
    List<Backend> all = new ArrayList<>();
    for (int i = 0; i < backends; i++) {
      all.add(Backend.of("s" + i + ":80"));
    }
    return LoadBalancer.builder("orders").backends(all).time(clock).chance(() -> 0);
  }

  private static void await(BooleanSupplier condition) {
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - patience).as("patience").isNegative();
      Thread.onSpinWait();
    }
  }

  private static boolean available(LoadBalancer balancer, int server) {
    return balancer.pool().member("s" + server + ":80").available();
  }

  @Test
  void manyMembers_shareFewThreads_firstComeFirstServed() {
    List<String> checked = new ArrayList<>();
    LoadBalancer balancer = builder(100).executor(tasks::add).build();
    balancer.check(
        HealthCheck.builder((member, timeout) -> checked.add(member.backend().id()))
            .build());
    clock.runDue();
    assertThat(tasks).hasSize(HealthChecks.AT_ONCE);

    tasks.remove().run(); // takes all

    assertThat(checked).hasSize(100).startsWith("s0:80", "s1:80").endsWith("s99:80");
    tasks.forEach(Runnable::run);
    assertThat(checked).hasSize(100);
  }

  /** However slow they are, no member is checked twice at a time, and no more than eight are. */
  @Test
  void onRealThreads_eightAtOnce_andNoMemberTwice() {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger twice = new AtomicInteger();
    AtomicInteger checks = new AtomicInteger();
    CountDownLatch eight =
        new CountDownLatch(HealthChecks.AT_ONCE); // the first wait for each other
    Set<Member> present = ConcurrentHashMap.newKeySet();
    LoadBalancer balancer = builder(30).executor(Background.system()).build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          twice.addAndGet(present.add(member) ? 0 : 1);
          most.accumulateAndGet(now.incrementAndGet(), Math::max);
          eight.countDown();
          eight.await();
          now.decrementAndGet();
          present.remove(member);
          checks.incrementAndGet();
        })
        .interval(Duration.ofMillis(100))
        .timeout(Duration.ofHours(1))
        .build());
    await(() -> {
      clock.advance(Duration.ofMillis(10));
      return checks.get() > 3_000;
    });
    balancer.close();

    assertThat(most).hasValue(HealthChecks.AT_ONCE);
    assertThat(twice).hasValue(0);
    await(() -> now.get() == 0);
  }

  @Test
  void hangingCheck_hasFailedWhenItsTimeIsOver_andItsLateResultDoesNotCount() {
    BlockingQueue<CountDownLatch> hanging = new LinkedBlockingQueue<>();
    AtomicInteger returned = new AtomicInteger();
    LoadBalancer balancer = builder(2).executor(Background.system()).build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          if (member.backend().host().equals("s0")) {
            CountDownLatch latch = new CountDownLatch(1);
            hanging.add(latch);
            latch.await();
            returned.incrementAndGet();
          }
        })
        .timeout(TIMEOUT)
        .fall(1)
        .build());
    clock.runDue();
    await(() -> !hanging.isEmpty());
    assertThat(available(balancer, 0)).isTrue();
    clock.advance(TIMEOUT);

    assertThat(balancer.pool().member("s0:80").vetoes())
        .hasToString("[health check: no answer within PT2S]");
    hanging.remove().countDown();
    await(() -> returned.get() == 1 && clock.scheduled() == 2);
    assertThat(available(balancer, 0)).isFalse();
    clock.advance(INTERVAL); // from start to start, so that it hangs for the second time
    await(() -> !hanging.isEmpty());
    hanging.remove().countDown();
  }

  /** Eight that heed nothing, and others behind them. */
  @Test
  void checksThatNeverReturn_areInterrupted_failOn_andHoldNobodyUp() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    AtomicInteger hanging = new AtomicInteger();
    AtomicInteger interrupts = new AtomicInteger();
    Set<String> checked = ConcurrentHashMap.newKeySet();
    LoadBalancer balancer =
        builder(12).executor(Background.system()).panicThreshold(0).build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          if (Integer.parseInt(member.backend().host().substring(1)) < HealthChecks.AT_ONCE) {
            hanging.incrementAndGet();
            while (true) {
              try {
                end.await();
                return;
              } catch (InterruptedException e) {
                interrupts.incrementAndGet();
              }
            }
          }
          checked.add(member.backend().id());
        })
        .timeout(TIMEOUT)
        .build());
    clock.runDue();
    await(() -> hanging.get() == HealthChecks.AT_ONCE);
    clock.advance(TIMEOUT);
    assertThat(checked).isEmpty();

    clock.advance(TIMEOUT);
    await(() -> checked.size() == 4 && interrupts.get() == HealthChecks.AT_ONCE);
    clock.advance(INTERVAL.multipliedBy(3));
    for (int i = 0; i < HealthChecks.AT_ONCE; i++) {
      assertThat(balancer.pool().member("s" + i + ":80").vetoes())
          .hasToString("[health check: a check has not returned]");
    }
    assertThat(hanging).as("none is checked twice at a time").hasValue(HealthChecks.AT_ONCE);

    end.countDown(); // they are checked again, and well
    await(() -> {
      clock.advance(Duration.ofSeconds(1));
      return balancer.pool().members().stream().allMatch(Member::available);
    });
    balancer.close();
  }

  /** Eight that hang and have left: those who came instead are checked all the same. */
  @Test
  void checksThatNeverReturn_ofWhoHasLeft_holdNobodyUp() {
    CountDownLatch end = new CountDownLatch(1);
    AtomicInteger hanging = new AtomicInteger();
    Set<String> checked = ConcurrentHashMap.newKeySet();
    LoadBalancer balancer =
        builder(HealthChecks.AT_ONCE).executor(Background.system()).build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          if (!member.backend().id().equals("new:80")) {
            hanging.incrementAndGet();
            awaitUninterruptibly(end);
          }
          checked.add(member.backend().id());
        })
        .timeout(TIMEOUT)
        .build());
    clock.runDue();
    await(() -> hanging.get() == HealthChecks.AT_ONCE);
    balancer.pool().update("new:80");

    clock.advance(INTERVAL);
    clock.advance(TIMEOUT.multipliedBy(2));
    await(() -> checked.contains("new:80"));
    await(() -> clock.scheduled() == 1); // the next check of the new one; the others are forgotten
    end.countDown();
    balancer.close();
  }

  @Test
  void whoLeavesDuringItsCheck_leavesNoTimer() {
    LoadBalancer balancer = builder(1).executor(tasks::add).build();
    List<String> checked = new ArrayList<>();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          checked.add(member.backend().id());
          balancer.pool().update("new:80");
        })
        .build());
    clock.runDue();
    tasks.remove().run();

    assertThat(clock.scheduled()).as("that of the new one's first check").isEqualTo(1);
    clock.advance(INTERVAL);
    tasks.remove().run();
    assertThat(checked).containsExactly("s0:80", "new:80");
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException e) {
        // as if it had not been told
      }
    }
  }

  /** What was interrupted returns its thread without the mark. */
  @Test
  void interruptedCheck_leavesNoInterruptBehind() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    LinkedBlockingQueue<Boolean> after = new LinkedBlockingQueue<>();
    LoadBalancer balancer = builder(1)
        .executor(task -> Background.system().execute(() -> {
          task.run();
          after.add(Thread.currentThread().isInterrupted());
        }))
        .build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          hangs.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
          }
        })
        .timeout(TIMEOUT)
        .build());
    clock.runDue();
    assertThat(hangs.await(30, TimeUnit.SECONDS)).isTrue();
    clock.advance(TIMEOUT.multipliedBy(2));

    assertThat(after.poll(30, TimeUnit.SECONDS)).isFalse();
    balancer.close();
  }

  /** Leaves while it is checked, and returns before that is over: one check at a time, and the result counts. */
  @Test
  void whoLeavesAndReturnsDuringItsCheck_isNotCheckedTwice() throws Exception {
    LoadBalancer balancer = builder(2).executor(tasks::add).build();
    List<String> checked = new ArrayList<>();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          checked.add(member.backend().id());
          if (checked.size() == 1) {
            balancer.pool().update("s1:80");
            balancer.pool().update("s0:80", "s1:80");
            clock.at(clock.nanos(), () -> {});
          }
          throw new IOException("ill");
        })
        .fall(1)
        .build());
    Lease s0 = balancer.acquire();
    while (!s0.backend().id().equals("s0:80")) { // so that it returns as the same member
      s0 = balancer.acquire();
    }
    clock.runDue();
    tasks.remove().run();

    assertThat(checked).containsExactly("s0:80", "s1:80");
    assertThat(available(balancer, 0)).isFalse();
    checked.clear();
    clock.advance(INTERVAL);
    tasks.forEach(Runnable::run);
    assertThat(checked).containsExactlyInAnyOrder("s0:80", "s1:80");
    s0.close();
  }

  /** Whatever comes at the same time, the veto is what the last check said. */
  @Test
  void membersThatComeGoAndFail_onRealThreads_endUpRight() throws Exception {
    Set<String> ill = ConcurrentHashMap.newKeySet();
    LoadBalancer balancer = builder(20).executor(Background.system()).build();
    balancer.check(HealthCheck.builder((member, timeout) -> {
          if (ill.contains(member.backend().id())) {
            throw new IOException("ill");
          }
        })
        .interval(Duration.ofMillis(100))
        .timeout(Duration.ofHours(1))
        .rise(1)
        .fall(1)
        .build());
    Concurrently.run(
        () -> {
          for (int i = 0; i < 3_000; i++) {
            clock.advance(Duration.ofMillis(50));
          }
        },
        () -> {
          for (int i = 0; i < 3_000; i++) {
            List<Backend> backends = new ArrayList<>();
            for (int s = i % 5; s < 20; s++) {
              backends.add(Backend.of("s" + s + ":80"));
            }
            balancer.pool().update(backends);
            String one = "s" + i % 20 + ":80";
            if (!ill.add(one)) {
              ill.remove(one);
            }
          }
        });
    ill.removeIf(id -> id.length() == 5); // those with one digit

    await(() -> {
      clock.advance(Duration.ofMillis(100));
      Set<String> down = new HashSet<>();
      for (Member member : balancer.pool().members()) {
        if (!member.available()) {
          down.add(member.backend().id());
        }
      }
      Set<String> expected = new HashSet<>(ill);
      expected.retainAll(balancer.pool().members().stream()
          .map(member -> member.backend().id())
          .toList());
      return down.equals(expected);
    });
    balancer.close();
    await(() -> clock.scheduled() == 0);
  }
}
