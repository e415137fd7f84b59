package io.fairlead.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The Java code in the README and the guide is code that compiles: it stands in a source file of some example. */
class DocsTest {

  private static final Path ROOT = Path.of("../..");
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  /** A piece of code in a document. */
  record Block(Path document, int number, String code) {

    /** As in {@code strategies.md, block 3: Strategy ring =}, which names the test. */
    @Override
    public String toString() {
      return document.getFileName() + ", block " + number + ": "
          + code.lines().findFirst().orElse("");
    }
  }

  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    documents.addAll(files(ROOT.resolve("docs/guide"), ".md"));
    return documents;
  }

  private static List<Path> sources() throws IOException {
    List<Path> sources = new ArrayList<>();
    try (Stream<Path> examples = Files.list(ROOT.resolve("examples"))) {
      for (Path example : examples.filter(Files::isDirectory).toList()) {
        if (Files.isDirectory(example.resolve("src"))) {
          sources.addAll(files(example.resolve("src"), ".java"));
        }
      }
    }
    return sources;
  }

  private static List<Path> files(Path folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    }
  }

  private static List<Block> blocksOf(Path document) throws IOException {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(document));
    while (matcher.find()) {
      blocks.add(new Block(document, blocks.size() + 1, matcher.group(1)));
    }
    return blocks;
  }

  static List<Block> blocks() throws IOException {
    List<Block> blocks = new ArrayList<>();
    for (Path document : documents()) {
      blocks.addAll(blocksOf(document));
    }
    return blocks;
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void block_standsInCompiledSources(Block block) throws IOException {
    assertThat(sources())
        .as("sources, of which one has: %s", block.code())
        .anyMatch(source -> text(read(source)).contains(text(block.code())));
  }

  @Test
  void eachDocument_hasCode() throws IOException {
    List<Path> documents = documents();
    assertThat(documents).hasSizeGreaterThan(1);
    for (Path document : documents) {
      assertThat(blocksOf(document)).as("blocks of %s", document).isNotEmpty();
    }
    assertThat(blocks()).hasSizeGreaterThan(5 * documents.size());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Without regard to how it is laid out. */
  private static String text(String code) {
    return code.replaceAll("\\s+", "");
  }
}
