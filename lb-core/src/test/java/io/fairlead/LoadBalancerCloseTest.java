package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Members;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.testing.Concurrently;
import io.fairlead.testing.FakeClock;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

class LoadBalancerCloseTest {

  private final Heard heard = new Heard();
  private final AtomicInteger selectorClosed = new AtomicInteger();
  private final LoadBalancer balancer = balancer(heard, selectorClosed);

  private static LoadBalancer balancer(Heard heard, AtomicInteger selectorClosed) {
    return LoadBalancer.builder("orders")
        .backends("a:80", "b:80")
        .time(new FakeClock())
        .listener(heard)
        .strategy(environment -> new Selector() {
          @Override
          public Picker picker(Members members) {
            return choice -> null;
          }

          @Override
          public void close() {
            selectorClosed.incrementAndGet();
          }
        })
        .build();
  }

  private void assertAllOver() {
    assertThat(heard.events).contains("drained a:80", "drained b:80");
    assertThat(selectorClosed).hasValue(1);
    assertThat(balancer.pool().members()).isEmpty();
  }

  @Test
  void close_idle_isOverAtOnce() {
    balancer.close();
    balancer.close();

    assertAllOver();
  }

  @Test
  void acquire_afterClose_isRefused() {
    balancer.close();

    assertThatExceptionOfType(LoadBalancerClosedException.class)
        .isThrownBy(balancer::acquire)
        .withMessage("orders: the load balancer is closed");
  }

  @Test
  void close_withLeasesOpen_theyFinish() throws Exception {
    Lease one = balancer.acquire();
    Lease other = balancer.acquire();

    balancer.close();

    assertThatExceptionOfType(LoadBalancerClosedException.class).isThrownBy(balancer::acquire);
    assertThat(selectorClosed).hasValue(0);
    assertThat(heard.events).noneMatch(event -> event.startsWith("drain"));
    one.record(Outcome.success());
    one.close();
    assertThat(selectorClosed).hasValue(0);
    other.close();
    assertAllOver();
    assertThat(one.member().count(Outcome.Kind.SUCCESS)).isEqualTo(1);
  }

  @Test
  void failover_ofAnOpenLease_worksAfterClose() throws Exception {
    Lease first = balancer.acquire();
    balancer.close();

    first.record(Outcome.connectFailure());
    Lease second = first.another(Target.UNTRIED);
    first.close();
    Lease again = second.another(Target.SAME);
    second.close();
    assertThat(again.member()).isSameAs(second.member()).isNotSameAs(first.member());
    assertThat(selectorClosed).hasValue(0);
    again.close();

    assertAllOver();
    assertThatExceptionOfType(LoadBalancerClosedException.class)
        .isThrownBy(() -> again.another(Target.ANYONE));
  }

  @Test
  void update_afterClose_isRefused() {
    balancer.close();

    assertThatIllegalStateException()
        .isThrownBy(() -> balancer.pool().update(List.of(Backend.of("c:80"))));
  }

  /** Requests that begin and end while it closes: each gets a member or is told that it is closed. */
  @Test
  void close_racesRequests_eachIsServedOrToldSo() throws Exception {
    LongAdder served = new LongAdder();
    LongAdder refused = new LongAdder();
    for (int round = 0; round < 1_000; round++) {
      Heard roundHeard = new Heard();
      AtomicInteger roundClosed = new AtomicInteger();
      LoadBalancer closing = balancer(roundHeard, roundClosed);
      int spins = round % 50;
      Concurrently.run(
          () -> {
            for (int i = 0; i < 3; i++) {
              try (Lease lease = closing.acquire();
                  Lease next = lease.another()) {
                next.record(Outcome.success());
                served.increment();
              } catch (LoadBalancerClosedException e) {
                refused.increment();
              }
            }
          },
          () -> {
            for (int i = 0; i < spins; i++) {
              Thread.onSpinWait();
            }
            closing.close();
          });
      assertThat(roundClosed).as("round %d", round).hasValue(1);
      assertThat(roundHeard.events).as("round %d", round).contains("drained a:80", "drained b:80");
    }
    assertThat(served.sum() + refused.sum()).isEqualTo(3_000);
  }
}
