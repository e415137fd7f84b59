package io.fairlead.pool;

import io.fairlead.backend.Backend;
import io.fairlead.backend.BackendPool;
import io.fairlead.backend.Member;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Members;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.health.EjectionCap;
import io.fairlead.health.EndpointDetectors;
import io.fairlead.health.FailureDetector;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Tracker;
import io.fairlead.time.NanoClock;
import io.fairlead.time.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pool of one balancer. */
public final class Pool implements BackendPool {

  /** The name of the policy of active health checks, which no other may have. */
  public static final String HEALTH_CHECK = "health check";

  private static final Logger log = LoggerFactory.getLogger(BackendPool.class);

  /**
   * What a pool goes by.
   *
   * @param name the balancer's
   * @param panicThreshold the share of available members below which statistical vetoes are disregarded, 0 to 1
   * @param slowStart how long who is new or back takes to get its whole share; zero for no time
   * @param guards what each member is guarded by
   */
  public record Settings(
      String name, TimeSource time, double panicThreshold, Duration slowStart, Guards guards) {}

  /**
   * What makes a backend the same one as before. Its zone too: strategies keep what they know by zone, and no server moves to
   * another without becoming another.
   */
  private record Identity(
      String id, String host, int port, @Nullable String zone) {
    static Identity of(Backend backend) {
      return new Identity(backend.id(), backend.host(), backend.port(), backend.zone());
    }
  }

  /** An update that is asked for. What became of it is guarded by the lock. */
  private static final class Wanted {
    @Nullable
    List<Backend> backends; // null once it was made, well or not

    boolean failed;

    @Nullable
    Throwable failure; // until who asked for it takes it

    Wanted(List<Backend> backends) {
      this.backends = backends;
    }
  }

  private static final Set<String> OWN_POLICIES = Set.of(
      SlowStart.POLICY,
      FailureDetector.EJECTION,
      FailureDetector.REACHABILITY,
      Pushback.RETRY_AFTER,
      Pushback.THROTTLING,
      HEALTH_CHECK);

  private final String name;
  private final TimeSource time;
  private final double panicThreshold;
  private final SlowStart slowStart;
  private final Guards guards;
  private final EndpointDetectors<PoolMember> endpoints;
  private final Silence silence;
  private final Pushback pushback;
  private final EjectionCap ejectionCap;
  private final Probes probes;
  private final Selector selector;
  private final Events events;
  private final Timers timers;
  private final ReentrantLock updating = new ReentrantLock();
  private final AtomicReference<@Nullable Wanted> latest = new AtomicReference<>();
  private final Map<Identity, PoolMember> draining = new ConcurrentHashMap<>();
  // Not the size of draining, in which one that is not yet forgotten gives way to its successor.
  private final AtomicInteger unforgotten = new AtomicInteger();
  private final Timers.Timer refresh;
  private final AtomicBoolean strategyThrew = new AtomicBoolean();
  private final AtomicBoolean selectorClosed = new AtomicBoolean();
  private @Nullable ScopeWatcher watcher; // guarded by updating, as is the next
  private boolean entering; // whether one refresh is to come, for whatever is vetoed
  private volatile Publication publication;
  private volatile boolean closed;
  private volatile boolean finished;
  private volatile @Nullable PoolMember busy; // one that had requests when this was last looked at

  /** An empty pool. */
  public Pool(Settings settings, Selector selector, PoolListener listener) {
    this.name = settings.name();
    this.time = settings.time();
    this.panicThreshold = settings.panicThreshold();
    this.timers = new Timers(name, time);
    this.refresh = timers.timer(() -> this.publication.all.refresh());
    this.slowStart = new SlowStart(this, timers, settings.slowStart().toNanos());
    this.guards = settings.guards();
    this.probes = new Probes(this, timers);
    this.silence = new Silence(this, timers, guards.maxSilenceNanos());
    this.pushback = new Pushback(this, timers);
    this.ejectionCap = newCap();
    this.endpoints = new EndpointDetectors<>(
        name, guards.circuitBreaker(), this::newCap, member -> member.detector().endpointOpened());
    this.selector = selector;
    this.events = new Events(listener);
    this.publication = nothing();
  }

  private EjectionCap newCap() {
    return new EjectionCap(
        guards.maxEjected(), () -> this.publication.meant(), () -> this.publication.available());
  }

  private Publication nothing() {
    Membership empty = new Membership(this, List.of(), List.of());
    return new Publication(empty, empty, choice -> null);
  }

  /** What is in effect now. */
  public Publication publication() {
    return publication;
  }

  // An update first makes everything that the new set needs, the picker above all, then swaps the
  // one reference to it, and only then lets those who have left drain: until the swap, choices
  // under way may still take them. Whatever fails, fails before the swap and is undone.
  //
  // Of several updates at once the one that came last is made for all of them: a table of a million
  // points is not built for a set that is out of date already.
  @Override
  public void update(Collection<Backend> backends) {
    if (updating.isHeldByCurrentThread()) {
      throw new IllegalStateException(name
          + ": update by the strategy, while one is made (expected: not from within its methods)");
    }
    Wanted wanted = new Wanted(checked(Objects.requireNonNull(backends, "backends")));
    latest.set(wanted);
    updating.lock();
    try {
      Wanted last = Objects.requireNonNull(latest.get());
      make(last);
      if (last.failed) {
        make(wanted); // the later one came to nothing
      }
      Throwable failure = wanted.failure;
      wanted.failure = null;
      if (failure instanceof Error e) {
        throw e;
      } else if (failure instanceof RuntimeException e) {
        throw e;
      } else if (failure != null) { // thrown past the compiler, as other languages may
        throw new IllegalStateException(name + ": the strategy threw", failure);
      }
    } finally {
      updating.unlock();
      finishIfIdle(); // whose release could not, since it found the lock taken
      events.deliver();
    }
  }

  /** Unless that was done already, perhaps by another thread that asked for less. */
  private void make(Wanted wanted) {
    List<Backend> backends = wanted.backends;
    if (backends == null) {
      return;
    }
    wanted.backends = null;
    try {
      if (closed) {
        throw new IllegalStateException(name + ": closed (expected: no update after close)");
      }
      swapTo(backends);
    } catch (Throwable e) {
      wanted.failed = true;
      wanted.failure = e;
    }
  }

  private List<Backend> checked(Collection<Backend> backends) {
    List<Backend> wanted = new ArrayList<>(backends);
    Set<String> ids = new HashSet<>();
    for (Backend backend : wanted) {
      if (!ids.add(Objects.requireNonNull(backend, "backend").id())) {
        throw new IllegalArgumentException(
            name + ": two backends have the id " + backend.id() + " (expected: each id once)");
      }
    }
    return wanted;
  }

  private void swapTo(List<Backend> wanted) {
    Publication before = publication;
    Map<Identity, PoolMember> present = new LinkedHashMap<>();
    for (int i = 0; i < before.all.size(); i++) {
      PoolMember member = before.all.get(i);
      present.put(Identity.of(member.backend()), member);
    }
    if (wanted.size() == present.size()
        && new HashSet<>(wanted).equals(backendsOf(present.values()))) {
      return;
    }
    Change change = new Change(before.all.size() > 0);
    Publication after;
    try {
      for (Backend backend : wanted) {
        change.add(backend, present.remove(Identity.of(backend)));
      }
      after = publicationOf(new Membership(this, change.members, wanted));
    } catch (Throwable e) {
      change.undo();
      throw e;
    }
    // A weight that rises from 0 does so before the swap, one that falls to 0 after it: or a choice
    // in between, by the one set or the other, might find nobody.
    change.settle(backend -> backend.weight() > 0);
    publish(after);
    change.settle(backend -> backend.weight() == 0);
    change.fresh.forEach(PoolMember::announce);
    for (PoolMember member : change.revived) {
      forgetDraining(member);
      events.joined(member);
    }
    present.values().forEach(this::leave);
    after.all.refresh(); // a veto may have hit the membership before, while this one was made
    timers.retry();
  }

  private void publish(Publication after) {
    Set<PoolMember> inScope = publication.inScope();
    for (PoolMember member : after.inScope()) {
      if (!inScope.remove(member)) {
        member.enterScope();
      }
    }
    Publication before = publication;
    if (watcher != null) {
      Set<PoolMember> coming = after.members();
      coming.removeAll(before.members());
      enter(coming, after);
    }
    publication = after;
    inScope.forEach(PoolMember::leaveScope);
    if (watcher != null) {
      Set<PoolMember> left = before.members();
      left.removeAll(after.members());
      left.forEach(watcher::left);
    }
  }

  /** Tells the watcher, and looks at what it has vetoed: once for all, since a look costs as much as there are members. */
  private void enter(Set<PoolMember> coming, Publication published) {
    ScopeWatcher watcher = this.watcher;
    if (watcher != null && !coming.isEmpty()) {
      entering = true;
      try {
        coming.forEach(watcher::entering);
      } finally {
        entering = false;
      }
      published.all.refresh();
    }
  }

  /** From now on this one hears who can be chosen: those who can be now, at first. One in all. */
  public void watch(ScopeWatcher watcher) {
    updating.lock();
    try {
      this.watcher = watcher;
      enter(publication.members(), publication);
    } finally {
      updating.unlock();
      finishIfIdle();
      events.deliver();
    }
  }

  private static Set<Backend> backendsOf(Collection<PoolMember> members) {
    Set<Backend> backends = new HashSet<>();
    for (PoolMember member : members) {
      backends.add(member.backend());
    }
    return backends;
  }

  private Publication publicationOf(Membership all) {
    Members chosen = selector.scope(all);
    if (!(chosen instanceof Membership scope) || scope.root() != all) {
      throw new IllegalStateException(name + ": the strategy's scope is " + chosen
          + " (expected: a view of the membership given)");
    }
    scope.makeScope();
    Picker picker = Objects.requireNonNull(selector.picker(scope), "the strategy's picker");
    return new Publication(all, scope, picker);
  }

  private void leave(PoolMember member) {
    awaitEnd(member);
    endpoints.forget(member);
    events.draining(member);
    if (member.drain()) {
      gone(member);
    }
  }

  private void awaitEnd(PoolMember member) {
    unforgotten.incrementAndGet();
    draining.put(Identity.of(member.backend()), member);
  }

  /** A change of the set in the making, and what undoes it. */
  private final class Change {
    final List<PoolMember> members = new ArrayList<>();
    final List<PoolMember> fresh = new ArrayList<>();
    final List<PoolMember> revived = new ArrayList<>();
    final Map<PoolMember, Backend> changed = new LinkedHashMap<>(); // what it will be
    private final boolean slowly;

    /**
     * A change of nothing so far.
     *
     * @param slowly whether there is somebody to take the requests while those who come ramp up
     */
    Change(boolean slowly) {
      this.slowly = slowly;
    }

    void add(Backend backend, @Nullable PoolMember present) {
      PoolMember member = present == null ? revive(backend) : present;
      if (member == null) {
        member = new PoolMember(Pool.this, backend);
        Tracker tracker = Objects.requireNonNull(selector.track(member), "the strategy's tracker");
        member.track(tracker);
        fresh.add(member);
      } else if (!member.backend().equals(backend)) {
        changed.put(member, backend);
      }
      if (present == null && slowly) {
        slowStart.begin(member);
      }
      members.add(member);
    }

    private @Nullable PoolMember revive(Backend backend) {
      PoolMember member = draining.get(Identity.of(backend));
      if (member == null || !member.revive()) {
        return null;
      }
      revived.add(member);
      return member;
    }

    void settle(Predicate<Backend> which) {
      changed.forEach((member, backend) -> {
        if (which.test(backend)) {
          member.become(backend);
        }
      });
    }

    void undo() {
      for (PoolMember member : fresh) {
        forget(member);
        member.close();
        slowStart.end(member);
      }
      for (PoolMember member : revived) {
        slowStart.end(member);
        if (member.drain()) {
          gone(member);
        }
      }
    }
  }

  private void gone(PoolMember member) {
    forget(member);
    member.close();
    slowStart.end(member);
    pushback.end(member);
    endpoints.forget(member); // what was under way may have failed since
    events.drained(member);
    forgetDraining(member);
    closeSelectorIfDone();
  }

  private void forgetDraining(PoolMember member) {
    draining.remove(Identity.of(member.backend()), member);
    unforgotten.decrementAndGet();
  }

  private void closeSelectorIfDone() {
    if (finished && unforgotten.get() == 0 && selectorClosed.compareAndSet(false, true)) {
      try {
        selector.close();
      } catch (Throwable e) {
        strategyThrew(e);
      }
    }
  }

  private void forget(PoolMember member) {
    try {
      selector.forget(member);
    } catch (Throwable e) {
      strategyThrew(e);
    }
  }

  /**
   * A member's request has ended, and whoever hears of that has heard of it.
   *
   * @param last whether it was the last one of a member that drains
   */
  public void released(PoolMember member, boolean last) {
    if (last) {
      gone(member);
      events.deliver();
    }
    if (closed) {
      PoolMember busy = this.busy;
      if (busy == null || busy.inFlight() == 0) { // else its last one's end will come here
        finishIfIdle();
      }
    }
  }

  /** Refuses further updates. When nothing is in flight any more, now or later, everybody leaves. */
  public void close() {
    closed = true;
    silence.close();
    finishIfIdle();
  }

  /** Whether {@link #close} was called. */
  public boolean closed() {
    return closed;
  }

  // A request must not wait for a table that is being made. Whoever finds the lock taken leaves it
  // to who has it, and looks again once it is free.
  private void finishIfIdle() {
    while (closed
        && !finished
        && idle()
        && !updating.isHeldByCurrentThread()
        && updating.tryLock()) {
      try {
        if (!finished && idle()) { // without the lock one on its way out may have been overlooked
          finish();
        }
      } finally {
        updating.unlock();
        events.deliver();
      }
    }
  }

  private void finish() {
    Publication last = publication;
    publish(nothing());
    for (int i = 0; i < last.all.size(); i++) {
      leave(last.all.get(i));
    }
    finished = true; // not before all have left, or the first to go would seem to be the last
    closeSelectorIfDone();
  }

  private boolean idle() {
    Membership all = publication.all;
    for (int i = 0; i < all.size(); i++) {
      if (isBusy(all.get(i))) {
        return false;
      }
    }
    return draining.values().stream().noneMatch(this::isBusy);
  }

  private boolean isBusy(PoolMember member) {
    if (member.inFlight() == 0) {
      return false;
    }
    busy = member;
    return true;
  }

  @Override
  public List<Member> members() {
    Membership all = publication.all;
    List<Member> members = new ArrayList<>(all.size());
    for (int i = 0; i < all.size(); i++) {
      members.add(all.get(i));
    }
    return List.copyOf(members);
  }

  /** Those that have left and still have requests. */
  public List<Member> draining() {
    return List.copyOf(draining.values());
  }

  @Override
  public @Nullable Member member(String id) {
    Objects.requireNonNull(id, "id");
    return members().stream()
        .filter(member -> member.backend().id().equals(id))
        .findFirst()
        .orElse(null);
  }

  @Override
  public MemberControl control(Member member, String policy) {
    Objects.requireNonNull(policy, "policy");
    if (!(Objects.requireNonNull(member, "member") instanceof PoolMember own)
        || !own.belongsTo(this)) {
      throw new IllegalArgumentException(
          "member: " + member + " (expected: a member of the pool of " + name + ")");
    }
    if (OWN_POLICIES.contains(policy)) {
      throw new IllegalArgumentException("policy: " + policy
          + " (expected: another name, since this is the balancer's own policy)");
    }
    return own.control(policy);
  }

  /** As in {@code orders: [10.0.0.1:8080, 10.0.0.2:8080]}. */
  @Override
  public String toString() {
    return name + ": " + members();
  }

  double panicThreshold() {
    return panicThreshold;
  }

  /** A failure detector for a new member. */
  FailureDetector newDetector(PoolMember member) {
    return new FailureDetector(
        name + " at " + member,
        time,
        guards.chance(),
        guards.circuitBreaker(),
        ejectionCap,
        member.control(FailureDetector.EJECTION),
        member.control(FailureDetector.REACHABILITY),
        probes.listener(member));
  }

  /** Those that are out and may be probed now: almost always nobody. Not to be changed. */
  public PoolMember[] due() {
    return probes.due();
  }

  /** What judges single endpoints of members. */
  public EndpointDetectors<PoolMember> endpoints() {
    return endpoints;
  }

  /** A concurrency limit for a new member, or null if there are none. */
  @Nullable
  ConcurrencyLimit newLimit() {
    ConcurrencyLimit.Builder recipe = guards.limit();
    return recipe == null ? null : recipe.build();
  }

  SlowStart slowStart() {
    return slowStart;
  }

  Silence silence() {
    return silence;
  }

  Pushback pushback() {
    return pushback;
  }

  NanoClock clock() {
    return time;
  }

  /** The scheduler, in such a way that it never throws. */
  public Timers timers() {
    return timers;
  }

  /** To put events in line under a lock; {@link #availabilityChanged} delivers them. */
  PoolListener events() {
    return events;
  }

  void availabilityChanged() {
    timers.retry();
    boolean updates = updating.isHeldByCurrentThread();
    if (!updates || !entering) {
      publication.all.refresh();
    }
    if (!updates) { // else who holds it delivers, once it doesn't
      events.deliver();
    }
  }

  /** Unlike vetoes, weights may change of all members at once, again and again, as they ramp up: one round for all. */
  void weightChanged() {
    timers.retry();
    refresh.set();
  }

  /** A strategy's own mistake, which must not become a request's. */
  public void strategyThrew(Throwable e) {
    if (strategyThrew.compareAndSet(false, true)) {
      log.error("{}: the strategy threw; further exceptions of it are not logged", name, e);
    }
  }
}
