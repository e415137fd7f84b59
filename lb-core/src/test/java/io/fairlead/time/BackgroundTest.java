package io.fairlead.time;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.CapturedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BackgroundTest {

  static List<Executor> executors() {
    return List.of(Background.system(), Background.pooled(Background.platformThreads()));
  }

  @ParameterizedTest
  @MethodSource("executors")
  void task_runsOnANamedDaemonThreadWithoutAClassLoader(Executor executor) throws Exception {
    CompletableFuture<Thread> ran = new CompletableFuture<>();
    CompletableFuture<ClassLoader> loader = new CompletableFuture<>();
    executor.execute(() -> {
      loader.complete(Thread.currentThread().getContextClassLoader());
      ran.complete(Thread.currentThread());
    });

    Thread thread = ran.get(30, TimeUnit.SECONDS);
    assertThat(thread.getName()).startsWith("fairlead-background-");
    assertThat(thread.isDaemon()).isTrue();
    assertThat(loader.get(30, TimeUnit.SECONDS)).isNull();
  }

  /** Each waits for all others to have begun. */
  @ParameterizedTest
  @MethodSource("executors")
  void tasksThatBlock_holdUpNoOther(Executor executor) throws Exception {
    int tasks = 50;
    CountDownLatch begun = new CountDownLatch(tasks);
    List<CompletableFuture<Boolean>> ends = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      CompletableFuture<Boolean> end = new CompletableFuture<>();
      ends.add(end);
      executor.execute(() -> {
        begun.countDown();
        try {
          end.complete(begun.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
          end.completeExceptionally(e);
        }
      });
    }

    for (CompletableFuture<Boolean> end : ends) {
      assertThat(end.get(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("executors")
  void taskThatThrows_isLoggedAndHarmsNoOther(Executor executor) throws Exception {
    CountDownLatch thrown = new CountDownLatch(1);
    CompletableFuture<String> next = new CompletableFuture<>();
    try (CapturedLog log = new CapturedLog()) {
      executor.execute(() -> {
        thrown.countDown();
        throw new IllegalStateException("out of order");
      });
      assertThat(thrown.await(30, TimeUnit.SECONDS)).isTrue();
      executor.execute(() -> next.complete("ran"));

      assertThat(next.get(30, TimeUnit.SECONDS)).isEqualTo("ran");
      while (!log.text().contains("out of order")) {
        Thread.onSpinWait();
      }
      assertThat(log.text()).contains("A task in the background threw");
    }
  }

  /** Virtual threads where Java has them: the name of their class tells. */
  @Test
  void system_usesVirtualThreadsFrom21On() throws Exception {
    CompletableFuture<Thread> ran = new CompletableFuture<>();
    Background.system().execute(() -> ran.complete(Thread.currentThread()));

    assertThat(ran.get(30, TimeUnit.SECONDS).getClass() != Thread.class)
        .isEqualTo(Runtime.version().feature() >= 21);
  }
}
