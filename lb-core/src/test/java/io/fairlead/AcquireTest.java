package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.ChiSquare;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Strategy;
import io.fairlead.testing.FakeClock;
import io.fairlead.testing.SeededChance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AcquireTest {

  private final FakeClock clock = new FakeClock();

  private LoadBalancer.Builder builder() {
    return LoadBalancer.builder("orders")
        .backends("a:80", "b:80", "c:80")
        .time(clock)
        .chance(SeededChance.of(1));
  }

  private static Member member(LoadBalancer balancer, String host) {
    return balancer.pool().member(host + ":80");
  }

  private static void veto(LoadBalancer balancer, String host, Veto.Kind kind) {
    balancer.pool().control(member(balancer, host), "p").vetoUntil(kind, "x", Veto.UNTIL_LIFTED);
  }

  @Test
  void lease_countsUntilItsClose() throws Exception {
    LoadBalancer balancer = builder().backends("a:80").build();
    Member a = member(balancer, "a");

    Lease lease = balancer.acquire();

    assertThat(lease.member()).isSameAs(a);
    assertThat(lease.backend()).isEqualTo(Backend.of("a:80"));
    assertThat(lease).hasToString("orders at a:80");
    assertThat(a.inFlight()).isEqualTo(1);
    assertThat(a.outstanding()).isEqualTo(1);
    lease.close();
    assertThat(a.inFlight()).isZero();
    assertThat(a.outstanding()).isZero();
  }

  @Test
  void lease_keepsTheBackendAsItWas() throws Exception {
    LoadBalancer balancer = builder().backends("a:80").build();
    try (Lease lease = balancer.acquire()) {
      balancer.pool().update(List.of(Backend.builder("a:80").weight(7).build()));

      assertThat(lease.backend().weight()).isEqualTo(1);
      assertThat(lease.member().backend().weight()).isEqualTo(7);
    }
  }

  @Test
  void emptyPool_isRefusedAndSaysSo() {
    LoadBalancer balancer = LoadBalancer.builder("orders").build();

    assertThatExceptionOfType(NoBackendException.class)
        .isThrownBy(balancer::acquire)
        .withMessage(
            "orders: no backend can take the request; " + "0 backends: 0 available, 0 vetoed")
        .satisfies(e -> assertThat(e.balancer()).isEqualTo("orders"));
  }

  @Test
  void nobodyMayBeTaken_isRefusedAndSaysWhyEachMayNot() throws Exception {
    LoadBalancer balancer =
        builder().strategy(Strategy.roundRobin()).chance(() -> 0).build();
    Lease onA = balancer.acquire();
    balancer
        .pool()
        .update(List.of(
            Backend.of("b:80"),
            Backend.of("c:80"),
            Backend.builder("d:80").weight(0).build()));
    veto(balancer, "b", Veto.Kind.HARD);
    balancer
        .pool()
        .control(member(balancer, "b"), "q")
        .vetoUntil(Veto.Kind.HARD, "y", Veto.UNTIL_LIFTED);
    balancer.pool().control(member(balancer, "c"), "p").factor(0);
    clock.runDue();

    assertThatExceptionOfType(NoBackendException.class)
        .isThrownBy(balancer::acquire)
        .withMessage("orders: no backend can take the request; "
            + "3 backends: 2 available, 1 vetoed; 1 more draining; panic: "
            + "b:80 is vetoed (p: x, q: y); c:80 is of weight 0; d:80 is of weight 0");
    onA.close();
  }

  @Test
  void nobodyUntried_saysSo() throws Exception {
    LoadBalancer balancer = builder().backends("a:80").build();
    try (Lease lease = balancer.acquire()) {
      assertThatExceptionOfType(NoBackendException.class)
          .isThrownBy(() -> lease.another(Target.UNTRIED))
          .withMessage("orders: no backend can take the request; "
              + "1 backend: 1 available, 0 vetoed: a:80 was tried");
    }
  }

  @Test
  void nobodyOfVeryMany_namesTenOfThem() {
    LoadBalancer balancer = builder()
        .backends(IntStream.range(0, 11).mapToObj(i -> "m" + i + ":80").toArray(String[]::new))
        .build();
    balancer
        .pool()
        .members()
        .forEach(member ->
            balancer.pool().control(member, "p").vetoUntil(Veto.Kind.HARD, "x", Veto.UNTIL_LIFTED));

    assertThatExceptionOfType(NoBackendException.class)
        .isThrownBy(balancer::acquire)
        .withMessageEndingWith("m9:80 is vetoed (p: x); …");
  }

  @Test
  void contextNull_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> builder().build().acquire(null))
        .withMessage("context");
  }

  // ---- pickers that are of no help ----

  /** Pickers, none of which ever names somebody who may be picked. */
  static List<Arguments> uselessPickers() throws Exception {
    LoadBalancer other = LoadBalancer.builder("other").backends("a:80").build();
    Member foreign = other.acquire().member();
    return List.of(
        argumentSet("names nobody", pickers(choice -> null)),
        argumentSet("names a stranger", pickers(choice -> foreign)),
        argumentSet("names an imitation", pickers(choice -> new Imitation())),
        argumentSet("throws", pickers(choice -> {
          throw new IllegalStateException("no");
        })),
        argumentSet("throws an Error", pickers(choice -> {
          throw new AssertionError("no");
        })),
        argumentSet("names somebody who has left", namesTheFirstItKnew()));
  }

  private static Strategy pickers(Picker picker) {
    return Strategy.of(members -> picker);
  }

  private static Strategy namesTheFirstItKnew() {
    return environment -> {
      AtomicReference<@Nullable Member> first = new AtomicReference<>();
      return members -> {
        first.compareAndSet(null, members.get(0));
        return choice -> first.get();
      };
    };
  }

  @ParameterizedTest
  @MethodSource("uselessPickers")
  void uselessPicker_anyWhoMayIsTaken_eachAlike(Strategy useless) throws Exception {
    try (CapturedLog log = new CapturedLog()) {
      LoadBalancer balancer = builder()
          .backends("left:80", "vetoed:80", "a:80", "b:80", "c:80")
          .strategy(useless)
          .build();
      balancer.pool().update("vetoed:80", "a:80", "b:80", "c:80");
      veto(balancer, "vetoed", Veto.Kind.HARD);
      Map<String, Integer> counts = new TreeMap<>();
      for (int i = 0; i < 6_000; i++) {
        try (Lease lease = balancer.acquire()) {
          counts.merge(lease.backend().host(), 1, Integer::sum);
        }
      }

      ChiSquare.assertFits(counts, Map.of("a", 1.0, "b", 1.0, "c", 1.0), "seed 1");
      assertThat(log.count("orders: the strategy threw")).isLessThanOrEqualTo(1);
    }
  }

  @ParameterizedTest
  @MethodSource("uselessPickers")
  void uselessPicker_furtherAttempts_goToUntriedFirst(Strategy useless) throws Exception {
    try (CapturedLog log = new CapturedLog()) {
      LoadBalancer balancer = builder().strategy(useless).build();
      try (Lease first = balancer.acquire();
          Lease second = first.another(Target.UNTRIED);
          Lease third = second.another(Target.UNTRIED)) {
        assertThat(List.of(first.member(), second.member(), third.member()))
            .doesNotHaveDuplicates();
        assertThatExceptionOfType(NoBackendException.class)
            .isThrownBy(() -> third.another(Target.UNTRIED));
        third.another(Target.ANYONE).close();
      }
      assertThat(log.count("orders: the strategy threw")).isLessThanOrEqualTo(1);
    }
  }

  // ---- the choice ----

  @Test
  void picker_isAskedFourTimes_withADrawAndARandomNumberOfItsOwn() throws Exception {
    List<Integer> draws = new ArrayList<>();
    List<Long> randoms = new ArrayList<>();
    List<Long> again = new ArrayList<>();
    LoadBalancer balancer = builder()
        .strategy(pickers(choice -> {
          draws.add(choice.draw());
          randoms.add(choice.random());
          again.add(choice.random());
          return null;
        }))
        .build();

    balancer.acquire().close();

    assertThat(draws).containsExactly(0, 1, 2, 3);
    assertThat(randoms).doesNotHaveDuplicates().isEqualTo(again);
    assertThat(randoms.get(0)).isEqualTo(SeededChance.of(1).nextLong());
  }

  @Test
  void choice_tellsContextTimeAndWhomItAccepts() throws Exception {
    RequestContext context = RequestContext.withKey("k");
    List<String> seen = new ArrayList<>();
    List<Boolean> told = new ArrayList<>();
    LoadBalancer other = LoadBalancer.builder("other").backends("a:80").build();
    AtomicReference<@Nullable LoadBalancer> self = new AtomicReference<>();
    LoadBalancer balancer = builder()
        .strategy(Strategy.of(members -> choice -> {
          told.add(choice.context() == context);
          told.add(choice.now() == clock.nanos());
          told.add(!choice.accepts(member(other, "a")));
          told.add(!choice.accepts(new Imitation()));
          seen.add(accepted(choice, self.get()));
          return members.get(0);
        }))
        .build();
    self.set(balancer);
    clock.advance(Duration.ofSeconds(5));
    veto(balancer, "c", Veto.Kind.STATISTICAL);

    try (Lease first = balancer.acquire(context);
        Lease second = first.another();
        Lease third = second.another()) {
      assertThat(third.backend().host()).as("tried, but nobody else is left").isEqualTo("a");
    }

    assertThat(told).containsOnly(true);
    assertThat(seen.get(0)).isEqualTo("a b");
    assertThat(seen.get(1)).as("a was tried").isEqualTo("b, tried a");
    assertThat(seen.get(seen.size() - 1))
        .as("when all were tried")
        .isEqualTo("a b, tried a, tried b");
  }

  private static String accepted(Choice choice, @Nullable LoadBalancer balancer) {
    StringBuilder text = new StringBuilder();
    StringBuilder tried = new StringBuilder();
    for (Member member : balancer.pool().members()) {
      if (choice.accepts(member)) {
        text.append(text.isEmpty() ? "" : " ").append(member.backend().host());
      }
      if (choice.tried(member)) {
        tried.append(", tried ").append(member.backend().host());
      }
    }
    return text.append(tried).toString();
  }

  @Test
  void choice_draining_isNotAccepted() throws Exception {
    List<Boolean> accepted = new ArrayList<>();
    AtomicReference<@Nullable Member> left = new AtomicReference<>();
    LoadBalancer balancer = builder()
        .strategy(pickers(choice -> {
          if (left.get() != null) {
            accepted.add(choice.accepts(left.get()));
          }
          return null;
        }))
        .build();
    Lease lease = balancer.acquire();
    left.set(lease.member());
    balancer.pool().update("x:80");

    balancer.acquire().close();

    assertThat(accepted).containsOnly(false);
    lease.close();
  }

  @Test
  void choice_keptBeyondItsTime_acceptsNobody() throws Exception {
    AtomicReference<@Nullable Choice> kept = new AtomicReference<>();
    LoadBalancer balancer = builder()
        .strategy(Strategy.of(members -> choice -> {
          kept.set(choice);
          return members.get(0);
        }))
        .build();

    balancer.acquire().close();

    assertThat(kept.get().accepts(member(balancer, "a"))).isFalse();
  }

  // ---- the membership changes while it chooses ----

  /** All that it sees leave while it looks: it looks at those who came instead. */
  @Test
  void swapDuringAChoice_isNoReasonToRefuse() throws Exception {
    List<LoadBalancer> self = new ArrayList<>();
    Strategy swapping = Strategy.of(members -> choice -> {
      if (members.get(0).backend().host().equals("a")) {
        self.get(0).pool().update("x:80", "y:80");
      }
      return members.get(0);
    });
    LoadBalancer balancer = builder().strategy(swapping).build();
    self.add(balancer);

    try (Lease lease = balancer.acquire()) {
      assertThat(lease.backend().host()).isEqualTo("x");
    }
  }

  /** Whoever asks while the next picker is in the making is served from the old set. */
  @Test
  void acquireWhileAPickerIsMade_isServedFromTheOldSet() throws Exception {
    List<LoadBalancer> self = new ArrayList<>();
    List<String> served = new ArrayList<>();
    Strategy slow = Strategy.of(members -> {
      for (LoadBalancer balancer : self) {
        try (Lease lease = balancer.acquire()) {
          served.add(lease.backend().host());
        } catch (LoadBalancingException e) {
          served.add(e.getMessage());
        }
      }
      return choice -> members.get(0);
    });
    LoadBalancer balancer = builder().backends("a:80").strategy(slow).build();
    self.add(balancer);

    balancer.pool().update("b:80");
    balancer.pool().update(List.of(Backend.builder("b:80").weight(0).build()));
    balancer.pool().update(List.of(Backend.builder("b:80").weight(0).build(), Backend.of("c:80")));

    assertThat(served).containsExactly("a", "b", "b");
  }

  // ---- another ----

  @Test
  void another_same_goesToTheSameUnlessItHasLeft() throws Exception {
    LoadBalancer balancer = builder().build();
    try (Lease first = balancer.acquire();
        Lease same = first.another(Target.SAME)) {
      assertThat(same.member()).isSameAs(first.member());
      assertThat(first.member().inFlight()).isEqualTo(2);
      balancer.pool().update("x:80");

      assertThatExceptionOfType(NoBackendException.class)
          .isThrownBy(() -> same.another(Target.SAME));
      try (Lease other = same.another(Target.UNTRIED)) {
        assertThat(other.backend().host()).isEqualTo("x");
      }
    }
  }

  @Test
  void another_remembersAllEarlierAttempts_thoseOfASameTargetToo() throws Exception {
    LoadBalancer balancer = builder().build();
    try (Lease first = balancer.acquire();
        Lease same = first.another(Target.SAME);
        Lease second = same.another(Target.UNTRIED);
        Lease third = second.another(Target.UNTRIED)) {
      assertThat(List.of(first.member(), second.member(), third.member())).doesNotHaveDuplicates();
    }
  }

  @Test
  void another_afterTheClose_stillKnowsWhomTheCallTried() throws Exception {
    LoadBalancer balancer = builder().backends("a:80", "b:80").build();
    Lease first = balancer.acquire();
    first.close();

    try (Lease second = first.another()) {
      assertThat(second.member()).isNotSameAs(first.member());
    }
  }

  /** Not a member of any pool. */
  private static final class Imitation implements Member {
    @Override
    public Backend backend() {
      return Backend.of("a:80");
    }

    @Override
    public int inFlight() {
      return 0;
    }

    @Override
    public int outstanding() {
      return 0;
    }

    @Override
    public long silentSince() {
      return 0;
    }

    @Override
    public double weight() {
      return 1;
    }

    @Override
    public boolean available() {
      return true;
    }

    @Override
    public boolean draining() {
      return false;
    }

    @Override
    public List<Veto> vetoes() {
      return List.of();
    }

    @Override
    public long count(Outcome.Kind kind) {
      return 0;
    }
  }
}
