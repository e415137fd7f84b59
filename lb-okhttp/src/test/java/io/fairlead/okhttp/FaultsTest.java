package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.AttemptsFailedException;
import io.fairlead.AttemptsFailedException.FailedAttempt;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.Fault.Effect;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.okhttp.VanishingPoolTest.Moment;
import io.fairlead.retry.RetryPolicy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each {@link Fault} over each {@link Wire}: what the caller sees, who got the request, and that nothing is left behind. What
 * was seen stands in docs/results/faults.md, which {@code -Dfaults.write=true} writes anew.
 */
class FaultsTest {

  private static final Path TABLE = Path.of("../docs/results/faults.md");

  /** Three tries, and for each another one over a fresh connection: as often as a server may have got a request in all. */
  private static final int MOST = 6;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Long enough for a handshake on a busy machine: what is never answered is awaited for so long. */
  private static final Duration TIME_OUT = Duration.ofMillis(500);

  private static final RetryPolicy ATTEMPT_TIME_OUT =
      RetryPolicy.builder().attemptTimeout(TIME_OUT).build();

  /** A kind of request. */
  enum Kind {
    GET("GET"),
    POST("POST"),
    KEYED_POST("POST, Idempotency-Key"),
    ONE_SHOT_POST("POST, one-shot body");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    boolean mayBeRepeated() {
      return this == GET || this == KEYED_POST;
    }

    boolean canBeSentAgain() {
      return this != ONE_SHOT_POST;
    }

    Call call(Harness orders) {
      Request.Builder request = orders.request("/");
      switch (this) {
        case GET -> {}
        case POST -> request.post(RequestBody.create("posted", Harness.TEXT));
        case KEYED_POST ->
          request
              .post(RequestBody.create("posted", Harness.TEXT))
              .header("Idempotency-Key", "0815");
        case ONE_SHOT_POST -> request.post(Harness.oneShot());
      }
      return orders.client.newCall(request.build());
    }
  }

  /** Who is there, and in which state. */
  enum Pool {
    ONE_OF_TWO("One of two servers is bad", 1, 1, 0),
    KEPT(
        "One of two servers is bad, and has answered well over the same connection before",
        1,
        1,
        1),
    BOTH("Both servers are bad", 2, 0, 0);

    private final String title;
    private final int bad;
    private final int good;
    private final int before;

    Pool(String title, int bad, int good, int before) {
      this.title = title;
      this.bad = bad;
      this.good = good;
      this.before = before;
    }

    /** All for the first, of which the others are variations. */
    Set<Wire> wires() {
      return this == ONE_OF_TWO
          ? EnumSet.allOf(Wire.class)
          : EnumSet.of(Wire.HTTP_1, Wire.TLS_HTTP_2);
    }
  }

  /** One fault, in one pool, over one wire. */
  record Case(Fault fault, Pool pool, Wire wire) {
    @Override
    public String toString() {
      return fault.what() + ", " + wire + ", " + pool;
    }
  }

  /** What came of one call. */
  record Seen(String caller, List<Integer> requests) {
    int requestsInAll() {
      return requests.stream().mapToInt(Integer::intValue).sum();
    }

    /** As in {@code 200 (both)}. */
    String cell() {
      boolean first = requests.get(0) > 0;
      boolean second = requests.get(1) > 0;
      String who = first ? second ? "both" : "first" : second ? "second" : "none";
      return caller + " (" + who + ")";
    }
  }

  /** Of which some only wait. */
  private static final int AT_A_TIME = 8;

  private static final ExecutorService EXECUTOR = Executors.newFixedThreadPool(AT_A_TIME);
  private static final Map<Case, Future<Map<Kind, Seen>>> SEEN = new LinkedHashMap<>();

  @BeforeAll
  static void start() {
    cases().forEach(c -> SEEN.put(c, EXECUTOR.submit(() -> attempts(c))));
  }

  @AfterAll
  static void end() throws InterruptedException {
    EXECUTOR.shutdownNow(); // if one test alone was to run, others are not awaited by it
    assertThat(EXECUTOR.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .isTrue();
    Eventually.holds("no thread is at it", () -> threadsAtWork().findAny().isEmpty());
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Pool pool : Pool.values()) {
      for (Fault fault : Fault.ALL) {
        for (Wire wire : pool.wires()) {
          if (fault.isOver(wire) && (pool.before == 0 || fault.isOfRequest())) {
            cases.add(new Case(fault, pool, wire));
          }
        }
      }
    }
    return cases;
  }

  // ---- what is to hold ----

  @ParameterizedTest
  @MethodSource("cases")
  void fault(Case c) throws Exception {
    Effect effect = c.fault.effect(c.wire);
    Map<Kind, Seen> seen = seen(c);
    seen.forEach((kind, came) -> {
      boolean disclaimed = effect == Effect.UNREACHED || effect == Effect.DISCLAIMED;
      if (!kind.mayBeRepeated() && !disclaimed) {
        assertThat(came.requestsInAll())
            .as("servers that got a %s: %s", kind, came)
            .isLessThanOrEqualTo(1);
      }
      assertThat(came.requestsInAll()).as("%s: %s", kind, came).isLessThanOrEqualTo(MOST);
      if (c.pool.good > 0 && effect != Effect.DELIVERED) {
        assertThat(came.caller().equals("200"))
            .as("%s is saved, where %s: %s", kind, effect, came)
            .isEqualTo(isSaved(effect, kind));
      }
    });
  }

  private static boolean isSaved(Effect effect, Kind kind) {
    return switch (effect) {
      case UNREACHED -> true;
      case DISCLAIMED -> kind.canBeSentAgain();
      case LOST, BEGUN, REFUSED -> kind.mayBeRepeated();
      case DELIVERED -> false;
    };
  }

  @Test
  void table_isWhatWasSeen() throws Exception {
    StringBuilder table = new StringBuilder(HEAD);
    for (Pool pool : Pool.values()) {
      table
          .append("\n## ")
          .append(pool.title)
          .append("\n\n| the server | protocol |")
          .append(kinds());
      for (Fault fault : Fault.ALL) {
        table.append(rows(fault, pool));
      }
    }
    table.append("\n## All servers leave the pool\n\n| when | protocol |").append(kinds());
    for (Moment moment : Moment.values()) {
      table.append(row(moment));
    }
    if (Boolean.getBoolean("faults.write")) {
      Files.writeString(TABLE, table);
    }
    assertThat(Files.readString(TABLE))
        .as("docs/results/faults.md (-Dfaults.write=true writes it anew)")
        .isEqualTo(table.toString());
  }

  private static final String HEAD = """
      # What faults come to

      What a caller sees of two servers of which one misbehaves, or both do, and in parentheses who got the request: the first,
      which is asked first and is a bad one, the second, both or none. Real sockets on one machine, and all settings as they are
      by default, but for time-outs that are short, and one for each attempt where headers trickle without end.

      Written by `FaultsTest` in lb-okhttp, which fails as soon as any of it is no longer so, and also

      - if a request is not saved by the good server that could be: any that was not sent, any that the bad one says it did
        nothing with and that can be sent again, and those that may be repeated unless the caller has an answer's head already;
      - if a POST that may not be repeated, and that was sent, reaches a second server;
      - if anything is left behind: a place in flight, a connection in use, a connection that is open after the client's pool
        was emptied, a thread.

      `-Dfaults.write=true` writes it anew. *Fails* is an `AttemptsFailedException`, with what its last attempt came to;
      *NoBackend* a `NoBackendException`. After a status, *broken off* is a body that ends with an `IOException`, and *wrong body*
      one that ends well with other bytes than were meant. Over HTTP/2 OkHttp does not compare a body with its Content-Length if
      that is too large: who has to be sure compares them.
      """;

  private static String kinds() {
    return Stream.of(Kind.values())
        .map(kind -> kind.label)
        .collect(Collectors.joining(" | ", " ", " |\n|---|---|---|---|---|---|\n"));
  }

  private static String row(Moment moment) throws Exception {
    List<String> cells = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      cells.add(VanishingPoolTest.attempt(moment, Wire.HTTP_1, kind).cell());
    }
    return "| " + moment.when() + " | any | " + String.join(" | ", cells) + " |\n";
  }

  /** One for all protocols where they are alike, and else one for each. */
  private static String rows(Fault fault, Pool pool) throws Exception {
    Map<String, List<String>> protocols = new LinkedHashMap<>(); // by cells
    int over = 0;
    for (Wire wire : pool.wires()) {
      Case c = new Case(fault, pool, wire);
      if (SEEN.containsKey(c)) {
        over++;
        String cells = seen(c).values().stream().map(Seen::cell).collect(Collectors.joining(" | "));
        protocols.computeIfAbsent(cells, any -> new ArrayList<>()).add(label(wire));
      }
    }
    StringBuilder rows = new StringBuilder();
    boolean everywhere = over == pool.wires().size() && protocols.size() == 1;
    protocols.forEach((cells, alike) -> rows.append(String.format(
        Locale.ROOT,
        "| %s | %s | %s |%n",
        fault.what(),
        everywhere ? "any" : String.join(", ", alike),
        cells)));
    return rows.toString();
  }

  private static String label(Wire wire) {
    return switch (wire) {
      case HTTP_1 -> "1.1";
      case TLS_HTTP_1 -> "1.1 TLS";
      case TLS_HTTP_2 -> "2 TLS";
      case PRIOR_KNOWLEDGE -> "2";
    };
  }

  // ---- how it is tried ----

  private static Map<Kind, Seen> seen(Case c) throws Exception {
    return Objects.requireNonNull(SEEN.get(c), c.toString()).get();
  }

  private static Map<Kind, Seen> attempts(Case c) throws Exception {
    Map<Kind, Seen> seen = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      try {
        seen.put(kind, attempt(c, kind));
      } catch (AssertionError e) {
        throw new AssertionError(c + ", " + kind, e);
      }
    }
    return seen;
  }

  private static Seen attempt(Case c, Kind kind) throws Exception {
    List<FaultServer> servers = new ArrayList<>();
    List<Backend> backends = new ArrayList<>();
    try {
      for (int i = 0; i < c.pool.bad + c.pool.good; i++) {
        if (i < c.pool.bad && c.fault.isAbsence()) {
          backends.add(Harness.refusing());
        } else {
          FaultServer server =
              i < c.pool.bad ? c.fault.start(c.wire, c.pool.before) : FaultServer.good(c.wire);
          servers.add(server);
          backends.add(server.backend());
        }
      }
      Duration timeOut = c.fault.waits() ? TIME_OUT : PATIENCE;
      Duration callTimeOut = timeOut.multipliedBy(6);
      try (Harness orders = c.wire.harness(
          balancer -> c.fault.isNeverSilent() ? balancer.retries(ATTEMPT_TIME_OUT) : balancer,
          builder -> builder.readTimeout(timeOut).callTimeout(callTimeOut),
          backends.toArray(Backend[]::new))) {
        for (int i = 0; i < c.pool.before; i++) {
          assertThat(caller(orders.get("/"))).isEqualTo("200");
        }
        String caller = caller(kind.call(orders));
        Seen seen = new Seen(caller, requests(c, servers));
        assertNothingIsLeft(orders, c.fault.isDeaf() ? List.of() : servers);
        return seen;
      }
    } finally {
      for (FaultServer server : servers) {
        server.close();
      }
    }
  }

  /** Of each server, those that came before not counted. */
  private static List<Integer> requests(Case c, List<FaultServer> servers) {
    List<Integer> requests = new ArrayList<>();
    for (int i = servers.size(); i < c.pool.bad + c.pool.good; i++) {
      requests.add(0);
    }
    servers.forEach(server -> requests.add(server.requests()));
    requests.set(0, requests.get(0) - c.pool.before);
    return requests;
  }

  static String caller(Call call) {
    int status;
    try (Response response = call.execute()) {
      status = response.code();
      try {
        String body = response.body().string();
        return body.equals(Fault.BODY) ? status + "" : status + ", wrong body";
      } catch (IOException e) {
        return status + ", broken off";
      }
    } catch (AttemptsFailedException e) {
      List<FailedAttempt> attempts = e.attempts();
      return switch (attempts.get(attempts.size() - 1).outcome().kind()) {
        case CONNECT -> "fails: no connection";
        case TIMEOUT -> "fails: time-out";
        default -> "fails: broken off"; // or lost, which is a matter of chance over HTTP/2
      };
    } catch (LoadBalancingException e) {
      return e.getClass().getSimpleName().replace("Exception", "");
    } catch (InterruptedIOException e) {
      return "time-out";
    } catch (IOException e) {
      return e.getClass().getSimpleName();
    }
  }

  static void assertNothingIsLeft(Harness orders, List<FaultServer> servers)
      throws InterruptedException {
    orders.assertNothingInFlight();
    ConnectionPool pool = orders.client.connectionPool();
    Eventually.holds(
        "all connections are idle", () -> pool.idleConnectionCount() == pool.connectionCount());
    pool.evictAll();
    assertThat(pool.connectionCount()).isZero();
    Eventually.holds(
        "all connections are closed",
        () -> servers.stream().allMatch(server -> server.connections() == 0));
  }

  /** Those that send or read requests: callers but this one, and readers of HTTP/2 connections. */
  private static Stream<Thread> threadsAtWork() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey() != Thread.currentThread())
        .filter(entry -> Stream.of(entry.getValue())
            .anyMatch(frame -> frame.getClassName().startsWith("okhttp3.internal.http")
                || frame.getClassName().equals(BalancedCall.class.getName())))
        .map(Map.Entry::getKey);
  }
}
