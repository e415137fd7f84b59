package io.fairlead.examples.ownstrategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CanaryDemoTest {

  @Test
  void demo_tellsWhatItShows() throws Exception {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    Map<String, Long> counts = CanaryDemo.run(new PrintStream(text, true, StandardCharsets.UTF_8));
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains("0 saw both versions.")
        .contains("5 attempts failed there");
    assertThat(counts.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(20_005);
  }
}
