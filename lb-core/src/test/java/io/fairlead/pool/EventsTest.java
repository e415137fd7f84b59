package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventsTest {

  private final Heard heard = new Heard();
  private final Events events = new Events(heard);

  @Test
  void events_areToldInOrderAndWhenDelivered() {
    Veto veto = new Veto(Veto.Kind.HARD, "p", "r", 0);
    events.joined(null);
    events.draining(null);
    events.drained(null);
    events.vetoed(null, veto);
    events.lifted(null, veto);
    events.circuitChanged(
        null, new Transition(1, State.CLOSED, State.OPEN, "5 failures in a row", 0, 9, 1));

    assertThat(heard.log).isEmpty();
    events.deliver();
    assertThat(heard.log)
        .containsExactly(
            "joined",
            "draining",
            "drained",
            "vetoed p: r",
            "lifted p: r",
            "circuit CLOSED to OPEN: 5 failures in a row");
    events.deliver();
    assertThat(heard.log).hasSize(6);
  }

  @Test
  void listenerThatCausesAnEvent_hearsItAfterThisOne() {
    heard.onEvent = event -> {
      if (event.equals("joined")) {
        events.draining(null);
        events.deliver();
        heard.log.add("still in joined");
      }
    };
    events.joined(null);
    events.deliver();

    assertThat(heard.log).containsExactly("joined", "still in joined", "draining");
  }

  /** Nothing is lost or told by two at once, whichever of the threads delivers. */
  @Test
  void severalThreads_oneAtATimeDelivers() throws Exception {
    Thread[] inside = new Thread[1];
    heard.onEvent = event -> {
      assertThat(inside[0]).isNull();
      inside[0] = Thread.currentThread();
      Thread.onSpinWait();
      inside[0] = null;
    };
    Runnable many = () -> {
      for (int i = 0; i < 20_000; i++) {
        events.joined(null);
        events.deliver();
      }
    };
    Concurrently.run(many::run, many::run, many::run);

    events.deliver();
    assertThat(heard.log).hasSize(60_000);
  }

  private static final class Heard implements PoolListener {
    final List<String> log = new ArrayList<>();
    Consumer<String> onEvent = event -> {};

    private void hear(String event) {
      log.add(event);
      onEvent.accept(event);
    }

    @Override
    public void joined(@Nullable Member member) {
      hear("joined");
    }

    @Override
    public void draining(@Nullable Member member) {
      hear("draining");
    }

    @Override
    public void drained(@Nullable Member member) {
      hear("drained");
    }

    @Override
    public void vetoed(@Nullable Member member, Veto veto) {
      hear("vetoed " + veto);
    }

    @Override
    public void lifted(@Nullable Member member, Veto veto) {
      hear("lifted " + veto);
    }

    @Override
    public void circuitChanged(@Nullable Member member, Transition transition) {
      hear("circuit " + transition);
    }
  }
}
