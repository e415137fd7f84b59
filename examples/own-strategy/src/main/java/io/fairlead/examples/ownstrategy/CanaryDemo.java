package io.fairlead.examples.ownstrategy;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Lets some users see a new version, breaks it, and tells who was sent where. The servers are methods of this program. */
public final class CanaryDemo {

  private static final int USERS = 1_000;
  private static final int REQUESTS_EACH = 10;

  private final PrintStream out;
  private final Map<Integer, Set<String>> seen = new LinkedHashMap<>(); // versions, by user
  private boolean broken;
  private int attemptsOnBroken;

  private CanaryDemo(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws IOException {
    run(System.out);
  }

  /** The program. Returns who got how many attempts. */
  static Map<String, Long> run(PrintStream out) throws IOException {
    return new CanaryDemo(out).run();
  }

  private Map<String, Long> run() throws IOException {
    Canary strategy = Canary.of(
        0.05,
        Duration.ofMinutes(1),
        backend -> "canary".equals(backend.metadata().get("version")));
    try (LoadBalancer shop = LoadBalancer.builder("shop")
        .strategy(strategy)
        .backends(
            server("10.0.0.1:8080", "stable"),
            server("10.0.0.2:8080", "stable"),
            server("10.0.0.3:8080", "stable"),
            server("10.0.0.4:8080", "canary"))
        .build()) {
      send(shop);
      out.printf(
          "%d users, %d requests each, 5 %% of the users to the canary:%n", USERS, REQUESTS_EACH);
      out.println(shop);
      out.printf(
          "%d users saw the canary, %d saw both versions.%n%n",
          seen.values().stream().filter(versions -> versions.contains("canary")).count(),
          seen.values().stream().filter(versions -> versions.size() > 1).count());

      broken = true;
      send(shop);
      out.println("The same again, but now the canary fails:");
      out.println(shop);
      out.printf(
          "%d attempts failed there, then it was left alone. No call failed.%n", attemptsOnBroken);

      Map<String, Long> counts = new LinkedHashMap<>();
      for (Member member : shop.pool().members()) {
        counts.put(
            member.backend().id(),
            member.count(Outcome.Kind.SUCCESS) + member.count(Outcome.Kind.PROTOCOL));
      }
      return counts;
    }
  }

  private static Backend server(String address, String version) {
    return Backend.builder(address).metadata("version", version).build();
  }

  private void send(LoadBalancer shop) throws IOException {
    for (int request = 0; request < REQUESTS_EACH; request++) {
      for (int user = 0; user < USERS; user++) {
        String version = shop.call(
            RequestContext.withKey("user " + user).repeatable(),
            attempt -> answer(attempt.backend()));
        seen.computeIfAbsent(user, first -> new HashSet<>()).add(version);
      }
    }
  }

  /** What a server says: its version, if it works. */
  private String answer(Backend backend) throws IOException {
    String version = backend.metadata().getOrDefault("version", "unknown");
    if (broken && version.equals("canary")) {
      attemptsOnBroken++;
      throw new IOException("version 43 has a bug");
    }
    return version;
  }
}
