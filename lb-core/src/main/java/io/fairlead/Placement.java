package io.fairlead;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.backend.Veto;
import io.fairlead.health.EndpointDetectors;
import io.fairlead.pool.Pool;
import io.fairlead.pool.PoolMember;
import io.fairlead.pool.Publication;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.CallPlan.Target;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Draws;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One attempt's place: a choice while it is being made, and a lease from then on. It is one object so that an attempt costs
 * one allocation; the attempts of a call form a list, from the last to the first, which is the set of those it has tried.
 */
final class Placement implements Choice, Lease {

  /** How often a picker is asked before the choice is made without it. */
  private static final int DRAWS = 4;

  /** Of how many members it is told why they can't be taken. */
  private static final int EXPLAINED = 10;

  private final Balancer balancer;
  private final RequestContext context;
  private final @Nullable Placement previous;
  private final @Nullable Admission admission;
  private final long startNanos;

  // While choosing: one thread only.
  private @Nullable Publication publication;
  private boolean mayRepeat;
  private int draw;
  private long seed;
  private boolean seeded;
  private @Nullable Set<PoolMember> refused;
  private boolean scoped; // whether an endpoint may be turned away
  private @Nullable PoolMember probed; // of whom it is asked whether this request may be a probe

  // Once leased.
  private @Nullable PoolMember member;
  private @Nullable Backend backend;
  private long permit;
  private EndpointDetectors.@Nullable Trial trial; // of the endpoint, if it is on one
  private volatile long answeredNanos;
  private volatile @Nullable Outcome outcome;

  /** {@link #ANSWERING} to {@link #CLOSED}: who comes first, and who has to release. */
  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Placement.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int ANSWERING = 1; // somebody records an outcome
  private static final int ANSWERED = 2; // it is recorded
  private static final int CLOSED = 4; // somebody closed it

  /** A choice to be made. It has taken over one share of the admission, if there is one. */
  Placement(
      Balancer balancer,
      RequestContext context,
      @Nullable Placement previous,
      @Nullable Admission admission) {
    this.balancer = balancer;
    this.context = context;
    this.previous = previous;
    this.admission = admission;
    this.startNanos = balancer.clock().nanos();
  }

  // ---- choosing ----

  /** Finds a member, and enters it. If there is none, its share of the admission is given back. */
  void choose(Target target) throws LoadBalancingException {
    try {
      find(target);
    } finally {
      if (member == null && admission != null) {
        admission.release();
      }
    }
  }

  private void find(Target target) throws LoadBalancingException {
    Pool pool = balancer.members();
    Publication now;
    boolean panic;
    do {
      now = pool.publication();
      panic = now.panic();
      if (target == Target.SAME
          ? takeSame(panic)
          : (previous == null && probe(now)) || take(now, target)) {
        chosen();
        return;
      }
    } while (hasChanged(now, panic));
    if (target != Target.SAME && target != Target.HEDGE && takeLast(now, target)) {
      chosen();
      return;
    }
    throw pool.closed() ? new LoadBalancerClosedException(balancer.name()) : nobody(now, target);
  }

  private void chosen() {
    publication = null;
    refused = null;
    balancer.listeners().leased(member(), context);
  }

  /**
   * Whether somebody may be found by another look. If a veto has just come, it may be the one that begins a panic; if one has
   * gone, its member may have been looked at before; if the membership was exchanged, those who refused may have left and others
   * have come. That comes last: by then, who has left was seen to.
   */
  private boolean hasChanged(Publication now, boolean panic) {
    return now.panicNow() != panic
        || acceptsAny(now)
        || now.panicNow() != panic
        || now != balancer.members().publication();
  }

  private boolean acceptsAny(Publication now) {
    for (int i = 0; i < now.size(); i++) {
      if (accepts(now.member(i))) {
        return true;
      }
    }
    return false;
  }

  private LoadBalancingException nobody(Publication now, Target target) {
    boolean overloaded = false;
    boolean soon = false; // at any moment one may have room, or have passed its trial
    long earliest = Long.MAX_VALUE;
    for (int i = 0; i < now.size(); i++) {
      PoolMember candidate = now.member(i);
      long wait = now.waitNanos(candidate, startNanos);
      boolean out = wait != Long.MAX_VALUE && !(target != Target.ANYONE && tried(candidate));
      if ((hasRefused(candidate) || out) && !candidate.draining()) {
        overloaded = true;
        soon |=
            wait == Long.MAX_VALUE || (now.probeable(candidate) && candidate.onTrial(startNanos));
        earliest = Math.min(earliest, wait);
      }
    }
    if (!overloaded) {
      return new NoBackendException(balancer.name(), whyNobody(now));
    }
    return new OverloadedException(
        balancer.name(), whyNobody(now), soon ? null : Duration.ofNanos(earliest));
  }

  private String whyNobody(Publication now) {
    StringBuilder text = new StringBuilder("no backend can take the request; ")
        .append(balancer.snapshot().summary());
    for (int i = 0; i < Math.min(now.size(), EXPLAINED); i++) {
      PoolMember candidate = now.member(i);
      text.append(i == 0 ? ": " : "; ").append(candidate).append(' ').append(whyNot(candidate));
    }
    return text.append(now.size() > EXPLAINED ? "; …" : "").toString();
  }

  private String whyNot(PoolMember candidate) {
    if (tried(candidate)) {
      return "was tried";
    }
    if (candidate.onTrial(startNanos) && balancer.members().publication().probeable(candidate)) {
      return "is on trial with another request, after it failed";
    }
    if (!candidate.vetoes().isEmpty()) {
      return "is vetoed ("
          + candidate.vetoes().stream().map(Veto::toString).collect(Collectors.joining(", ")) + ")";
    }
    if (candidate.draining()) {
      return "has just left";
    }
    if (!candidate.detector().trusts()) {
      return "has just failed too often";
    }
    if (hasRefused(candidate)) {
      return "had as many in flight as its limit allows: " + candidate.inFlight() + " now";
    }
    return candidate.weight() == 0 ? "is of weight 0" : "was not there a moment ago";
  }

  private boolean hasRefused(PoolMember candidate) {
    return refused != null && refused.contains(candidate);
  }

  // A member that is out is brought a request rather than waits for one: by a strategy that goes
  // by keys it might never be asked for, and hold its place under the cap for ever.
  private boolean probe(Publication now) {
    PoolMember[] due = balancer.members().due();
    if (due.length == 0) {
      return false;
    }
    publication = now;
    int start = due.length == 1 ? 0 : Draws.index(random(), due.length);
    for (int i = 0; i < due.length; i++) {
      PoolMember candidate = due[(start + i) % due.length];
      if (now.probeable(candidate) && suits(candidate, now) && probe(candidate, false)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether this request may be the probe: one that can be repeated if it fails there, or with which nothing is sent if it does, and
   * that would go there if the member were in. If no such request has come for a while, any.
   */
  private boolean suits(PoolMember candidate, Publication now) {
    if (candidate.detector().isOverdue(startNanos)) {
      return true;
    }
    if (!context.isRepeatable() && !candidate.detector().isUnreachable()) {
      return false;
    }
    probed = candidate;
    try {
      return now.picker().carries(this, candidate);
    } catch (Throwable e) {
      balancer.members().strategyThrew(e);
      return false;
    } finally {
      probed = null;
    }
  }

  private boolean probe(PoolMember candidate, boolean early) {
    Backend address = candidate.backend();
    return entered(candidate, address, candidate.probe(startNanos, early));
  }

  /** The last resort: whoever is out, if nobody else is at it. With one that can't be connected to nothing is lost but time. */
  private boolean takeLast(Publication now, Target target) {
    int start = Draws.index(random(), Math.max(1, now.size()));
    for (int i = 0; i < now.size(); i++) {
      PoolMember candidate = now.member((start + i) % now.size());
      if (now.probeable(candidate)
          && !hasRefused(candidate)
          && !(target != Target.ANYONE && tried(candidate))
          && probe(candidate, true)) {
        return true;
      }
    }
    return false;
  }

  /** Not if it was found since then that it can't be connected to, or it wants to be left alone: that always holds. */
  private boolean takeSame(boolean panic) {
    PoolMember same = Objects.requireNonNull(previous, "previous").member();
    return same.vetoes().stream().noneMatch(veto -> veto.kind() == Veto.Kind.HARD)
        && enter(same, panic);
  }

  private boolean take(Publication now, Target target) {
    scoped = context.endpoint() != null && balancer.members().endpoints().isAnyOpen();
    if (takeInScope(now, target)) {
      return true;
    }
    if (!scoped) {
      return false;
    }
    scoped = false; // rather to who fails at this endpoint than to nobody
    return takeInScope(now, target);
  }

  private boolean takeInScope(Publication now, Target target) {
    publication = now;
    refused = null;
    mayRepeat = previous == null;
    if (takeAccepted(now)) {
      return true;
    }
    if (mayRepeat || target != Target.ANYONE) {
      return false;
    }
    mayRepeat = true;
    return takeAccepted(now);
  }

  private boolean takeAccepted(Publication now) {
    try {
      for (draw = 0; draw < DRAWS; draw++) {
        if (now.picker().pick(this) instanceof PoolMember named
            && accepts(named)
            && enter(named, now.panic())) {
          return true;
        }
      }
    } catch (Throwable e) {
      balancer.members().strategyThrew(e);
    }
    return takeAny(now);
  }

  /** Any that is accepted: by weight, as long as few refuse; after that each is asked once, from a random one on. */
  private boolean takeAny(Publication now) {
    for (int round = 0; round < DRAWS; round++) {
      PoolMember chosen = drawByWeight(now);
      if (chosen == null) {
        return false;
      }
      if (enter(chosen, now.panic())) {
        return true;
      }
    }
    int start = Draws.index(random(), now.size());
    for (int i = 0; i < now.size(); i++) {
      PoolMember candidate = now.member((start + i) % now.size());
      if (accepts(candidate) && enter(candidate, now.panic())) {
        return true;
      }
    }
    return false;
  }

  private @Nullable PoolMember drawByWeight(Publication now) {
    draw++;
    long random = random();
    PoolMember chosen = null;
    double sum = 0;
    for (int i = 0; i < now.size(); i++) {
      PoolMember candidate = now.member(i);
      if (accepts(candidate)) {
        double weight = candidate.weight() == 0 ? 1 : candidate.weight(); // 0: all are
        sum += weight;
        random = Draws.next(random);
        chosen = Draws.fraction(random) * sum < weight ? candidate : chosen;
      }
    }
    return chosen;
  }

  /** Each one that refuses is remembered, so that choosing ends. */
  private boolean enter(PoolMember candidate, boolean panic) {
    Backend address = candidate.backend();
    EndpointDetectors.Trial needed = scoped ? trialOf(candidate) : null;
    if (needed == null || !needed.isRefused()) {
      if (entered(candidate, address, candidate.enter(startNanos, panic))) {
        trial = needed;
        return true;
      }
      if (needed != null) {
        needed.cancel();
      }
    }
    if (refused == null) {
      refused = new HashSet<>();
    }
    refused.add(candidate);
    return false;
  }

  private EndpointDetectors.@Nullable Trial trialOf(PoolMember candidate) {
    String endpoint = Objects.requireNonNull(context.endpoint());
    return balancer.members().endpoints().tryAcquire(candidate, endpoint, startNanos);
  }

  private boolean turnsAway(PoolMember candidate) {
    String endpoint = Objects.requireNonNull(context.endpoint());
    return balancer.members().endpoints().turnsAway(candidate, endpoint, startNanos);
  }

  private boolean entered(PoolMember candidate, Backend address, long granted) {
    if (granted == PoolMember.REFUSED) {
      return false;
    }
    member = candidate;
    backend = address;
    permit = granted;
    return true;
  }

  @Override
  public RequestContext context() {
    return context;
  }

  @Override
  public long now() {
    return startNanos;
  }

  @Override
  public long random() {
    if (!seeded) {
      seed = balancer.chance().nextLong();
      seeded = true;
    }
    // One number from the source for the whole choice; those of further draws are derived from it.
    return draw == 0 ? seed : Draws.next(seed + draw);
  }

  @Override
  public int draw() {
    return draw;
  }

  @Override
  public int attempt() {
    int attempts = 0;
    for (Placement earlier = previous; earlier != null; earlier = earlier.previous) {
      attempts++;
    }
    return attempts;
  }

  @Override
  public boolean accepts(Member candidate) {
    return publication != null
        && candidate instanceof PoolMember own
        && own.belongsTo(balancer.members())
        && (publication.pickable(own) || own == probed)
        && !own.draining()
        && (mayRepeat || !tried(own))
        && !hasRefused(own)
        && !(scoped && turnsAway(own));
  }

  @Override
  public boolean tried(Member candidate) {
    for (Placement earlier = previous; earlier != null; earlier = earlier.previous) {
      if (earlier.member == candidate) {
        return true;
      }
    }
    return false;
  }

  // ---- leased ----

  @Override
  public PoolMember member() {
    return Objects.requireNonNull(member, "not leased");
  }

  @Override
  public Backend backend() {
    return Objects.requireNonNull(backend, "not leased");
  }

  // Whoever closes while another is still recording must not release before the outcome is told:
  // then the recorder does it.
  @Override
  public void record(Outcome outcome) {
    Objects.requireNonNull(outcome, "outcome");
    if (STATE.compareAndSet(this, 0, ANSWERING)) {
      try {
        answer(outcome);
      } finally {
        if (((int) STATE.getAndBitwiseOr(this, ANSWERED) & CLOSED) != 0) {
          release();
        }
      }
    }
  }

  @Override
  public void close() {
    tryClose();
  }

  @Override
  public boolean closeLeaked() {
    boolean first = tryClose();
    if (first) {
      balancer.listeners().leaked(member());
    }
    return first;
  }

  /** True to the first who closes it. */
  private boolean tryClose() {
    int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
    if ((before & CLOSED) != 0) {
      return false;
    }
    try {
      if (before == 0) {
        answer(Outcome.abandoned());
      }
    } finally {
      if (before == 0 || (before & ANSWERED) != 0) {
        release();
      }
    }
    return true;
  }

  private void answer(Outcome outcome) {
    long now = balancer.clock().nanos();
    answeredNanos = now;
    this.outcome = outcome;
    String endpoint = context.endpoint();
    if (endpoint != null && !member().draining()) {
      balancer
          .members()
          .endpoints()
          .answered(member(), endpoint, trial, outcome, now - startNanos, now);
    }
    member().answered(permit, outcome, startNanos, now);
    if (admission != null) {
      admission.answered(outcome, now);
    }
    balancer.listeners().answered(member(), outcome, now - startNanos);
  }

  private void release() {
    boolean last = member().releaseOne();
    if (admission != null) {
      admission.release();
    }
    balancer.listeners().released(member());
    balancer.members().released(member(), last); // which may tell that the member is drained
  }

  @Override
  public Placement another(Target target) throws LoadBalancingException {
    return another(target, null);
  }

  /**
   * Leases for a further attempt of a call.
   *
   * @param call null if somebody leases for himself
   */
  Placement another(Target target, @Nullable CallRun<?> call) throws LoadBalancingException {
    Admission shared = admission == null || admission.share()
        ? admission
        : balancer.admittance().readmit(context, call, admission);
    Placement next = new Placement(balancer, context, this, shared);
    next.choose(target);
    if (target == Target.HEDGE) {
      balancer.listeners().hedged(member(), next.member());
    } else {
      balancer.listeners().retried(member(), next.member());
    }
    return next;
  }

  @Override
  public long startNanos() {
    return startNanos;
  }

  @Override
  public @Nullable Outcome outcome() {
    return outcome;
  }

  @Override
  public long answeredNanos() {
    return answeredNanos;
  }

  /** As in {@code orders at 10.0.0.1:8080}. */
  @Override
  public String toString() {
    return balancer.name() + " at " + backend;
  }
}
