package io.fairlead.pool;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.backend.Veto;
import io.fairlead.circuitbreaker.CircuitBreaker;
import io.fairlead.circuitbreaker.Transition;
import io.fairlead.request.Outcome;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Tracker;
import io.fairlead.testing.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A pool, the selector of its strategy, and its listener: all of them keep what they hear, and do as they are told. */
final class TestPool implements Selector, PoolListener {

  final FakeClock clock;
  final Pool pool;

  /** What the listener heard. */
  final List<String> events = Collections.synchronizedList(new ArrayList<>());

  /** What the selector heard. */
  final List<String> selector = Collections.synchronizedList(new ArrayList<>());

  final List<Members> built = new ArrayList<>();

  Function<Members, Picker> onPicker = members -> choice -> null;
  UnaryOperator<Members> onScope = all -> all;
  Function<Member, Tracker> onTrack = member -> Tracker.NONE;
  Consumer<Member> onForget = member -> {};
  Runnable onClose = () -> {};
  Consumer<String> onEvent = event -> {};

  TestPool() {
    this(0.5);
  }

  TestPool(double panicThreshold) {
    this(panicThreshold, new FakeClock());
  }

  TestPool(double panicThreshold, FakeClock clock) {
    this(panicThreshold, clock, Duration.ZERO);
  }

  TestPool(double panicThreshold, FakeClock clock, Duration slowStart) {
    this.clock = clock;
    this.pool = new Pool(
        new Pool.Settings("test", clock, panicThreshold, slowStart, Guards.NONE), this, this);
  }

  PoolMember member(String id) {
    return (PoolMember) Objects.requireNonNull(pool.member(id), id);
  }

  /** Ids and weights of those that are live, and "panic" if there is one. */
  String live() {
    return live(pool.publication().all);
  }

  static String live(Members members) {
    Live live = members.live();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < live.size(); i++) {
      texts.add(members.get(live.index(i)).backend().id() + "=" + live.weight(i));
    }
    return String.join(" ", texts) + (live.panic() ? " panic" : "");
  }

  void veto(String id, Veto.Kind kind) {
    pool.control(member(id), "test").veto(kind, "told to");
  }

  void lift(String id) {
    pool.control(member(id), "test").lift();
  }

  void enter(PoolMember member) {
    if (member.enter(clock.nanos(), false) == PoolMember.REFUSED) {
      throw new AssertionError(member + " refused");
    }
  }

  void end(PoolMember member) {
    member.answered(CircuitBreaker.UNCOUNTED, Outcome.success(), clock.nanos(), clock.nanos());
    pool.released(member, member.releaseOne());
  }

  static Backend backend(String id, int weight) {
    return Backend.builder(id, 80).id(id).weight(weight).build();
  }

  static List<Backend> backends(String... ids) {
    List<Backend> backends = new ArrayList<>();
    for (String id : ids) {
      backends.add(backend(id, 1));
    }
    return backends;
  }

  void update(String... ids) {
    pool.update(backends(ids));
  }

  List<String> ids() {
    return pool.members().stream().map(member -> member.backend().id()).toList();
  }

  // ---- as the selector ----

  @Override
  public Picker picker(Members members) {
    selector.add("picker of " + members.size());
    built.add(members);
    return onPicker.apply(members);
  }

  @Override
  public Members scope(Members all) {
    return onScope.apply(all);
  }

  @Override
  public Tracker track(Member member) {
    selector.add("track " + member.backend().id());
    return onTrack.apply(member);
  }

  @Override
  public void forget(Member member) {
    selector.add("forget " + member.backend().id());
    onForget.accept(member);
  }

  @Override
  public void close() {
    selector.add("close");
    onClose.run();
  }

  // ---- as the listener ----

  private void hear(String event) {
    events.add(event);
    onEvent.accept(event);
  }

  @Override
  public void joined(Member member) {
    hear("joined " + member.backend().id());
  }

  @Override
  public void draining(Member member) {
    hear("draining " + member.backend().id());
  }

  @Override
  public void drained(Member member) {
    hear("drained " + member.backend().id());
  }

  @Override
  public void vetoed(Member member, Veto veto) {
    hear("vetoed " + member.backend().id() + " by " + veto);
  }

  @Override
  public void lifted(Member member, Veto veto) {
    hear("lifted " + member.backend().id() + " by " + veto);
  }

  @Override
  public void circuitChanged(Member member, Transition transition) {
    hear("circuit of " + member.backend().id() + ": " + transition);
  }
}
