package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class KeyedTokenBucketTest {

  private final FakeClock clock = new FakeClock();

  @Test
  void eachKey_hasABucketOfItsOwn() {
    KeyedTokenBucket<String> bucket = KeyedTokenBucket.<String>builder()
        .limit(RateLimit.perSecond(2))
        .time(clock)
        .build();

    assertThat(bucket.tryAcquire("a", 2)).isTrue();
    assertThat(bucket.tryAcquire("a")).isFalse();
    assertThat(bucket.tryAcquire("b", 2)).isTrue();
    clock.advance(Duration.ofMillis(500));
    assertThat(bucket.tryAcquire("a")).isTrue();
    assertThat(bucket.available("b")).isEqualTo(1);
    assertThat(bucket.size()).isEqualTo(2);
  }
}
