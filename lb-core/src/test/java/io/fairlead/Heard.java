package io.fairlead;

import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** A listener that writes down what it hears. */
final class Heard implements LoadBalancerListener {

  final List<String> events = Collections.synchronizedList(new ArrayList<>());
  Consumer<String> onEvent = event -> {};

  private void hear(String event) {
    events.add(event);
    onEvent.accept(event);
  }

  private static String id(Member member) {
    return member.backend().id();
  }

  @Override
  public void leased(Member member, RequestContext context) {
    hear("leased " + id(member));
  }

  @Override
  public void answered(Member member, Outcome outcome, Duration elapsed) {
    hear("answered " + id(member) + ": " + outcome + " after " + elapsed);
  }

  @Override
  public void released(Member member) {
    hear("released " + id(member));
  }

  @Override
  public void leaked(Member member) {
    hear("leaked " + id(member));
  }

  @Override
  public void retried(Member from, Member to) {
    hear("retried " + id(from) + " to " + id(to));
  }

  @Override
  public void hedged(Member from, Member to) {
    hear("hedged " + id(from) + " to " + id(to));
  }

  @Override
  public void rejected(LoadBalancingException reason) {
    hear("rejected: " + reason.getMessage());
  }

  @Override
  public void joined(Member member) {
    hear("joined " + id(member));
  }

  @Override
  public void draining(Member member) {
    hear("draining " + id(member));
  }

  @Override
  public void drained(Member member) {
    hear("drained " + id(member));
  }

  @Override
  public void vetoed(Member member, Veto veto) {
    hear("vetoed " + id(member) + " by " + veto);
  }

  @Override
  public void lifted(Member member, Veto veto) {
    hear("lifted " + id(member) + " by " + veto);
  }

  @Override
  public void circuitChanged(Member member, Transition transition) {
    hear("circuit of " + member.backend().host() + ": " + transition.from() + " to "
        + transition.to());
  }
}
