package io.fairlead.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Draws;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.Tracker;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** That strategies that break the contract fail in the test that is meant for it, with a message that tells why. */
class StrategyContractTest {

  @ParameterizedTest
  @MethodSource("brokenStrategies")
  void brokenStrategy_failsWhereItShould(Strategy broken, String test, String message)
      throws Exception {
    StrategyContract contract = () -> broken;
    Throwable failure = failureOf(contract, StrategyContract.class.getMethod(test));

    assertThat(failure).as(test).isNotNull().hasMessageContaining(message);
  }

  static List<Arguments> brokenStrategies() {
    return List.of(
        argumentSet(
            "throws on an empty live set",
            Strategy.of(members -> choice -> members.get(members.live().index(0))),
            "allHardVetoed_refused",
            "pick threw java.lang.ArrayIndexOutOfBounds"),
        argumentSet(
            "throws when asked",
            Strategy.of(members -> choice -> {
              throw new IllegalStateException("no");
            }),
            "oneMember_getsAll",
            "pick threw java.lang.IllegalStateException: no"),
        argumentSet(
            "names nobody",
            Strategy.of(members -> choice -> null),
            "allAvailable_eachPickNamesOne",
            "picks that named nobody, or nobody who was acceptable"),
        argumentSet(
            "always names the first",
            Strategy.of(members -> choice -> first(members)),
            "equalWeights_eachMemberGetsSome",
            "a1 got no request, but each of equal weight should"),
        argumentSet(
            "always names the first in a panic",
            Strategy.of(members -> choice ->
                members.live().panic() ? first(members) : anyOf(members, choice.random())),
            "panic_statisticallyVetoedGetSome",
            "but each without a hard veto in a panic should"),
        argumentSet(
            "names those of its first membership for ever",
            first(members -> choice -> anyOf(members, choice.random())),
            "membershipChangesBetweenPicks_onlyThosePresentArePicked",
            "which is not in the membership of its picker"),
        argumentSet(
            "makes no picker for nobody",
            Strategy.of(StrategyContractTest::pickerOfSome),
            "emptiedPool_refusedUntilRefilled",
            "the picker"),
        argumentSet(
            "throws for a member that it has forgotten",
            forgetful(),
            "membershipChangesBetweenPicks_onlyThosePresentArePicked",
            "is known for ever"),
        argumentSet(
            "throws for an abandoned attempt",
            tracking(outcome -> {
              if (outcome.kind() == Outcome.Kind.ABANDONED) {
                throw new IllegalStateException("abandoned");
              }
            }),
            "anyOutcome_pickingGoesOn",
            "answered threw java.lang.IllegalStateException: abandoned"),
        argumentSet(
            "has a chance of its own",
            Strategy.of(
                members -> choice -> anyOf(members, ThreadLocalRandom.current().nextLong())),
            "sameSeed_samePicks",
            "of two balancers with the same seed"),
        argumentSet(
            "shares its state among balancers",
            sharing(),
            "startedTwice_eachBalancerHasItsOwnState",
            "which is not in the membership of its picker"),
        argumentSet(
            "counts weights in whole numbers",
            Strategy.of(members -> choice -> weighted(members, choice)),
            "skewedWeights_eachPickNamesOne",
            "picks that named nobody, or nobody who was acceptable"),
        argumentSet(
            "serves one thread only",
            ofOneThread(),
            "picksFromTwoThreads_allPlacesAreGivenBack",
            "pick threw java.lang.IllegalStateException: another thread"),
        argumentSet(
            "cannot be closed",
            (Strategy) environment -> new Selector() {
              @Override
              public Picker picker(Members members) {
                return choice -> anyOf(members, choice.random());
              }

              @Override
              public void close() {
                throw new IllegalStateException("closed");
              }
            },
            "oneMember_getsAll",
            "close threw java.lang.IllegalStateException: closed"));
  }

  @Test
  void strategyThatIsPartialOnPurpose_passesIfItSaysSo() throws Exception {
    Strategy partial = Strategy.of(members -> choice -> first(members));
    StrategyContract contract = new StrategyContract() {
      @Override
      public Strategy strategy() {
        return partial;
      }

      @Override
      public boolean reachesAll() {
        return false;
      }
    };

    TreeMap<String, Throwable> failures = new TreeMap<>();
    for (Method test : tests()) {
      Throwable failure = failureOf(contract, test);
      if (failure != null) {
        failures.put(test.getName(), failure);
      }
    }

    assertThat(failures).isEmpty();
  }

  private static List<Method> tests() {
    List<Method> tests = new ArrayList<>(Arrays.asList(StrategyContract.class.getMethods()));
    tests.removeIf(method -> !method.isAnnotationPresent(Test.class));
    assertThat(tests).hasSizeGreaterThan(20);
    return tests;
  }

  private static @Nullable Throwable failureOf(StrategyContract contract, Method test)
      throws IllegalAccessException {
    try {
      test.invoke(contract);
      return null;
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  private static @Nullable Member first(Members members) {
    Live live = members.live();
    return live.size() == 0 ? null : members.get(live.index(0));
  }

  private static @Nullable Member anyOf(Members members, long random) {
    Live live = members.live();
    return live.size() == 0 ? null : members.get(live.index(Draws.index(random, live.size())));
  }

  private static Picker pickerOfSome(Members members) {
    return members.size() == 0 ? null : choice -> anyOf(members, choice.random());
  }

  private static @Nullable Member weighted(Members members, Choice choice) {
    Live live = members.live();
    int total = 0;
    for (int i = 0; i < live.size(); i++) {
      total += (int) live.weight(i);
    }
    int left = Draws.index(choice.random(), total);
    for (int i = 0; i < live.size(); i++) {
      left -= (int) live.weight(i);
      if (left < 0) {
        return members.get(live.index(i));
      }
    }
    return null;
  }

  private static Strategy first(Function<Members, Picker> pickers) {
    return environment -> {
      AtomicReference<@Nullable Picker> first = new AtomicReference<>();
      return members -> {
        first.compareAndSet(null, pickers.apply(members));
        return first.get();
      };
    };
  }

  private static Strategy forgetful() {
    return environment -> {
      Set<String> known = ConcurrentHashMap.newKeySet();
      return new Selector() {
        @Override
        public Picker picker(Members members) {
          return choice -> anyOf(members, choice.random());
        }

        @Override
        public Tracker track(Member member) {
          if (!known.add(member.backend().id())) {
            throw new IllegalStateException(member + " is known for ever");
          }
          return Tracker.NONE;
        }
      };
    };
  }

  private static Strategy tracking(Consumer<Outcome> answered) {
    return environment -> new Selector() {
      @Override
      public Picker picker(Members members) {
        return choice -> anyOf(members, choice.random());
      }

      @Override
      public Tracker track(Member member) {
        return new Tracker() {
          @Override
          public void answered(Outcome outcome, long startNanos, long now) {
            answered.accept(outcome);
          }
        };
      }
    };
  }

  private static Strategy sharing() {
    AtomicReference<@Nullable Members> last = new AtomicReference<>();
    return Strategy.of(members -> {
      last.set(members);
      return choice -> anyOf(last.get(), choice.random());
    });
  }

  private static Strategy ofOneThread() {
    AtomicReference<@Nullable Thread> only = new AtomicReference<>();
    return Strategy.of(members -> choice -> {
      only.compareAndSet(null, Thread.currentThread());
      if (only.get() != Thread.currentThread()) {
        throw new IllegalStateException("another thread");
      }
      return anyOf(members, choice.random());
    });
  }
}
