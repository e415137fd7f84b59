package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An OkHttp that lacks what is needed is refused with the remedy, and not by a NoSuchMethodError in the first call. */
class OkHttpVersionTest {

  @ParameterizedTest
  @ValueSource(strings = {"5.4.0", "5.4", "5.5.1", "5.10.0", "5.5.0-alpha.1", "6.0.0", "10.0"})
  void newEnough(String version) {
    OkHttpVersion.check(version);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"5.3.2", "5.0.0-alpha.14", "5", "4.12.0", "3.14.9", "unknown", "", "x.y", "5.x"})
  void tooOld(String version) {
    assertThatThrownBy(() -> OkHttpVersion.check(version))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContainingAll("OkHttp " + version, "expected: 5.4", "okhttp-bom:5.5.1");
  }

  /** Everything as in this test but for OkHttp itself. */
  @Test
  void reallyOldOne() throws Exception {
    File old = new File("target/old-okhttp/okhttp-4.12.0.jar");
    assumeThat(old).as("copied there by Maven").exists();
    List<URL> path = new ArrayList<>(List.of(old.toURI().toURL()));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!entry.contains("okhttp-jvm")) {
        path.add(new File(entry).toURI().toURL());
      }
    }
    try (URLClassLoader loader =
        new URLClassLoader(path.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
      Class<?> balancerType = loader.loadClass("io.fairlead.LoadBalancer");
      Object builder = balancerType.getMethod("builder", String.class).invoke(null, "orders");
      Object balancer = builder.getClass().getMethod("build").invoke(builder);
      Object balancers = Array.newInstance(balancerType, 1);
      Array.set(balancers, 0, balancer);
      Class<?> type = loader.loadClass("io.fairlead.okhttp.LoadBalancingInterceptor");
      assertThat(type).isNotEqualTo(LoadBalancingInterceptor.class);
      assertThatThrownBy(() -> type.getMethod("of", balancers.getClass()).invoke(null, balancers))
          .isInstanceOf(InvocationTargetException.class)
          .cause()
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContainingAll("OkHttp 4.12.0", "expected: 5.4", "okhttp-bom:5.5.1");
    }
  }
}
