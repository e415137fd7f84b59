package io.fairlead;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.Timer;
import java.util.TreeSet;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** The rules of the house (docs/architecture.md), held against the compiled classes. */
class ArchitectureTest {

  /** From the bottom to the top: each imports only those before it. */
  private static final List<String> LAYERS = List.of(
      "io.fairlead.time",
      "io.fairlead.net",
      "io.fairlead.request",
      "io.fairlead.backend",
      "io.fairlead.concurrency",
      "io.fairlead.ratelimit",
      "io.fairlead.circuitbreaker",
      "io.fairlead.retry",
      "io.fairlead.health",
      "io.fairlead.strategy",
      "io.fairlead.pool",
      "io.fairlead");

  private static final Path COMPILED = Path.of("target/classes");
  private static final JavaClasses MAIN =
      new ClassFileImporter().importLocations(Set.of(Location.of(COMPILED)));

  @Test
  void everyPackageHasItsLayer() {
    Set<String> packages = new TreeSet<>();
    MAIN.forEach(type -> packages.add(type.getPackageName()));

    assertThat(packages).isEqualTo(new TreeSet<>(LAYERS));
  }

  @Test
  void aPackageImportsOnlyThoseBelowIt() {
    for (int i = 0; i < LAYERS.size(); i++) {
      String[] above = LAYERS.subList(i + 1, LAYERS.size()).toArray(String[]::new);
      if (above.length > 0) {
        noClasses()
            .that()
            .resideInAPackage(LAYERS.get(i))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(above)
            .check(MAIN);
      }
    }
  }

  @Test
  void noCircles() {
    slices().matching("(**)").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void nothingButTheAllowedLibraries() {
    classes()
        .should()
        .onlyDependOnClassesThat(resideInAnyPackage(
            "io.fairlead..",
            "java..",
            "javax.net.ssl..",
            "org.slf4j..",
            "org.jspecify.annotations..",
            "com.github.benmanes.caffeine.cache..",
            "com.dynatrace.hash4j.."))
        .check(MAIN);
  }

  @Test
  void strategiesKnowNoPolicy() {
    noClasses()
        .that()
        .resideInAPackage("io.fairlead.strategy")
        .should()
        .dependOnClassesThat()
        .haveSimpleName("MemberControl")
        .check(MAIN);
  }

  /** What a user of an exported package can name or get, the module exports too. */
  @Test
  void whatIsExported_mentionsOnlyWhatIsExported() throws IOException {
    Set<String> exported = exported();
    List<String> leaks = new ArrayList<>();
    for (JavaClass type : MAIN) {
      if (exported.contains(type.getPackageName()) && isVisible(type)) {
        type.getRawSuperclass()
            .ifPresent(mentioned -> check(exported, type.getName(), mentioned, leaks));
        type.getRawInterfaces()
            .forEach(mentioned -> check(exported, type.getName(), mentioned, leaks));
        for (JavaMember member : type.getMembers()) {
          if (isVisible(member.getModifiers())) {
            mentioned(member)
                .forEach(mentioned -> check(exported, member.getFullName(), mentioned, leaks));
          }
        }
      }
    }

    assertThat(leaks).isEmpty();
  }

  private static Set<JavaClass> mentioned(JavaMember member) {
    return member instanceof JavaCodeUnit unit
        ? unit.getAllInvolvedRawTypes()
        : member.getAllInvolvedRawTypes();
  }

  private static void check(
      Set<String> exported, String where, JavaClass mentioned, List<String> leaks) {
    JavaClass type = mentioned.getBaseComponentType();
    if (type.getPackageName().startsWith("io.fairlead")
        && !(exported.contains(type.getPackageName()) && isVisible(type))) {
      leaks.add(where + " mentions " + type.getName());
    }
  }

  private static boolean isVisible(JavaClass type) {
    return isVisible(type.getModifiers())
        && type.getEnclosingClass().map(ArchitectureTest::isVisible).orElse(true);
  }

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  private static Set<String> exported() throws IOException {
    Set<String> exported = new TreeSet<>();
    try (var in = Files.newInputStream(COMPILED.resolve("module-info.class"))) {
      for (ModuleDescriptor.Exports exports : ModuleDescriptor.read(in).exports()) {
        assertThat(exports.isQualified()).as(exports.source()).isFalse();
        exported.add(exports.source());
      }
    }
    return exported;
  }

  /** A virtual thread that waits for a monitor would hold its carrier. */
  @Test
  void noSynchronizedMethods() {
    noMethods().should().haveModifier(JavaModifier.SYNCHRONIZED).check(MAIN);
  }

  /** Every package says what it is for, and that null is the exception in it. */
  @Test
  void everyPackageIsNullMarked() {
    for (String name : LAYERS) {
      assertThat(MAIN.getPackage(name).getAnnotations())
          .as(name)
          .anyMatch(annotation -> annotation.getRawType().getSimpleName().equals("NullMarked"));
    }
  }

  /** Whoever asks the system's clock, draws lots elsewhere or starts threads cannot be simulated. */
  @Test
  void timeAndChance_comeThroughTheirSeams() {
    noClasses()
        .that(not(resideInAPackage("io.fairlead.time")))
        .should()
        .dependOnClassesThat(belongToAnyOf(
            Random.class,
            ThreadLocalRandom.class,
            ScheduledThreadPoolExecutor.class,
            Timer.class,
            ThreadLocal.class))
        .check(MAIN);
    noClasses()
        .that(not(resideInAPackage("io.fairlead.time")))
        .should()
        .callConstructorWhere(target(owner(assignableTo(Thread.class))))
        .check(MAIN);
    noClasses()
        .that(not(resideInAPackage("io.fairlead.time")))
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(Instant.class, "now")
        .check(MAIN);
  }
}
