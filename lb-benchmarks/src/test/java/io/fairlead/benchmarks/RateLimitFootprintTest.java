package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ratelimit.RateLimit;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RateLimitFootprintTest {

  private static final RateLimit LIMIT = RateLimit.of(100, Duration.ofHours(1));

  @Test
  void bucket_takesAtMost300Bytes() {
    assertThat(RateLimitFootprint.bucket(LIMIT)).isBetween(40.0, 300.0);
  }

  @Test
  void key_takesAtMost130Bytes() {
    assertThat(RateLimitFootprint.keyed(200_000, i -> (long) i, LIMIT)).isBetween(60.0, 130.0);
  }
}
