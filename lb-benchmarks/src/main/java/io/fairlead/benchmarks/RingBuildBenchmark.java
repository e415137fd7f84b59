package io.fairlead.benchmarks;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.strategy.Draws;
import io.fairlead.strategy.Strategy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long it takes to make a table of hashes, when a balancer is made and when one member is replaced. A ring has 160 points
 * for each member. What {@code fairleadRandom} takes, which has no table, is the pool's own part. The references are the usual
 * ring, a {@link TreeMap} of hashes, of the same hashes: made anew when somebody comes or goes, or copied and changed.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 2,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m", "-XX:+AlwaysPreTouch"})
@SuppressWarnings("NullAway.Init") // JMH fills a state's fields before it measures
public class RingBuildBenchmark {

  private static final int POINTS = 160;

  /** How many servers there are. */
  @Param({"1000", "10000"})
  public int members;

  /** Who does it. */
  @Param({
    "fairleadRing",
    "fairleadMaglev",
    "fairleadRandom",
    "referenceTreeMap",
    "referenceTreeMapCopied"
  })
  public String impl;

  private List<Backend> backends;
  private List<Backend> oneReplaced;
  private Tables tables;
  private boolean replaced;

  /** Makes a table for some servers; the one that it makes first, and after it others. */
  private interface Tables extends AutoCloseable {
    Object first(List<Backend> backends);

    Object change(List<Backend> backends);

    @Override
    default void close() {}
  }

  @Setup
  public void setUp() {
    backends = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      backends.add(Backend.of("10.1." + i / 250 + "." + i % 250, 8080));
    }
    oneReplaced = new ArrayList<>(backends);
    oneReplaced.set(members / 2, Backend.of("10.2.0.1", 8080));
    tables = switch (impl) {
      case "fairleadRing" -> new Balanced(Strategy.consistentHash());
      case "fairleadMaglev" -> new Balanced(Strategy.maglev());
      case "fairleadRandom" -> new Balanced(Strategy.random());
      case "referenceTreeMap" -> new TreeMaps(false);
      case "referenceTreeMapCopied" -> new TreeMaps(true);
      default -> throw new IllegalArgumentException("impl: " + impl);
    };
    tables.first(backends);
  }

  @TearDown
  public void tearDown() {
    tables.close();
  }

  @Benchmark
  public Object first() {
    return tables.first(backends);
  }

  @Benchmark
  public Object replaceOne() {
    replaced = !replaced;
    return tables.change(replaced ? oneReplaced : backends);
  }

  private static final class Balanced implements Tables {
    private final Strategy strategy;
    private LoadBalancer balancer;

    Balanced(Strategy strategy) {
      this.strategy = strategy;
      this.balancer = balanced(List.of());
    }

    private LoadBalancer balanced(List<Backend> backends) {
      return LoadBalancer.builder("benchmark")
          .backends(backends)
          .strategy(strategy)
          .build();
    }

    @Override
    public Object first(List<Backend> backends) {
      balancer = balanced(backends); // the one before becomes garbage; it has nothing in flight
      return balancer;
    }

    @Override
    public Object change(List<Backend> backends) {
      balancer.pool().update(backends);
      return balancer;
    }

    @Override
    public void close() {
      balancer.close();
    }
  }

  private static final class TreeMaps implements Tables {
    private static final Hasher64 HASHER = Hashing.xxh3_64();

    private final boolean copied;
    private List<Backend> before = List.of();
    private TreeMap<Long, Backend> ring = new TreeMap<>();

    TreeMaps(boolean copied) {
      this.copied = copied;
    }

    @Override
    public Object first(List<Backend> backends) {
      before = backends;
      ring = new TreeMap<>();
      backends.forEach(backend -> put(ring, backend));
      return ring;
    }

    @Override
    public Object change(List<Backend> backends) {
      if (!copied) {
        return first(backends);
      }
      TreeMap<Long, Backend> copy = new TreeMap<>(ring); // in linear time, as it is sorted
      for (int i = 0; i < backends.size(); i++) {
        if (!backends.get(i).equals(before.get(i))) {
          points(before.get(i)).forEach(copy::remove);
          put(copy, backends.get(i));
        }
      }
      before = backends;
      ring = copy;
      return ring;
    }

    private static void put(Map<Long, Backend> ring, Backend backend) {
      points(backend).forEach(point -> ring.put(point, backend));
    }

    private static Collection<Long> points(Backend backend) {
      long id = HASHER.hashCharsToLong(backend.id());
      List<Long> points = new ArrayList<>(POINTS);
      for (int k = 0; k < POINTS; k++) {
        points.add(Draws.next(id + k * 0x9e3779b97f4a7c15L));
      }
      return points;
    }
  }
}
