package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.okhttp.Harness.Wire;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import java.io.IOException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Under steady load on three servers, one is killed and brought back on the same port, again and again: no idempotent call
 * fails, and once the server is out, no more than one attempt at a time goes to it.
 */
class KillAndRestartTest {

  /** Who is dead is asked in its turn, until it is out: others keep away from it before. */
  private static final Strategy IN_TURN = Strategy.roundRobin();

  private static final int CALLERS = 8;
  private static final Duration THINKING = Duration.ofMillis(4);
  private static final Duration DEAD = Duration.ofMillis(1200); // for one probe at least
  private static final Duration ALIVE = Duration.ofMillis(300);

  /** Within this long after a veto, an attempt may be told of that began before it. */
  private static final Duration GRACE = Duration.ofMillis(300);

  /** How many attempts at one member there are at a time, of those that begin while it is out. */
  private static final class Probes implements LoadBalancerListener {
    private final int port;
    private final AtomicInteger vetoes = new AtomicInteger();
    private final AtomicInteger probes = new AtomicInteger();
    private int present; // under this
    private int most; // under this
    private boolean out; // under this
    private long since; // under this
    private final ThreadLocal<Boolean> probing = ThreadLocal.withInitial(() -> false);

    Probes(int port) {
      this.port = port;
    }

    synchronized int most() {
      return most;
    }

    private boolean isIt(Member member) {
      return member.backend().port() == port;
    }

    @Override
    public synchronized void vetoed(Member member, Veto veto) {
      if (isIt(member)) {
        out = true;
        since = System.nanoTime();
        vetoes.incrementAndGet();
      }
    }

    @Override
    public synchronized void lifted(Member member, Veto veto) {
      if (isIt(member)) {
        out = !member.available();
      }
    }

    /** If it is available by now, it was lifted before, and that is about to be told. */
    @Override
    public synchronized void leased(Member member, RequestContext context) {
      if (isIt(member)
          && out
          && !member.available()
          && System.nanoTime() - since > GRACE.toNanos()) {
        probing.set(true);
        probes.incrementAndGet();
        present++;
        most = Math.max(most, present);
      }
    }

    /** On the thread that leased, since nobody cancels and all bodies are read. */
    @Override
    public synchronized void answered(Member member, Outcome outcome, Duration elapsed) {
      if (isIt(member) && probing.get()) {
        probing.set(false);
        present--;
      }
    }
  }

  private static void tryFor(Duration duration, Wire wire, Strategy strategy) throws Exception {
    FaultServer[] servers = new FaultServer[3];
    for (int i = 0; i < servers.length; i++) {
      servers[i] = FaultServer.good(wire, 0, THINKING);
    }
    int victim = servers[0].port();
    Probes probes = new Probes(victim);
    AtomicInteger calls = new AtomicInteger();
    int kills = 0;
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    long end = System.nanoTime() + duration.toNanos();
    ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    try (LoadBalancer orders = LoadBalancer.builder("orders")
        .backends(servers[0].backend(), servers[1].backend(), servers[2].backend())
        .strategy(strategy)
        .listener(probes)
        .build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of(orders).install(wire.client().build());
      Request request = new Request.Builder().url(wire.scheme() + "://orders/").build();
      Runnable caller = () -> {
        while (!over.get()) {
          calls.incrementAndGet();
          try (Response response = client.newCall(request).execute()) {
            String body = response.body().string();
            if (response.code() != 200 || !body.equals(Fault.BODY)) {
              failures.add(response.code() + " " + body);
            }
          } catch (IOException e) {
            failures.add(e.toString());
          }
        }
      };
      for (int i = 0; i < CALLERS; i++) {
        callers.execute(caller);
      }
      do {
        Eventually.holds("the server is used", () -> servers[0].requests() > 0);
        LockSupport.parkNanos(ALIVE.toNanos());
        servers[0].close();
        kills++;
        LockSupport.parkNanos(DEAD.toNanos());
        servers[0] = FaultServer.good(wire, victim, THINKING);
      } while (end - System.nanoTime() > 0);
      Eventually.holds("the server is used again", () -> servers[0].requests() > 0);
      over.set(true);
      callers.shutdown();
      assertThat(callers.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
      String what = calls + " calls, " + kills + " kills, " + probes.vetoes + " vetoes, "
          + probes.probes + " probes";
      assertThat(failures).as(what).isEmpty();
      assertThat(probes.most())
          .as("attempts at a time at the dead server, " + what)
          .isLessThan(2);
      assertThat(probes.vetoes.get())
          .as(what)
          .isGreaterThanOrEqualTo(strategy == IN_TURN ? kills : 0);
      Eventually.holds(
          "nothing is in flight",
          () -> orders.pool().members().stream().allMatch(member -> member.inFlight() == 0));
      client.connectionPool().evictAll();
    } finally {
      over.set(true);
      callers.shutdownNow();
      for (FaultServer server : servers) {
        server.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "TLS_HTTP_2"})
  void aFewSeconds(Wire wire) throws Exception {
    tryFor(Duration.ofSeconds(5), wire, IN_TURN);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("soak")
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  void aMinute(Wire wire) throws Exception {
    tryFor(Duration.ofMinutes(1), wire, IN_TURN);
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "TLS_HTTP_2"})
  @Tag("soak")
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  void aMinute_byDefault(Wire wire) throws Exception {
    tryFor(Duration.ofMinutes(1), wire, Strategy.leastResponseTime());
  }
}
