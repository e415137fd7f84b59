package io.fairlead.pool;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One membership, or a view of one. */
final class Membership implements Members {

  private final PoolMember[] members;
  private final Pool pool;
  private final int number;
  private final @Nullable Membership parent; // of which it is a view; null if it is none
  private final List<Membership> views = new CopyOnWriteArrayList<>();
  private final boolean allWeightsZero;
  private final AtomicInteger refreshes = new AtomicInteger();
  private final List<FromLive<?>> derived = new CopyOnWriteArrayList<>();
  private final AtomicBoolean derivedStale = new AtomicBoolean();
  private volatile boolean scope;
  private volatile LiveMembers live;

  /**
   * A membership that is no view.
   *
   * @param number one more than that of the one before
   */
  Membership(Pool pool, List<PoolMember> members, int number) {
    this(pool, members.toArray(PoolMember[]::new), number, null);
  }

  private Membership(Pool pool, PoolMember[] members, int number, @Nullable Membership parent) {
    this.pool = pool;
    this.members = members;
    this.number = number;
    this.parent = parent;
    boolean zero = true;
    for (PoolMember member : members) {
      zero &= member.ownWeight(number) == 0;
    }
    this.allWeightsZero = parent == null ? zero : parent.allWeightsZero;
    this.live = compute();
  }

  @Override
  public int size() {
    return members.length;
  }

  @Override
  public PoolMember get(int i) {
    return members[i];
  }

  @Override
  public Live live() {
    return live;
  }

  boolean pickable(PoolMember member) {
    return member.pickable(live.panic, this);
  }

  int number() {
    return number;
  }

  boolean allWeightsZero() {
    return allWeightsZero;
  }

  @Override
  public Members where(Predicate<? super Member> condition) {
    List<PoolMember> chosen = new ArrayList<>();
    for (PoolMember member : members) {
      if (condition.test(member)) {
        chosen.add(member);
      }
    }
    Membership view = new Membership(pool, chosen.toArray(PoolMember[]::new), number, this);
    root().views.add(view);
    root().refresh(); // a veto may have come before the view was known to the root
    return view;
  }

  Membership root() {
    return parent == null ? this : parent.root();
  }

  /** Makes it what its balancer uses: whether there is a panic is decided here, for its views too. */
  void makeScope() {
    scope = true;
    live = compute();
  }

  /**
   * Recomputes who is live, here and in the views. If another thread is at it, that one does it once more instead, so
   * that many vetoes at once cost few rounds; the live set may then be behind for the moment that it takes.
   */
  void refresh() {
    if (refreshes.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      recompute();
      for (Membership view : views) { // a view of a view comes after it
        view.recompute();
      }
      seen = refreshes.addAndGet(-seen);
    } while (seen != 0);
  }

  private void recompute() {
    LiveMembers now = compute();
    if (!now.sameAs(live)) {
      live = now;
      deriveLater();
    }
  }

  @Override
  public <T> Derived<T> derive(Function<? super Live, ? extends T> function) {
    FromLive<T> fresh = new FromLive<>(this, Objects.requireNonNull(function, "function"));
    derived.add(fresh); // before the first computation, which may miss a change
    fresh.compute();
    return fresh;
  }

  /** On the scheduler, since a request may have caused the change; one round for as many changes as there are by then. */
  private void deriveLater() {
    if (!derived.isEmpty() && derivedStale.compareAndSet(false, true)) {
      pool.scheduler().at(pool.clock().nanos(), () -> {
        derivedStale.set(false);
        for (FromLive<?> each : derived) {
          try {
            each.compute();
          } catch (Throwable e) {
            pool.strategyThrew(e);
          }
        }
      });
    }
  }

  private static final class FromLive<T> implements Derived<T> {
    private final Membership membership;
    private final Function<? super Live, ? extends T> function;
    private final ReentrantLock computing = new ReentrantLock();
    private volatile @Nullable T value;

    FromLive(Membership membership, Function<? super Live, ? extends T> function) {
      this.membership = membership;
      this.function = function;
    }

    void compute() {
      computing.lock(); // or what was computed from an older live could come to stay
      try {
        value = Objects.requireNonNull(function.apply(membership.live), "what was derived");
      } finally {
        computing.unlock();
      }
    }

    @Override
    public T get() {
      return Objects.requireNonNull(value);
    }
  }

  private LiveMembers compute() {
    boolean panic = (parent == null || scope) ? isPanic() : parent.live.panic;
    PoolMember[] live = new PoolMember[members.length];
    int[] indices = new int[members.length];
    double[] weights = new double[members.length];
    int size = 0;
    double total = 0;
    boolean uniform = true;
    for (int i = 0; i < members.length; i++) {
      if (members[i].pickable(panic, this)) {
        double weight = members[i].weight(this);
        live[size] = members[i];
        indices[size] = i;
        weights[size] = weight;
        uniform &= weight == weights[0];
        total += weight;
        size++;
      }
    }
    // Cut to size, so that an index beyond it fails rather than means the first.
    return new LiveMembers(
        Arrays.copyOf(live, size),
        Arrays.copyOf(indices, size),
        Arrays.copyOf(weights, size),
        total,
        uniform,
        panic);
  }

  /** Of those that are meant to get requests, too few are available. */
  private boolean isPanic() {
    int meant = 0;
    int available = 0;
    for (PoolMember member : members) {
      if (member.weight(this) > 0) {
        meant++;
        available += member.pickable(false, this) ? 1 : 0;
      }
    }
    return available < pool.panicThreshold() * meant;
  }

  private static final class LiveMembers implements Live {
    private final PoolMember[] members;
    private final int[] indices;
    private final double[] weights;
    private final double total;
    private final boolean uniform;
    private final boolean panic;

    LiveMembers(
        PoolMember[] members,
        int[] indices,
        double[] weights,
        double total,
        boolean uniform,
        boolean panic) {
      this.members = members;
      this.indices = indices;
      this.weights = weights;
      this.total = total;
      this.uniform = uniform;
      this.panic = panic;
    }

    boolean sameAs(LiveMembers other) {
      return panic == other.panic
          && Arrays.equals(indices, other.indices)
          && Arrays.equals(weights, other.weights);
    }

    @Override
    public int size() {
      return members.length;
    }

    @Override
    public PoolMember member(int i) {
      return members[i];
    }

    @Override
    public int index(int i) {
      return indices[i];
    }

    @Override
    public double weight(int i) {
      return weights[i];
    }

    @Override
    public double total() {
      return total;
    }

    @Override
    public boolean uniform() {
      return uniform;
    }

    @Override
    public boolean panic() {
      return panic;
    }
  }
}
