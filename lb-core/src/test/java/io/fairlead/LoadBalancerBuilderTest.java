package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Members;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadBalancerBuilderTest {

  private static LoadBalancer.Builder builder() {
    return LoadBalancer.builder("orders");
  }

  @Test
  void build_nothingSet_isAnEmptyBalancer() {
    LoadBalancer balancer = builder().build();

    assertThat(balancer.name()).isEqualTo("orders");
    assertThat(balancer.pool().members()).isEmpty();
  }

  @Test
  void backends_threeWaysToSayIt() {
    Backend a = Backend.of("a:80");
    assertThat(builder().backends("a:80", "b:80").build().pool().members()).hasSize(2);
    assertThat(builder().backends(a, Backend.of("b:80")).build().pool().members())
        .hasSize(2);
    assertThat(builder().backends(List.of(a)).build().pool().members().get(0).backend())
        .isEqualTo(a);
    assertThat(builder().backends("a:80").backends("b:80").build().pool().members())
        .as("the last call counts")
        .hasSize(1);
  }

  @Test
  void backends_listIsCopied() {
    List<Backend> mine = new ArrayList<>(List.of(Backend.of("a:80")));
    LoadBalancer.Builder builder = builder().backends(mine);

    mine.clear();

    assertThat(builder.build().pool().members()).hasSize(1);
  }

  @Test
  void build_twice_makesTwoBalancers() throws Exception {
    LoadBalancer.Builder builder = builder().backends("a:80");
    LoadBalancer one = builder.build();
    LoadBalancer other = builder.build();

    one.close();

    other.acquire().close();
    assertThat(other.pool().members().get(0)).isNotSameAs(one.pool());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t"})
  void name_blank_isRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder(name))
        .withMessage("name: '" + name + "' (expected: not blank)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.1, Double.NaN, Double.NEGATIVE_INFINITY})
  void panicThreshold_outOfRange_isRefused(double share) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().panicThreshold(share))
        .withMessage("panicThreshold: " + share + " (expected: 0 to 1)");
  }

  @Test
  void panicThreshold_bothEndsOfItsRange_areTaken() {
    builder().panicThreshold(0).build();
    builder().panicThreshold(1).build();
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.1, Double.NaN, Double.POSITIVE_INFINITY})
  void maxEjected_outOfRange_isRefused(double share) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().maxEjected(share))
        .withMessage("maxEjected: " + share + " (expected: 0 to 1)");
  }

  @Test
  void recipesThatContradictThemselves_areRefusedAtOnce() {
    CircuitBreaker.Builder breaker =
        CircuitBreaker.builder().failureRate(50).countWindow(10).minimumCalls(20);
    ConcurrencyLimit.Builder limit = ConcurrencyLimit.vegas().initial(5).minimum(10);

    assertThatIllegalStateException().isThrownBy(() -> builder().circuitBreaker(breaker));
    assertThatIllegalStateException().isThrownBy(() -> builder().concurrencyLimit(limit));
    assertThatIllegalStateException().isThrownBy(() -> builder().memberConcurrencyLimit(limit));
  }

  @Test
  void null_isRefusedByName() {
    LoadBalancer.Builder builder = builder();

    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancer.builder(null))
        .withMessage("name");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.strategy(null))
        .withMessage("strategy");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.listener(null))
        .withMessage("listener");
    assertThatNullPointerException().isThrownBy(() -> builder.zone(null)).withMessage("zone");
    assertThatNullPointerException().isThrownBy(() -> builder.retries(null)).withMessage("retries");
    assertThatNullPointerException().isThrownBy(() -> builder.hedging(null)).withMessage("hedging");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.executor(null))
        .withMessage("executor");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.maxSilence(null))
        .withMessage("maxSilence");
    assertThatNullPointerException().isThrownBy(() -> builder.time(null)).withMessage("time");
    assertThatNullPointerException().isThrownBy(() -> builder.chance(null)).withMessage("chance");
    assertThatNullPointerException().isThrownBy(() -> builder.backends((String) null));
    assertThatNullPointerException()
        .isThrownBy(() -> builder.backends(Collections.singleton(null)))
        .withMessage("backends");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.backends(Backend.of("b:80"), null))
        .withMessage("backends");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.backends((Collection<Backend>) null))
        .withMessage("backends");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.slowStart(null))
        .withMessage("slowStart");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.circuitBreaker(null))
        .withMessage("circuitBreaker");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.concurrencyLimit(null))
        .withMessage("concurrencyLimit");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.memberConcurrencyLimit(null))
        .withMessage("memberConcurrencyLimit");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.rateLimit(null))
        .withMessage("rateLimit");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.rateLimitPer(RequestContext::key, null))
        .withMessage("buckets");
  }

  @Test
  void build_sameIdTwice_isRefused_andWhatTheStrategyStartedIsClosed() {
    AtomicInteger closed = new AtomicInteger();
    Strategy strategy = environment -> new Selector() {
      @Override
      public Picker picker(Members members) {
        return choice -> null;
      }

      @Override
      public void close() {
        closed.incrementAndGet();
      }
    };

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().strategy(strategy).backends("a:80", "a:80").build())
        .withMessage("orders: two backends have the id a:80 (expected: each id once)");
    assertThat(closed).hasValue(1);
  }

  @Test
  void build_strategyStartsNothing_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> builder().strategy(environment -> null).build())
        .withMessage("what the strategy started");
  }
}
