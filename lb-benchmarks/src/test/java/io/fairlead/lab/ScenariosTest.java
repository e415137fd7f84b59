package io.fairlead.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScenariosTest {

  @Test
  void all_namesAreDistinct() {
    assertThat(Scenarios.all()).extracting(Scenario::name).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("io.fairlead.lab.Scenarios#all")
  void scenario_isFitForTables(Scenario scenario) {
    assertThat(scenario.name()).matches("[a-z0-9-]+");
    assertThat(scenario.description()).endsWith(".").doesNotContain("|");
    assertThat(scenario.measured().from()).isLessThan(scenario.durationNanos());
  }
}
