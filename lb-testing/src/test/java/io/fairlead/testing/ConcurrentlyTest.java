package io.fairlead.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ConcurrentlyTest {

  @Test
  void run_allPiecesAtTheSameTime() throws Exception {
    CyclicBarrier together = new CyclicBarrier(3);
    AtomicInteger ended = new AtomicInteger();

    Concurrently.run(
        () -> {
          together.await(30, TimeUnit.SECONDS);
          ended.incrementAndGet();
        },
        () -> {
          together.await(30, TimeUnit.SECONDS);
          ended.incrementAndGet();
        },
        () -> {
          together.await(30, TimeUnit.SECONDS);
          ended.incrementAndGet();
        });

    assertThat(ended).hasValue(3);
  }

  @Test
  void run_severalThrow_allIsTold() {
    Exception one = new Exception("one");
    Exception other = new Exception("other");

    CyclicBarrier together = new CyclicBarrier(2);

    assertThatThrownBy(() -> Concurrently.run(
            () -> {
              together.await(30, TimeUnit.SECONDS);
              throw one;
            },
            () -> {
              together.await(30, TimeUnit.SECONDS);
              throw other;
            }))
        .isInstanceOf(AssertionError.class)
        .satisfies(failure -> assertThat(failure.getCause()).isIn(one, other))
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
  }

  @Test
  void run_oneThrows_theOthersAreInterrupted() {
    CountDownLatch never = new CountDownLatch(1);
    Exception one = new Exception("one");

    assertThatThrownBy(() -> Concurrently.run(never::await, () -> {
          throw one;
        }))
        .isInstanceOf(AssertionError.class)
        .hasMessage("one of several threw: java.lang.Exception: one")
        .hasCause(one);
  }
}
