package io.fairlead.pool;

import static io.fairlead.pool.TestPool.backend;
import static io.fairlead.pool.TestPool.backends;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.CapturedLog;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.backend.Veto;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Tracker;
import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoolUpdateTest {

  private final TestPool test = new TestPool();
  private final Pool pool = test.pool;

  @Test
  void new_isEmpty() {
    assertThat(pool.members()).isEmpty();
    assertThat(pool.member("a")).isNull();
    assertThat(pool.publication().size()).isZero();
    assertThat(test.selector).isEmpty();
  }

  @Test
  void update_newOnes_areTrackedBeforeThePickerAndJoin() {
    test.update("a", "b");

    assertThat(test.ids()).containsExactly("a", "b");
    assertThat(test.member("b").backend()).isEqualTo(backend("b", 1));
    assertThat(test.selector).containsExactly("track a", "track b", "picker of 2");
    assertThat(test.events).containsExactly("joined a", "joined b");
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
    assertThat(pool).hasToString("test: [a (a:80), b (b:80)]");
  }

  @Test
  void update_hostsAndPorts() {
    pool.update("10.0.0.1:80", "10.0.0.2:80");

    assertThat(test.ids()).containsExactly("10.0.0.1:80", "10.0.0.2:80");
  }

  @Test
  void members_areACopyThatUpdatesDoNotChange() {
    test.update("a");
    List<Member> before = pool.members();

    test.update("b");

    assertThat(before).extracting(member -> member.backend().id()).containsExactly("a");
    assertThatThrownBy(() -> before.add(before.get(0)))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void update_whoStays_isTheSameMember() {
    test.update("a", "b");
    Member b = test.member("b");

    test.update("b", "c");

    assertThat(test.member("b")).isSameAs(b);
    assertThat(test.ids()).containsExactly("b", "c");
  }

  @Test
  void update_sameIdInAnotherZone_isAnotherMember() {
    test.update("a");
    PoolMember a = test.member("a");

    pool.update(List.of(backend("a", 1).toBuilder().zone("eu-1b").build()));

    assertThat(test.member("a")).isNotSameAs(a);
    assertThat(a.draining()).isTrue();
  }

  @Test
  void update_weightAndMetadata_changeInPlace() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.veto("a", Veto.Kind.STATISTICAL);
    test.enter(a);
    Backend changed = backend("a", 7).toBuilder().metadata("version", "2").build();

    pool.update(List.of(changed, backend("b", 1)));

    assertThat(test.member("a")).isSameAs(a);
    assertThat(a.backend()).isEqualTo(changed);
    assertThat(a.weight()).isEqualTo(7);
    assertThat(a.inFlight()).isEqualTo(1);
    assertThat(a.vetoes()).hasSize(1);
    assertThat(test.built).as("static weights changed: a new picker").hasSize(2);
    assertThat(test.events).doesNotContain("draining a");
  }

  @Test
  void update_sameIdAtAnotherAddress_isANewMember() {
    test.update("a");
    PoolMember before = test.member("a");
    test.enter(before);
    Backend otherPort = Backend.builder("a", 81).id("a").build();
    Backend otherHost = Backend.builder("x", 81).id("a").build();

    pool.update(List.of(otherPort));
    PoolMember second = test.member("a");
    pool.update(List.of(otherHost));
    PoolMember third = test.member("a");

    assertThat(List.of(before, second, third)).doesNotHaveDuplicates();
    assertThat(before.draining()).isTrue();
    assertThat(third.backend()).isEqualTo(otherHost);
    assertThat(test.events)
        .containsExactly(
            "joined a", "joined a", "draining a", "joined a", "draining a", "drained a");
    assertThat(pool.draining()).containsExactly(before);
  }

  @Test
  void update_twoIdsAtOneAddress_areTwoMembers() {
    pool.update(List.of(
        Backend.builder("x:80").id("a").build(), Backend.builder("x:80").id("b").build()));

    assertThat(test.ids()).containsExactly("a", "b");
  }

  @Test
  void update_sameIdTwice_isRefusedByNameAndNothingHasChanged() {
    test.update("a");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> test.update("b", "c", "b"))
        .withMessage("test: two backends have the id b (expected: each id once)");
    assertUnchanged("a");
  }

  private void assertUnchanged(String... ids) {
    assertThat(test.ids()).containsExactly(ids);
    assertThat(test.events).allMatch(event -> event.startsWith("joined"));
    assertThat(test.built).hasSize(1);
    assertThat(pool.draining()).isEmpty();
  }

  @Test
  void update_nullOrNullAmongThem_isRefusedAndNothingHasChanged() {
    test.update("a");

    assertThatNullPointerException()
        .isThrownBy(() -> pool.update(Arrays.asList(backend("b", 1), null)))
        .withMessage("backend");
    assertThatNullPointerException()
        .isThrownBy(() -> pool.update((List<Backend>) null))
        .withMessage("backends");
    assertUnchanged("a");
  }

  @Test
  void update_malformed_isRefusedAndNothingHasChanged() {
    test.update("a");

    assertThatIllegalArgumentException().isThrownBy(() -> pool.update("b:80", "c"));
    assertUnchanged("a");
  }

  @Test
  void update_equalSetInAnyOrder_changesNothing() {
    test.update("a", "b", "c");
    Publication before = pool.publication();

    test.update("c", "a", "b");
    pool.update(new LinkedHashSet<>(backends("b", "c", "a")));

    assertThat(pool.publication()).isSameAs(before);
    assertUnchanged("a", "b", "c");
  }

  @Test
  void update_theListIsCopied() {
    List<Backend> mine = new ArrayList<>(backends("a"));
    pool.update(mine);

    mine.clear();

    assertThat(test.ids()).containsExactly("a");
  }

  @Test
  void update_emptySet_everybodyLeaves() {
    test.update("a", "b");

    test.update();

    assertThat(pool.members()).isEmpty();
    assertThat(test.events).contains("drained a", "drained b");
    assertThat(test.built).hasSize(2);
  }

  // ---- draining ----

  @Test
  void leaver_idle_isGoneAtOnce() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.events.clear();

    test.update("b");

    assertThat(test.events).containsExactly("draining a", "drained a");
    assertThat(test.selector).endsWith("picker of 1", "forget a");
    assertThat(a.draining()).isTrue();
    assertThat(a.available()).isFalse();
    assertThat(a.enter(0, false)).isEqualTo(PoolMember.REFUSED);
    assertThat(pool.draining()).isEmpty();
  }

  @Test
  void leaver_withRequests_drainsUntilTheLastHasEnded() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.enter(a);
    test.enter(a);
    test.events.clear();

    test.update("b");

    assertThat(test.events).containsExactly("draining a");
    assertThat(pool.draining()).containsExactly(a);
    assertThat(a.enter(0, false)).isEqualTo(PoolMember.REFUSED);
    test.end(a);
    assertThat(test.events).containsExactly("draining a");
    assertThat(test.selector).doesNotContain("forget a");
    test.end(a);
    assertThat(test.events).containsExactly("draining a", "drained a");
    assertThat(test.selector).endsWith("forget a");
    assertThat(pool.draining()).isEmpty();
    assertThat(a.count(Outcome.Kind.SUCCESS)).isEqualTo(2);
  }

  @Test
  void returner_whileDraining_isTheSameMemberAndJoins() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update("b");
    test.events.clear();
    test.selector.clear();

    test.update("b", "a");

    assertThat(test.member("a")).isSameAs(a);
    assertThat(a.draining()).isFalse();
    assertThat(a.enter(0, false)).isNotEqualTo(PoolMember.REFUSED);
    assertThat(test.events).containsExactly("joined a");
    assertThat(test.selector).as("not tracked again").containsExactly("picker of 2");
    test.end(a);
    test.end(a);
    assertThat(test.events).as("not drained").containsExactly("joined a");
    test.update("b");
    assertThat(test.events).containsExactly("joined a", "draining a", "drained a");
  }

  @Test
  void returner_withAnotherWeight_isTheSameMember() {
    test.update("a");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update();

    pool.update(List.of(backend("a", 5)));

    assertThat(test.member("a")).isSameAs(a);
    assertThat(a.weight()).isEqualTo(5);
  }

  @Test
  void returner_afterItWasGone_isNew() {
    test.update("a");
    PoolMember a = test.member("a");
    test.enter(a);
    test.end(a);
    test.update();

    test.update("a");

    assertThat(test.member("a")).isNotSameAs(a);
    assertThat(test.member("a").count(Outcome.Kind.SUCCESS)).isZero();
    assertThat(test.selector).containsSubsequence("track a", "forget a", "track a");
  }

  // ---- a strategy that throws ----

  @ParameterizedTest
  @ValueSource(
      strings = {"picker", "track", "scope", "null picker", "null tracker", "foreign scope"})
  void update_strategyThrows_everythingIsAsItWas(String where) {
    pool.update(List.of(backend("stays", 1), backend("leaves", 1), backend("returns", 1)));
    PoolMember stays = test.member("stays");
    PoolMember returns = test.member("returns");
    test.enter(returns);
    pool.update(List.of(backend("stays", 1), backend("leaves", 1)));
    List<String> events = List.copyOf(test.events);
    test.selector.clear();
    Publication before = pool.publication();
    Members foreign = new Membership(pool, List.of(), List.of());
    IllegalStateException no = new IllegalStateException("no");
    switch (where) {
      case "picker" ->
        test.onPicker = members -> {
          throw no;
        };
      case "track" ->
        test.onTrack = member -> {
          throw no;
        };
      case "scope" ->
        test.onScope = members -> {
          throw no;
        };
      case "null picker" -> test.onPicker = members -> null;
      case "null tracker" -> test.onTrack = member -> null;
      default -> test.onScope = members -> foreign;
    }

    assertThatThrownBy(() ->
            pool.update(List.of(backend("stays", 0), backend("returns", 3), backend("new", 1))))
        .isInstanceOf(RuntimeException.class);

    assertThat(pool.publication()).isSameAs(before);
    assertThat(test.ids()).containsExactly("stays", "leaves");
    assertThat(stays.backend()).isEqualTo(backend("stays", 1));
    assertThat(returns.draining()).isTrue();
    assertThat(returns.backend()).isEqualTo(backend("returns", 1));
    assertThat(pool.draining()).containsExactly(returns);
    assertThat(test.live()).isEqualTo("stays=1.0 leaves=1.0");
    assertThat(test.events).as("nothing was told").isEqualTo(events);
    assertThat(test.selector.contains("forget new"))
        .as("tracked, and so forgotten: %s", test.selector)
        .isEqualTo(!where.contains("track"));
    test.end(returns);
    assertThat(test.events).endsWith("drained returns");

    test.onPicker = members -> choice -> null;
    test.onTrack = member -> Tracker.NONE;
    test.onScope = members -> members;
    pool.update(List.of(backend("stays", 0), backend("returns", 3), backend("new", 1)));
    assertThat(test.ids()).containsExactly("stays", "returns", "new");
  }

  /** It ends its last request while it is thought to have returned: undone, it is gone. */
  @Test
  void update_strategyThrowsAndTheReturnerEndsMeanwhile_itIsDrained() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update("b");
    test.onPicker = members -> {
      test.end(a);
      throw new IllegalStateException("no");
    };

    assertThatIllegalStateException().isThrownBy(() -> test.update("a", "b"));

    assertThat(test.events).containsExactly("joined a", "joined b", "draining a", "drained a");
    assertThat(pool.draining()).isEmpty();
    assertThat(test.selector).endsWith("forget a");
  }

  @Test
  void scope_foreign_isRefusedWithAReason() {
    test.onScope = all -> null;

    assertThatIllegalStateException()
        .isThrownBy(() -> test.update("a"))
        .withMessage(
            "test: the strategy's scope is null (expected: a view of the membership given)");
  }

  @Test
  void strategyThrowsWhereNothingCanBeRefused_isLoggedOnce() {
    Tracker thrower = new Tracker() {
      @Override
      public void started(long now) {
        throw new IllegalStateException("started");
      }

      @Override
      public void answered(Outcome outcome, long startNanos, long now) {
        throw new AssertionError("answered");
      }

      @Override
      public void released() {
        throw new IllegalStateException("released");
      }
    };
    test.onTrack = member -> thrower;
    test.onForget = member -> {
      throw new NoClassDefFoundError("forget");
    };
    test.onClose = () -> {
      throw new IllegalStateException("close");
    };
    try (CapturedLog log = new CapturedLog()) {
      test.update("a");
      PoolMember a = test.member("a");
      test.enter(a);
      test.update();
      test.end(a);
      pool.close();

      assertThat(log.count("the strategy threw; further exceptions of it are not logged"))
          .isEqualTo(1);
      assertThat(log.text()).contains("test: ").contains("IllegalStateException: started");
    }
    assertThat(test.events).containsExactly("joined a", "draining a", "drained a");
    assertThat(test.selector).endsWith("forget a", "close");
  }

  // ---- what is seen while an update is under way ----

  /** Whoever picks while a new picker is being made still finds the old membership, with its old weights. */
  @Test
  void update_pickerUnderWay_oldMembershipStaysPickable() {
    pool.update(List.of(backend("a", 1), backend("b", 0), backend("c", 2)));
    Publication before = pool.publication();
    PoolMember a = test.member("a");
    PoolMember b = test.member("b");
    PoolMember c = test.member("c");
    List<String> seen = new ArrayList<>();
    test.onPicker = members -> {
      for (PoolMember member : List.of(a, b, c)) {
        seen.add(member + " " + before.pickable(member));
      }
      test.veto("c", Veto.Kind.STATISTICAL); // everybody's live set is made anew
      test.lift("c");
      seen.add("before: " + TestPool.live(before.all));
      seen.add("after: " + TestPool.live(members));
      return choice -> null;
    };

    pool.update(List.of(backend("a", 0), backend("b", 5), backend("d", 1)));

    assertThat(seen)
        .containsExactly(
            "a (a:80) true",
            "b (b:80) false",
            "c (c:80) true",
            "before: a=1.0 c=2.0",
            "after: b=5.0 d=1.0");
    assertThat(test.live()).isEqualTo("b=5.0 d=1.0");
    assertThat(pool.publication().pickable(a)).isFalse();
    assertThat(pool.publication().pickable(b)).isTrue();
  }

  @Test
  void update_allWeightsBecomeZeroAndBack_oldMembershipStaysPickable() {
    test.update("a", "b");
    Publication before = pool.publication();
    PoolMember a = test.member("a");
    List<Boolean> pickable = new ArrayList<>();
    test.onPicker = members -> {
      pickable.add(pool.publication().pickable(a));
      return choice -> null;
    };

    pool.update(List.of(backend("a", 0), backend("b", 0)));
    assertThat(before).isNotSameAs(pool.publication());
    assertThat(test.live()).isEqualTo("a=1.0 b=1.0");
    pool.update(List.of(backend("a", 0), backend("b", 1)));
    assertThat(test.live()).isEqualTo("b=1.0");
    pool.update(List.of(backend("a", 2), backend("b", 1)));

    assertThat(pickable).containsExactly(true, true, false);
    assertThat(test.live()).isEqualTo("a=2.0 b=1.0");
  }

  /** A veto that comes while the picker is being made reaches the new membership too. */
  @Test
  void veto_whileThePickerIsMade_holdsAfterwards() {
    test.update("a", "b");
    test.onPicker = members -> {
      test.veto("a", Veto.Kind.HARD);
      return choice -> null;
    };

    test.update("a", "b", "c");

    assertThat(test.live()).isEqualTo("b=1.0 c=1.0");
  }

  // ---- listeners ----

  @Test
  void update_fromWithinAListener_isToldAfterwards() {
    test.onEvent = event -> {
      if (event.equals("joined a")) {
        test.update("a", "b");
      }
    };

    test.update("a", "c");

    assertThat(test.events)
        .containsExactly("joined a", "joined c", "joined b", "draining c", "drained c");
    assertThat(test.ids()).containsExactly("a", "b");
  }

  @Test
  void listener_isCalledWithNoLockHeld() throws Exception {
    List<Throwable> failures = new ArrayList<>();
    Consumer<String> updateElsewhere = event -> {
      try {
        Concurrently.run(
            () -> pool.update(pool.members().stream().map(Member::backend).toList()));
      } catch (Throwable e) {
        failures.add(e);
      }
    };
    test.onEvent = updateElsewhere;

    test.update("a", "b");
    test.veto("a", Veto.Kind.HARD);
    test.update("b");
    pool.close();

    assertThat(failures)
        .allSatisfy(failure -> assertThat(failure)
            .hasRootCauseMessage("test: closed (expected: no update after close)"));
  }

  // ---- several threads ----

  /** Readers see each set whole, with the picker that was made for it. */
  @Test
  void update_readersMeanwhile_neverSeeHalfOfIt() throws Exception {
    List<Backend> some = backends("a0", "a1", "a2", "a3", "a4");
    List<Backend> others = backends("b0", "b1", "b2", "b3", "b4", "b5");
    test.onPicker = members -> choice -> members.get(0);
    pool.update(some);
    AtomicBoolean done = new AtomicBoolean();
    Runnable reader = () -> {
      do {
        Publication now = pool.publication();
        Member named = now.picker().pick(null);
        String set = named.backend().id().substring(0, 1);
        assertThat(now.size()).isEqualTo(set.equals("a") ? 5 : 6);
        for (int i = 0; i < now.size(); i++) {
          assertThat(now.member(i).backend().id()).startsWith(set);
        }
        List<Member> members = pool.members();
        String first = members.get(0).backend().id().substring(0, 1);
        assertThat(members).allMatch(member -> member.backend().id().startsWith(first));
      } while (!done.get());
    };
    Concurrently.run(
        () -> {
          try {
            for (int i = 0; i < 5_000; i++) {
              pool.update(i % 2 == 0 ? others : some);
            }
          } finally {
            done.set(true);
          }
        },
        reader::run);
  }

  @Test
  void update_severalThreads_oneAfterTheOther() throws Exception {
    AtomicBoolean inside = new AtomicBoolean();
    test.onPicker = members -> {
      assertThat(inside.compareAndSet(false, true)).isTrue();
      Thread.onSpinWait();
      inside.set(false);
      return choice -> null;
    };
    Concurrently.run(() -> updateAtRandom(1), () -> updateAtRandom(2), () -> updateAtRandom(3));

    Set<String> present = new HashSet<>(test.ids());
    Map<String, Integer> balance = new HashMap<>();
    for (String event : test.events) {
      String[] words = event.split(" ", -1);
      balance.merge(
          words[1],
          switch (words[0]) {
            case "joined" -> 1;
            case "draining" -> -1;
            default -> 0;
          },
          Integer::sum);
      assertThat(balance.get(words[1])).as(event).isBetween(0, 1);
    }
    balance.forEach((id, joined) -> assertThat(joined == 1).as(id).isEqualTo(present.contains(id)));
  }

  private void updateAtRandom(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      Set<Backend> backends = new LinkedHashSet<>();
      for (int j = 0; j < 4; j++) {
        backends.add(backend("m" + random.nextInt(8), 1));
      }
      pool.update(backends);
    }
  }

  /** Random updates, and requests that come and go, against a map of who is there and how many requests each has. */
  @Test
  void randomUpdates_agreeWithTheModel() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      TestPool tested = new TestPool();
      Map<String, PoolMember> present = new LinkedHashMap<>();
      Map<String, PoolMember> draining = new HashMap<>();
      List<PoolMember> open = new ArrayList<>();
      int drained = 0;
      for (int step = 0; step < 100; step++) {
        String where = "seed " + seed + ", step " + step;
        if (random.nextInt(3) == 0) {
          Map<String, Backend> wanted = new LinkedHashMap<>();
          for (int i = random.nextInt(5); i > 0; i--) {
            String id = "m" + random.nextInt(6);
            wanted.put(id, backend(id, random.nextInt(3)));
          }
          tested.pool.update(wanted.values());
          Map<String, PoolMember> after = new LinkedHashMap<>();
          for (Backend backend : wanted.values()) {
            PoolMember member = tested.member(backend.id());
            PoolMember before = present.getOrDefault(backend.id(), draining.get(backend.id()));
            assertThat(member.backend()).as(where).isEqualTo(backend);
            assertThat(member.draining()).as(where).isFalse();
            if (before != null) {
              assertThat(member).as(where).isSameAs(before);
            }
            draining.remove(backend.id());
            after.put(backend.id(), member);
          }
          present.keySet().removeAll(wanted.keySet());
          for (Map.Entry<String, PoolMember> leaver : present.entrySet()) {
            if (open.contains(leaver.getValue())) {
              draining.put(leaver.getKey(), leaver.getValue());
            } else {
              drained++;
            }
          }
          present = after;
        } else if (random.nextBoolean() && !present.isEmpty()) {
          List<PoolMember> candidates = new ArrayList<>(present.values());
          PoolMember member = candidates.get(random.nextInt(candidates.size()));
          tested.enter(member);
          open.add(member);
        } else if (!open.isEmpty()) {
          PoolMember member = open.remove(random.nextInt(open.size()));
          tested.end(member);
          if (!open.contains(member) && draining.values().remove(member)) {
            drained++;
          }
        }
        List<PoolMember> all = new ArrayList<>(present.values());
        all.addAll(draining.values());
        for (PoolMember member : all) {
          int count = (int) open.stream().filter(member::equals).count();
          assertThat(member.inFlight()).as("%s: %s", where, member).isEqualTo(count);
        }
        assertThat(tested.pool.draining()).as(where).hasSameElementsAs(draining.values());
        assertThat(tested.pool.members()).as(where).hasSameElementsAs(present.values());
        assertThat(tested.events.stream()
                .filter(event -> event.startsWith("drained"))
                .count())
            .as(where)
            .isEqualTo(drained);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"picker", "track", "scope", "forget"})
  void update_fromWithinTheStrategy_isRefused(String where) {
    test.update("a");
    List<Throwable> thrown = new ArrayList<>();
    Runnable nested = () -> thrown.add(catchThrowable(() -> test.update("nested")));
    switch (where) {
      case "picker" ->
        test.onPicker = members -> {
          nested.run();
          return choice -> null;
        };
      case "track" ->
        test.onTrack = member -> {
          nested.run();
          return Tracker.NONE;
        };
      case "scope" ->
        test.onScope = members -> {
          nested.run();
          return members;
        };
      default -> test.onForget = member -> nested.run();
    }
    test.update("b");

    assertThat(thrown)
        .singleElement()
        .isInstanceOf(IllegalStateException.class)
        .hasToString("java.lang.IllegalStateException: test: update by the strategy, while one is"
            + " made (expected: not from within its methods)");
    assertThat(test.ids()).containsExactly("b");
    assertThat(test.events).containsExactly("joined a", "joined b", "draining a", "drained a");
  }

  /** It has requests all the time, and whoever looks at the pool finds them. */
  @Test
  void returner_whileTheUpdateIsMade_stillCountsAsDraining() {
    test.update("a", "b");
    PoolMember a = test.member("a");
    test.enter(a);
    test.update("b");
    List<List<Member>> draining = new ArrayList<>();
    test.onPicker = members -> {
      draining.add(pool.draining());
      return choice -> null;
    };
    test.update("a", "b");

    assertThat(draining).containsExactly(List.of(a));
    assertThat(pool.draining()).isEmpty();
    pool.close();
    assertThat(test.selector).doesNotContain("close");
    test.end(a);
    assertThat(test.selector).endsWith("close");
  }
}
