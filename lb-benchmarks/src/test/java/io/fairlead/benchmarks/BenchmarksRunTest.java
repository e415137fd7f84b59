package io.fairlead.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Each benchmark, for a moment, so that none rots. What it measures means nothing here. */
class BenchmarksRunTest {

  static {
    System.setProperty("jmh.ignoreLock", "true"); // what runs beside it does no harm
  }

  static Stream<String> benchmarks() {
    Set<BenchmarkListEntry> all = BenchmarkList.defaultList()
        .getAll(
            OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of());
    return all.stream().map(BenchmarkListEntry::getUsername).distinct();
  }

  @Test
  void thereAreBenchmarks() {
    assertThat(benchmarks()).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("benchmarks")
  void benchmark_withEachImpl_runs(String benchmark) throws Exception {
    ChainedOptionsBuilder options = new OptionsBuilder()
        .include("^" + benchmark.replace(".", "\\.") + "$")
        .forks(0)
        .warmupIterations(0)
        .measurementIterations(1)
        .measurementTime(TimeValue.milliseconds(10))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT);
    smallest(benchmark).forEach(options::param);
    assertThat(run(options))
        .isNotEmpty()
        .allSatisfy(result -> assertThat(result.getPrimaryResult().getScore()).isPositive());
  }

  private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
    return new Runner(options.build()).run();
  }

  /** The first value of each parameter but impl, of which all are run. */
  private static Map<String, String> smallest(String benchmark) throws ClassNotFoundException {
    Map<String, String> first = new LinkedHashMap<>();
    Class<?> type = Class.forName(benchmark.substring(0, benchmark.lastIndexOf('.')));
    Arrays.stream(type.getFields())
        .filter(field -> field.isAnnotationPresent(Param.class))
        .filter(field -> !field.getName().equals("impl"))
        .forEach(
            field -> first.put(field.getName(), field.getAnnotation(Param.class).value()[0]));
    return first;
  }
}
