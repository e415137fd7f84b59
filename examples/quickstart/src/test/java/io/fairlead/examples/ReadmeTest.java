package io.fairlead.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The README's code is code that compiles. */
class ReadmeTest {

  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  static List<String> blocks() throws IOException {
    Matcher matcher = BLOCK.matcher(Files.readString(Path.of("../../README.md")));
    return matcher.results().map(result -> result.group(1)).toList();
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void block_standsInCompiledSources(String block) throws IOException {
    assertThat(text(Files.readString(Path.of("src/test/java/io/fairlead/examples/Snippets.java"))))
        .contains(text(block));
  }

  @Test
  void readme_hasCode() throws IOException {
    assertThat(blocks()).hasSizeGreaterThan(5);
  }

  /** Without regard to how it is laid out. */
  private static String text(String code) {
    return code.replaceAll("\\s+", "");
  }
}
