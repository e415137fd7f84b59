package io.fairlead.concurrency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ConcurrencyLimitTest {

  @Test
  void tryAcquire_refusesBeyondTheLimit() {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();

    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit.tryAcquire()).isTrue();
    assertThat(limit.tryAcquire()).isFalse();
    assertThat(limit.inFlight()).isEqualTo(2);

    limit.release();

    assertThat(limit.tryAcquire()).isTrue();
  }

  @Test
  void release_moreOftenThanAcquired_isRefused() {
    ConcurrencyLimit limit = ConcurrencyLimit.fixed(2).build();

    assertThatThrownBy(limit::release)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("release: nothing is in flight (expected: once for each acquire)");
    assertThat(limit.inFlight()).isZero();
  }
}
