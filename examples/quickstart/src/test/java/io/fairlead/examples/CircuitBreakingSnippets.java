package io.fairlead.examples;

import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.CircuitBreakerListener;
import io.fairlead.circuitbreaker.CircuitBreakerOpenException;
import io.fairlead.circuitbreaker.CircuitBreakerSnapshot;
import io.fairlead.circuitbreaker.OpenGate;
import io.fairlead.circuitbreaker.Transition;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/** The code of docs/guide/circuit-breaking.md, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class CircuitBreakingSnippets {

  private CircuitBreakingSnippets() {}

  interface Client {
    String order(int id) throws IOException;
  }

  static String around(Client client, int id, String fallback) throws Exception {
    CircuitBreaker breaker = CircuitBreaker.of("orders");

    try {
      return breaker.call(() -> client.order(id));
    } catch (CircuitBreakerOpenException e) {
      return fallback; // or tell the caller to come again, in e.retryAfter()
    }
  }

  static String byHand(CircuitBreaker breaker, Client client, int id, String fallback)
      throws IOException {
    long start = System.nanoTime();
    long permit = breaker.tryAcquire(start);
    if (permit == CircuitBreaker.REJECTED) {
      return fallback;
    }
    try {
      String order = client.order(id);
      long end = System.nanoTime();
      breaker.succeeded(permit, end - start, end);
      return order;
    } catch (
        Throwable
            e) { // all of them: while it is half-open, a permit that is not reported is missed
      long end = System.nanoTime();
      breaker.failed(permit, end - start, end);
      throw e;
    }
  }

  static void settings() {
    CircuitBreaker payments = CircuitBreaker.builder()
        .name("payments")
        .consecutiveFailures(5)
        .failureRate(30)
        .slowCallRate(80)
        .slowCall(Duration.ofSeconds(2))
        .timeWindow(Duration.ofSeconds(30))
        .minimumCalls(50)
        .openTime(Duration.ofSeconds(2))
        .maximumOpenTime(Duration.ofMinutes(2))
        .halfOpenPermits(2)
        .halfOpenSuccesses(10)
        .build();
  }

  static void exceptions() {
    CircuitBreaker orders =
        CircuitBreaker.builder().failureIf(e -> e instanceof IOException).build();
  }

  static void listener() {
    CircuitBreaker orders = CircuitBreaker.builder()
        .name("orders")
        .listener(new CircuitBreakerListener() {
          @Override
          public void transition(CircuitBreaker breaker, Transition transition) {
            System.out.println(breaker.name() + ": " + transition);
          }
        })
        .build();
  }

  static void snapshot(CircuitBreaker orders) {
    CircuitBreakerSnapshot now = orders.snapshot();
    System.out.println(now.state() + ", " + now.failureRate() + " % of " + now.calls());
  }

  static void gate() {
    Semaphore places = new Semaphore(3);
    OpenGate atMostThree = new OpenGate() {
      @Override
      public boolean mayOpen() {
        return places.tryAcquire();
      }

      @Override
      public void closed() {
        places.release();
      }
    };
    CircuitBreaker.Builder recipe = CircuitBreaker.builder().gate(atMostThree);
    CircuitBreaker first = recipe.name("10.0.0.1").build();
    CircuitBreaker second = recipe.name("10.0.0.2").build();
  }
}
