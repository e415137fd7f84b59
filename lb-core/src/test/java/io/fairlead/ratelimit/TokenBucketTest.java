package io.fairlead.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.FakeClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TokenBucketTest {

  private final FakeClock clock = new FakeClock();

  private TokenBucket bucket(RateLimit... limits) {
    TokenBucket.Builder builder = TokenBucket.builder().time(clock);
    for (RateLimit limit : limits) {
      builder.limit(limit);
    }
    return builder.build();
  }

  @Test
  void tryAcquire_ofAFullBucket_givesItsCapacity() {
    TokenBucket bucket = bucket(RateLimit.perSecond(3));

    assertThat(bucket.tryAcquire(2)).isTrue();
    assertThat(bucket.tryAcquire()).isTrue();
    assertThat(bucket.tryAcquire()).isFalse();
  }

  @Test
  void permit_comesBack_toTheNanosecond() {
    TokenBucket bucket = bucket(RateLimit.perSecond(3));
    bucket.tryAcquire(3);

    clock.advance(Duration.ofNanos(333_333_333));
    assertThat(bucket.tryAcquire()).isFalse();
    clock.advance(Duration.ofNanos(1));
    assertThat(bucket.tryAcquire()).isTrue();
  }

  @Test
  void ofSeveralLimits_allGiveOrNoneDoes() {
    TokenBucket bucket = bucket(RateLimit.perSecond(10), RateLimit.perMinute(15));

    assertThat(bucket.tryAcquire(10)).isTrue();
    clock.advance(Duration.ofSeconds(1));
    assertThat(bucket.tryAcquire(6)).isFalse();
    assertThat(bucket.available()).isEqualTo(5);
    assertThat(bucket.tryAcquire(5)).isTrue();
  }
}
