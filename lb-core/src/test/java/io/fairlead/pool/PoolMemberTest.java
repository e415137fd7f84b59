package io.fairlead.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.backend.Member;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Tracker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PoolMemberTest {

  private final TestPool test = new TestPool();
  private final List<String> tracked = new ArrayList<>();

  private PoolMember member() {
    test.onTrack = member -> new Tracker() {
      @Override
      public void started(long now) {
        tracked.add("started " + now);
      }

      @Override
      public void answered(Outcome outcome, long startNanos, long now) {
        tracked.add("answered " + outcome + " " + startNanos + " to " + now + counts(member));
      }

      @Override
      public void released() {
        tracked.add("released" + counts(member));
      }
    };
    test.update("a");
    return test.member("a");
  }

  private static String counts(Member member) {
    return ", in flight " + member.inFlight() + ", outstanding " + member.outstanding();
  }

  private static Outcome outcome(Outcome.Kind kind) {
    return switch (kind) {
      case SUCCESS -> Outcome.success();
      case CONNECT -> Outcome.connectFailure();
      case TIMEOUT -> Outcome.timeout();
      case PROTOCOL -> Outcome.protocolError();
      case SERVER_ERROR -> Outcome.serverError();
      case UNAVAILABLE -> Outcome.unavailable(Duration.ZERO);
      case THROTTLED -> Outcome.throttled(Duration.ZERO);
      case ABANDONED -> Outcome.abandoned();
      case IGNORED -> Outcome.ignored();
    };
  }

  @Test
  void tracker_hearsEachRequestInOrder() {
    PoolMember member = member();
    test.clock.advance(Duration.ofNanos(10));
    member.enter(10, false);
    test.clock.advance(Duration.ofNanos(5));
    member.answered(CircuitBreaker.UNCOUNTED, Outcome.success(), 10, 15);
    test.clock.advance(Duration.ofNanos(5));
    member.releaseOne();

    assertThat(tracked)
        .containsExactly(
            "started 10",
            "answered success 10 to 15, in flight 1, outstanding 0",
            "released, in flight 1, outstanding 0");
    assertThat(counts(member)).isEqualTo(", in flight 0, outstanding 0");
  }

  @Test
  void tracker_refusedRequest_isNotHeard() {
    PoolMember member = member();
    test.update();

    assertThat(member.enter(0, false)).isEqualTo(PoolMember.REFUSED);
    assertThat(tracked).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Outcome.Kind.class)
  void count_eachKindByItself(Outcome.Kind kind) {
    PoolMember member = member();
    member.enter(0, false);
    member.answered(CircuitBreaker.UNCOUNTED, outcome(kind), 0, 0);
    member.releaseOne();

    for (Outcome.Kind any : Outcome.Kind.values()) {
      assertThat(member.count(any)).as(any.name()).isEqualTo(any == kind ? 1 : 0);
    }
  }

  @ParameterizedTest
  @EnumSource(Outcome.Kind.class)
  void silentSince_answersEndTheSilence_butNotWhatIsNone(Outcome.Kind kind) {
    boolean answer = kind != Outcome.Kind.ABANDONED
        && kind != Outcome.Kind.IGNORED
        && kind != Outcome.Kind.TIMEOUT;
    PoolMember member = member();
    member.enter(10, false);
    member.enter(20, false);

    assertThat(member.silentSince()).as("the first start").isEqualTo(10);
    member.answered(CircuitBreaker.UNCOUNTED, outcome(kind), 10, 30);
    assertThat(member.silentSince()).isEqualTo(answer ? 30 : 10);
    member.enter(40, false);
    assertThat(member.silentSince()).as("one is still outstanding").isEqualTo(answer ? 30 : 10);
  }

  @Test
  void silentSince_nothingOutstandingBefore_isTheStart() {
    PoolMember member = member();
    member.enter(10, false);
    member.answered(CircuitBreaker.UNCOUNTED, Outcome.success(), 10, 20);

    member.enter(1_000, false);

    assertThat(member.inFlight()).isEqualTo(2);
    assertThat(member.silentSince()).isEqualTo(1_000);
  }

  @Test
  void toString_isTheBackends() {
    assertThat(member()).hasToString("a (a:80)");
  }
}
