package io.fairlead.testing;

import static io.fairlead.testing.StrategyTrial.backend;
import static io.fairlead.testing.StrategyTrial.backends;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fairlead.Lease;
import io.fairlead.NoBackendException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Strategy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Strategy} keeps to, as tests. Implement it in a test class of your own:
 *
 * <pre>{@code
 * class MyStrategyTest implements StrategyContract {
 *   @Override
 *   public Strategy strategy() {
 *     return new MyStrategy();
 *   }
 * }
 * }</pre>
 *
 * <p>Each test puts the strategy to work in a balancer with a {@link FakeClock} and a {@link SeededChance}, sends requests of
 * which no two have the same key, session or client, and looks at who gets them. A balancer makes the best of a strategy that
 * throws, or that names somebody who may not be picked; these tests don't. How evenly a strategy spreads the requests, and
 * what it allocates, is its own affair.
 */
public interface StrategyContract {

  /** The strategy, new or not; called once for each test. */
  Strategy strategy();

  /**
   * Whether each of several members of equal weight gets some of the requests, if there are many. True by default; false is
   * for a strategy that keeps to a part of the members on purpose: it omits the tests for this, and lets requests be refused
   * while others than that part are available.
   */
  default boolean reachesAll() {
    return true;
  }

  // ---- how many there are ----

  /** Nobody is there: a request is refused. */
  @Test
  default void noMembers_refused() {
    try (StrategyTrial trial = new StrategyTrial(strategy(), List.of())) {
      trial.assertRefused("of an empty pool");
    }
  }

  /** All have left: requests are refused until others come. */
  @Test
  default void emptiedPool_refusedUntilRefilled() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      trial.send(10);
      trial.update(List.of());
      trial.assertRefused("of an emptied pool");
      trial.update(backends("b", 1));
      assertEquals(Map.of("b0", 10), trial.send(10));
    }
  }

  /** One is there: it gets all. */
  @Test
  default void oneMember_getsAll() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 1))) {
      assertEquals(Map.of("a0", 100), trial.send(100));
    }
  }

  /** Whoever is available is named at once: no pick names nobody, or a stranger. */
  @Test
  default void allAvailable_eachPickNamesOne() throws Exception {
    for (int size : new int[] {1, 2, 3, 10, 100}) {
      try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", size))) {
        trial.send(1_000);
        trial.assertNeverInVain(size + " members, all available");
      }
    }
  }

  /** Over many requests, each member gets some. */
  @Test
  default void equalWeights_eachMemberGetsSome() throws Exception {
    for (int size : new int[] {2, 3, 10, 100}) {
      try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", size))) {
        Map<String, Integer> counts = trial.send(100 * size);
        if (reachesAll()) {
          trial.assertEach(ids(backends("a", size)), counts, "each of equal weight");
        }
      }
    }
  }

  // ---- who may be picked ----

  /** All are vetoed for good reason: a request is refused. */
  @Test
  default void allHardVetoed_refused() {
    for (int size : new int[] {1, 2, 10}) {
      try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", size))) {
        ids(backends("a", size)).forEach(id -> trial.veto(id, Veto.Kind.HARD));
        trial.assertRefused("of " + size + ", all with a hard veto");
      }
    }
  }

  /** Who has a hard veto gets nothing, even if hardly anybody else is left. */
  @Test
  default void hardVetoed_getsNothing() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 10))) {
      for (int i = 0; i < 9; i++) {
        trial.veto("a" + i, Veto.Kind.HARD);
        List<Backend> left = backends("a", 10).subList(i + 1, 10);
        trial.assertOnly(ids(left), send(trial, 100), "those without a veto");
      }
    }
  }

  /** Who has a veto is not even named, once what follows the live members has been made anew. */
  @Test
  default void halfVetoed_eachPickNamesOneOfTheOthers() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 10))) {
      for (int i = 0; i < 10; i += 2) {
        trial.veto("a" + i, Veto.Kind.HARD);
      }
      trial.clock.runDue();
      if (reachesAll()) { // or the part that it keeps to may be just those
        trial.send(1_000);
        trial.assertNeverInVain("10 members of which 5 have a veto");
      }
    }
  }

  /** Who has a statistical veto gets nothing, as long as enough others are left. */
  @Test
  default void statisticallyVetoed_getsNothing() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 10))) {
      for (int i = 0; i < 5; i++) {
        trial.veto("a" + i, Veto.Kind.STATISTICAL);
        List<Backend> left = backends("a", 10).subList(i + 1, 10);
        Map<String, Integer> counts = trial.send(100);
        // Of a part of the members, half may be vetoed sooner than of all.
        if (reachesAll() || !trial.balancer.snapshot().panic()) {
          trial.assertOnly(ids(left), counts, "those without a veto");
        }
      }
    }
  }

  /** In a panic, who has a statistical veto is as good as others. */
  @Test
  default void panic_statisticallyVetoedGetSome() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 10))) {
      for (int i = 0; i < 8; i++) {
        trial.veto("a" + i, i == 0 ? Veto.Kind.HARD : Veto.Kind.STATISTICAL);
      }
      Map<String, Integer> counts = send(trial, 1_000);
      List<String> used = ids(backends("a", 10).subList(1, 10));
      trial.assertOnly(used, counts, "those without a hard veto");
      if (reachesAll()) {
        trial.assertEach(used, counts, "each without a hard veto in a panic");
      }
    }
  }

  /** All have a statistical veto: that is as if none had. */
  @Test
  default void allStatisticallyVetoed_getSome() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      ids(backends("a", 3)).forEach(id -> trial.veto(id, Veto.Kind.STATISTICAL));
      Map<String, Integer> counts = trial.send(1_000);
      if (reachesAll()) {
        trial.assertEach(ids(backends("a", 3)), counts, "each in a panic");
      }
    }
  }

  /** A veto that is lifted leaves nothing behind. */
  @Test
  default void vetoLifted_getsSomeAgain() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      trial.veto("a1", Veto.Kind.HARD);
      trial.send(100);
      trial.lift("a1");
      Map<String, Integer> counts = trial.send(1_000);
      if (reachesAll()) {
        trial.assertEach(ids(backends("a", 3)), counts, "each after the veto was lifted");
      }
    }
  }

  /** Who drains gets nothing new, and its requests end in order. */
  @Test
  default void draining_getsNothing() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      List<Lease> open = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        open.add(trial.balancer.acquire(trial.request()));
      }
      trial.update(backends("a", 2));
      trial.assertOnly(List.of("a0", "a1"), trial.send(500), "those still in the pool");
      open.forEach(Lease::close);
      trial.assertOnly(List.of("a0", "a1"), trial.send(500), "those still in the pool");
    }
  }

  /** Who returns while it drains is picked again. */
  @Test
  default void drainingReturns_getsSomeAgain() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      List<Lease> open = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        open.add(trial.balancer.acquire(trial.request()));
      }
      trial.update(backends("a", 1));
      trial.update(backends("a", 3));
      open.forEach(Lease::close);
      Map<String, Integer> counts = trial.send(1_000);
      if (reachesAll()) {
        trial.assertEach(ids(backends("a", 3)), counts, "each after its return");
      }
    }
  }

  // ---- weights ----

  /** Weight 0, or a factor of 0, means no requests. */
  @Test
  default void weightZero_getsNothing() throws Exception {
    List<Backend> some = List.of(
        backend("a", 1), backend("b", 0), backend("c", 3), backend("d", 0), backend("e", 1));
    try (StrategyTrial trial = new StrategyTrial(strategy(), some)) {
      trial.assertOnly(List.of("a", "c", "e"), trial.send(1_000), "those of weight above 0");
      trial.factor("c", 0);
      trial.assertOnly(List.of("a", "e"), trial.send(1_000), "those of weight above 0");
      trial.factor("c", 0.5);
      trial.assertOnly(List.of("a", "c", "e"), trial.send(1_000), "those of weight above 0");
    }
  }

  /** All weights are 0: that is as if all were 1. */
  @Test
  default void allWeightsZero_eachMemberGetsSome() throws Exception {
    List<Backend> none = List.of(backend("a", 0), backend("b", 0), backend("c", 0));
    try (StrategyTrial trial = new StrategyTrial(strategy(), none)) {
      Map<String, Integer> counts = trial.send(1_000);
      if (reachesAll()) {
        trial.assertEach(List.of("a", "b", "c"), counts, "each if all are of weight 0");
      }
    }
  }

  /** Equal weights are as good as none, however large. */
  @Test
  default void equalLargeWeights_eachMemberGetsSome() throws Exception {
    List<Backend> large = List.of(
        backend("a", Backend.MAX_WEIGHT),
        backend("b", Backend.MAX_WEIGHT),
        backend("c", Backend.MAX_WEIGHT));
    try (StrategyTrial trial = new StrategyTrial(strategy(), large)) {
      Map<String, Integer> counts = trial.send(1_000);
      trial.assertNeverInVain(large.size() + " members of equal weight");
      if (reachesAll()) {
        trial.assertEach(List.of("a", "b", "c"), counts, "each of equal weight");
      }
    }
  }

  /** Weights as far apart as they go, fractions of them too. */
  @Test
  default void skewedWeights_eachPickNamesOne() throws Exception {
    List<Backend> skewed =
        List.of(backend("a", 1), backend("b", Backend.MAX_WEIGHT), backend("c", 7));
    try (StrategyTrial trial = new StrategyTrial(strategy(), skewed)) {
      trial.send(1_000);
      trial.factor("a", 1e-9);
      trial.factor("b", MemberControl.MAX_FACTOR);
      trial.send(1_000);
      trial.factor("b", 1e-9);
      trial.factor("c", 1e-9);
      trial.send(1_000);
      trial.assertNeverInVain(skewed.size() + " members of weights far apart");
    }
  }

  // ---- more than one attempt ----

  /** All members were tried: the call goes on among them, and never to one of weight 0 or with a hard veto. */
  @Test
  default void allTried_goesOnAmongThoseThatMayBePicked() throws Exception {
    List<Backend> some =
        List.of(backend("a", 1), backend("b", 1), backend("c", 0), backend("d", 1));
    try (StrategyTrial trial = new StrategyTrial(strategy(), some)) {
      trial.veto("d", Veto.Kind.HARD);
      for (int call = 0; call < 50; call++) {
        Lease lease = trial.balancer.acquire(trial.request());
        for (int attempt = 2; attempt <= 8; attempt++) {
          trial.assertOnly(
              List.of("a", "b"), Map.of(lease.backend().id(), 1), "those that may be picked");
          lease.record(Outcome.serverError());
          Lease next = lease.another();
          lease.close();
          lease = next;
        }
        lease.close();
      }
    }
  }

  /** The only member was tried: it is tried again, or nobody is, whichever is asked for. */
  @Test
  default void onlyMemberTried_takenAgainUnlessUntriedIsAskedFor() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 1));
        Lease lease = trial.balancer.acquire(trial.request())) {
      lease.record(Outcome.connectFailure());
      lease.another().close();
      assertThrows(NoBackendException.class, () -> lease.another(Target.UNTRIED).close());
    }
  }

  /** A call goes to those that it has not tried, and when there are none left on among those that it has. */
  @Test
  default void furtherAttempts_goToUntriedFirst() throws Exception {
    int size = 5;
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", size))) {
      for (int call = 0; call < 200; call++) {
        Set<String> tried = new HashSet<>();
        Lease lease = trial.balancer.acquire(trial.request());
        tried.add(lease.backend().id());
        boolean again = false;
        for (int attempt = 2; attempt <= 2 * size; attempt++) {
          lease.record(Outcome.serverError()); // not one by which it would be out
          Lease next = lease.another();
          lease.close();
          lease = next;
          boolean fresh = tried.add(lease.backend().id());
          String where = "attempt " + attempt + " of a call went to " + lease.backend()
              + " although " + tried.size() + " of " + size + " members were tried: " + tried;
          assertTrue(fresh || tried.size() == size || !reachesAll(), where);
          again |= !fresh;
          assertFalse(fresh && again, where); // who keeps to a part has gone through it by then
        }
        lease.close();
      }
    }
  }

  /** A member that could not be connected to is brought a request, whichever requests the strategy would carry there. */
  @Test
  default void memberThatIsOut_comesBack() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      Member out = null;
      for (int i = 0; i < 2_000 && (out == null || out.available()); i++) {
        try (Lease lease = trial.balancer.acquire(trial.request())) {
          out = out == null ? lease.member() : out;
          lease.record(lease.member().equals(out) ? Outcome.connectFailure() : Outcome.success());
        }
      }
      if (out != null && !out.available()) { // else it got but one of them
        trial.clock.advance(Duration.ofSeconds(1));
        trial.send(20);
        trial.clock.advance(Duration.ofSeconds(1));
        trial.send(1);
        Member back = out;
        assertTrue(back.available(), () -> strategy() + ": " + back + " is still out");
      }
    }
  }

  /** Whatever becomes of attempts, picking goes on. */
  @Test
  default void anyOutcome_pickingGoesOn() throws Exception {
    List<Outcome> outcomes = List.of(
        Outcome.success(),
        Outcome.connectFailure(),
        Outcome.timeout(),
        Outcome.protocolError(),
        Outcome.serverError(),
        Outcome.unavailable(Duration.ZERO),
        Outcome.throttled(Duration.ZERO),
        Outcome.abandoned(),
        Outcome.ignored(),
        Outcome.connectionLost());
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 3))) {
      for (Outcome outcome : outcomes) {
        for (int i = 0; i < 30; i++) {
          Lease lease = trial.balancer.acquire(trial.request());
          trial.clock.advance(Duration.ofMillis(i));
          lease.record(outcome);
          trial.clock.advance(Duration.ofHours(i % 10 == 0 ? 1 : 0));
          lease.close();
          trial.balancer.acquire(trial.request()).close(); // without any outcome
        }
      }
    }
  }

  // ---- changes ----

  /** The membership changes between picks, at random: each pick is of those who are there, and nothing throws. */
  @Test
  default void membershipChangesBetweenPicks_onlyThosePresentArePicked() throws Exception {
    Random random = new Random(StrategyTrial.SEED);
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 1))) {
      Queue<Lease> open = new ArrayDeque<>();
      for (int change = 0; change < 200; change++) {
        List<Backend> present = new ArrayList<>();
        int size = 1 + random.nextInt(change % 10 == 0 ? 80 : 8);
        int first = random.nextInt(10);
        for (int i = 0; i < size; i++) {
          present.add(backend("a" + (first + i), random.nextInt(3)));
        }
        trial.update(present);
        for (int i = 0; i < 20; i++) {
          Lease lease = trial.balancer.acquire(trial.request());
          trial.assertOnly(ids(present), Map.of(lease.backend().id(), 1), "those in the pool");
          open.add(lease);
          while (open.size() > random.nextInt(20)) {
            Lease ended = open.remove();
            ended.record(Outcome.success());
            ended.close();
          }
        }
        trial.clock.advance(Duration.ofMillis(random.nextInt(100)));
      }
      open.forEach(Lease::close);
    }
  }

  /** Two threads pick while another exchanges the whole membership: no request is refused, no place is leaked. */
  @Test
  default void membershipChangesDuringPicks_noRequestIsRefused() throws Exception {
    List<Backend> some = backends("a", 3);
    List<Backend> others = backends("b", 4);
    try (StrategyTrial trial = new StrategyTrial(strategy(), some)) {
      AtomicBoolean done = new AtomicBoolean();
      Concurrently.run(
          () -> {
            try {
              for (int change = 0; change < 1_000; change++) {
                trial.update(change % 2 == 0 ? others : some);
              }
            } finally {
              done.set(true);
            }
          },
          () -> pickUntil(trial, done),
          () -> pickUntil(trial, done));
    }
  }

  /** Two threads pick while another vetoes, lifts, and changes factors: no request is refused while somebody is left. */
  @Test
  default void availabilityChangesDuringPicks_noRequestIsRefused() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 5))) {
      AtomicBoolean done = new AtomicBoolean();
      Concurrently.run(
          () -> {
            try {
              changeAvailability(trial, reachesAll());
            } finally {
              done.set(true);
            }
          },
          () -> pickUntil(trial, done),
          () -> pickUntil(trial, done));
      trial.clock.runDue();
      Map<String, Integer> counts = trial.send(1_000);
      if (reachesAll()) {
        trial.assertEach(ids(backends("a", 5)), counts, "each after all was lifted");
      }
    }
  }

  /** Two threads pick while others change the membership, vetoes and factors at once. */
  @Test
  default void allChangesDuringPicks_noRequestIsRefused() throws Exception {
    List<Backend> all = backends("a", 5);
    try (StrategyTrial trial = new StrategyTrial(strategy(), all)) {
      AtomicBoolean done = new AtomicBoolean();
      Concurrently.run(
          () -> {
            try {
              changeAvailability(trial, reachesAll());
            } finally {
              done.set(true);
            }
          },
          () -> {
            for (int i = 0; i < 300 && !done.get(); i++) { // a0 and a1 always stay
              List<Backend> present = new ArrayList<>(all);
              present.add(backend("b" + i, 1 + i % 3));
              trial.update(i % 2 == 0 ? present : all);
            }
          },
          () -> pickUntil(trial, done),
          () -> pickUntil(trial, done));
    }
  }

  /** Never all at once; statistical vetoes only, for one that may see no more than those who are vetoed. */
  private static void changeAvailability(StrategyTrial trial, boolean anyVeto) {
    Random random = new Random(StrategyTrial.SEED);
    for (int change = 0; change < 500; change++) {
      String id = "a" + (2 + random.nextInt(3)); // a0 and a1 are left alone
      switch (random.nextInt(anyVeto ? 5 : 3)) {
        case 0 -> trial.veto(id, Veto.Kind.STATISTICAL);
        case 1 -> trial.lift(id);
        case 2 -> trial.factor(id, 0.001 + random.nextDouble());
        case 3 -> trial.veto(id, Veto.Kind.HARD);
        default -> trial.factor(id, 0);
      }
    }
    for (int i = 2; i < 5; i++) {
      trial.lift("a" + i);
      trial.factor("a" + i, 1);
    }
  }

  private static void pickUntil(StrategyTrial trial, AtomicBoolean done) throws Exception {
    do {
      try (Lease lease = trial.balancer.acquire(trial.request())) {
        lease.record(Outcome.success());
      }
    } while (!done.get());
  }

  /** Two threads pick: every place that they take is given back. */
  @Test
  default void picksFromTwoThreads_allPlacesAreGivenBack() throws Exception {
    try (StrategyTrial trial = new StrategyTrial(strategy(), backends("a", 4))) {
      Concurrently.run(() -> trial.send(5_000), () -> trial.send(5_000));
      long answered = trial.balancer.pool().members().stream()
          .mapToLong(member -> member.count(Outcome.Kind.SUCCESS))
          .sum();
      assertEquals(10_000, answered, "requests of all members");
    }
  }

  /** One strategy serves several balancers, each with a state of its own. */
  @Test
  default void startedTwice_eachBalancerHasItsOwnState() throws Exception {
    Strategy strategy = strategy();
    try (StrategyTrial one = new StrategyTrial(strategy, backends("a", 3));
        StrategyTrial other = new StrategyTrial(strategy, backends("b", 2))) {
      for (int i = 0; i < 100; i++) {
        one.assertOnly(ids(backends("a", 3)), one.send(1), "those in its pool");
        other.assertOnly(ids(backends("b", 2)), other.send(1), "those in its pool");
      }
    }
  }

  /** With the same seed come the same picks: all chance is that of the choice, or of the environment. */
  @Test
  default void sameSeed_samePicks() throws Exception {
    Strategy strategy = strategy();
    try (StrategyTrial one = new StrategyTrial(strategy, backends("a", 10));
        StrategyTrial again = new StrategyTrial(strategy, backends("a", 10))) {
      for (int i = 0; i < 200; i++) {
        assertEquals(
            one.send(1), again.send(1), "pick " + i + " of two balancers with the same seed");
      }
    }
  }

  /** Sends so many; who keeps to a part of the members may refuse some. */
  private Map<String, Integer> send(StrategyTrial trial, int count) throws Exception {
    return reachesAll() ? trial.send(count) : trial.sendWhatIsTaken(count);
  }

  private static List<String> ids(List<Backend> backends) {
    return backends.stream().map(Backend::id).toList();
  }
}
