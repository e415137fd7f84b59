package io.fairlead.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.CapturedLog;
import io.fairlead.time.Waiter.Signal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SystemTimeTest {

  private static final TimeSource time = TimeSource.system();
  private static final long HOUR = Duration.ofHours(1).toNanos();

  @Test
  void clock_isThatOfTheJvm() {
    long before = System.nanoTime();
    long now = NanoClock.system().nanos();

    assertThat(now - before).isNotNegative();
    assertThat(System.nanoTime() - now).isNotNegative();
  }

  @Test
  void wallClock_isThatOfTheJvm() {
    Instant before = Instant.now();

    assertThat(time.instant()).isBetween(before, Instant.now());
  }

  @Test
  void chance_drawsDifferentNumbers() {
    Set<Long> drawn = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      drawn.add(Chance.system().nextLong());
    }

    assertThat(drawn).hasSize(100);
  }

  @Test
  void task_runsOnANamedDaemonThreadWithoutAClassLoader() throws Exception {
    CompletableFuture<Thread> ran = new CompletableFuture<>();
    CompletableFuture<ClassLoader> loader = new CompletableFuture<>();
    time.at(time.nanos(), () -> {
      loader.complete(Thread.currentThread().getContextClassLoader());
      ran.complete(Thread.currentThread());
    });

    Thread thread = ran.get(30, TimeUnit.SECONDS);
    assertThat(thread.getName()).isEqualTo("fairlead-timer");
    assertThat(thread.isDaemon()).isTrue();
    assertThat(loader.get()).isNull();
  }

  @Test
  void task_runsNotBeforeItsTime() throws Exception {
    CompletableFuture<Long> ran = new CompletableFuture<>();
    long due = time.nanos() + Duration.ofMillis(20).toNanos();
    time.at(due, () -> ran.complete(time.nanos()));

    assertThat(ran.get(30, TimeUnit.SECONDS) - due).isNotNegative();
  }

  @Test
  void task_inThePast_runsAtOnce() throws Exception {
    CompletableFuture<String> ran = new CompletableFuture<>();
    time.at(time.nanos() - HOUR, () -> ran.complete("ran"));

    assertThat(ran.get(30, TimeUnit.SECONDS)).isEqualTo("ran");
  }

  @Test
  void task_cancelled_doesNotRun() throws Exception {
    CompletableFuture<String> cancelled = new CompletableFuture<>();
    CompletableFuture<String> later = new CompletableFuture<>();
    long due = time.nanos() + Duration.ofMillis(20).toNanos();
    Cancellable task = time.at(due, () -> cancelled.complete("ran"));
    time.at(due + 1, () -> later.complete("ran"));

    task.cancel();
    task.cancel();

    later.get(30, TimeUnit.SECONDS);
    assertThat(cancelled).isNotDone();
  }

  @Test
  void task_thatThrows_isLoggedAndHarmsNoOther() throws Exception {
    CompletableFuture<String> next = new CompletableFuture<>();
    try (CapturedLog log = new CapturedLog()) {
      long now = time.nanos();
      time.at(now, () -> {
        throw new IllegalStateException("out of order");
      });
      time.at(now, () -> {
        throw new AssertionError("an Error too");
      });
      time.at(now, () -> next.complete("ran"));

      assertThat(next.get(30, TimeUnit.SECONDS)).isEqualTo("ran");
      assertThat(log.text())
          .contains("A timer's task threw")
          .contains("out of order")
          .contains("an Error too");
    }
  }

  @Test
  void signal_raised_endsTheWait() throws Exception {
    Signal signal = time.signal();
    time.at(time.nanos(), signal::raise);

    assertThat(signal.await(time.nanos() + HOUR)).isTrue();
    assertThat(signal.await(time.nanos() - HOUR)).as("stays raised").isTrue();
  }

  @Test
  void signal_notRaised_returnsWhenTheTimeHasCome() throws Exception {
    long until = time.nanos() + Duration.ofMillis(20).toNanos();

    assertThat(time.signal().await(until)).isFalse();
    assertThat(time.nanos() - until).isNotNegative();
    assertThat(time.signal().await(time.nanos() - HOUR)).as("a past time").isFalse();
  }

  @Test
  void signal_interrupted_throws() {
    Signal signal = time.signal();
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> signal.await(time.nanos() + HOUR))
        .isInstanceOf(InterruptedException.class);
  }
}
