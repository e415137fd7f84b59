package io.fairlead.pool;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Members;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** One membership, or a view of one. */
final class Membership implements Members {

  private final PoolMember[] members;
  private final Backend[] backends; // what the members are here: not yet, perhaps, or no more
  private final Pool pool;
  private final @Nullable Membership parent; // of which it is a view; null if it is none
  private final Queue<Membership> views = new ConcurrentLinkedQueue<>(); // of this one itself
  private final boolean allWeightsZero;
  private final AtomicInteger refreshes = new AtomicInteger();
  private final List<FromLive<?>> derived = new CopyOnWriteArrayList<>();
  private final Timers.Timer deriving;
  private final ReentrantLock computing = new ReentrantLock();
  private volatile boolean scope;
  private volatile LiveMembers live;

  /**
   * A membership that is no view.
   *
   * @param backends what each of the members is in it
   */
  Membership(Pool pool, List<PoolMember> members, List<Backend> backends) {
    this(pool, members, backends, null);
  }

  private Membership(
      Pool pool, List<PoolMember> members, List<Backend> backends, @Nullable Membership parent) {
    this.pool = pool;
    this.members = members.toArray(PoolMember[]::new);
    this.backends = backends.toArray(Backend[]::new);
    this.parent = parent;
    boolean zero = true;
    for (Backend backend : backends) {
      zero &= backend.weight() == 0;
    }
    this.allWeightsZero = parent == null ? zero : parent.allWeightsZero;
    this.deriving = pool.timers().timer(this::deriveAll);
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
  public Backend backend(int i) {
    return backends[i];
  }

  @Override
  public Live live() {
    return live;
  }

  boolean pickable(PoolMember member) {
    return member.pickable(live.panic, this);
  }

  boolean allWeightsZero() {
    return allWeightsZero;
  }

  /** How many members are meant to get requests, whatever is held against them. */
  int meant() {
    return live.meant;
  }

  @Override
  public Members where(IntPredicate condition) {
    List<PoolMember> chosen = new ArrayList<>();
    List<Backend> theirs = new ArrayList<>();
    for (int i = 0; i < members.length; i++) {
      if (condition.test(i)) {
        chosen.add(members[i]);
        theirs.add(backends[i]);
      }
    }
    Membership view = new Membership(pool, chosen, theirs, this);
    views.add(view);
    view.recompute(); // a veto may have come before the view was known
    return view;
  }

  Membership root() {
    return parent == null ? this : parent.root();
  }

  /** Makes it what its balancer uses: whether there is a panic is decided here, for its views too. */
  void makeScope() {
    scope = true;
    recompute();
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
    try {
      do {
        recompute();
        seen = refreshes.addAndGet(-seen);
      } while (seen != 0);
    } finally {
      if (seen != 0) {
        refreshes.set(0); // out of memory: the next change tries again
      }
    }
  }

  /** A view after what it is a view of, since it goes by that one's panic. One made meanwhile sees to itself. */
  void recompute() {
    computing.lock(); // or what was computed from older vetoes could come to stay
    try {
      LiveMembers now = compute();
      if (!now.sameAs(live)) {
        live = now;
        if (!derived.isEmpty()) {
          deriving.set(); // on the scheduler, since a request may have caused the change
        }
      }
    } finally {
      computing.unlock();
    }
    views.forEach(Membership::recompute);
  }

  @Override
  public <T> Derived<T> derive(Function<? super Live, ? extends T> function) {
    FromLive<T> fresh = new FromLive<>(this, Objects.requireNonNull(function, "function"));
    derived.add(fresh); // before the first computation, which may miss a change
    fresh.compute();
    return fresh;
  }

  /** One round for as many changes as there are by then. */
  private void deriveAll() {
    for (FromLive<?> each : derived) {
      try {
        each.compute();
      } catch (Throwable e) {
        pool.strategyThrew(e);
      }
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
    int meant = 0;
    int trusted = 0;
    for (int i = 0; i < members.length; i++) {
      if (ownWeight(i) * members[i].standing().factor() > 0) {
        meant++;
        trusted += members[i].isTrusted() ? 1 : 0;
      }
    }
    // Of those that are meant to get requests, too few are available.
    boolean panic =
        (parent == null || scope) ? trusted < pool.panicThreshold() * meant : parent.live.panic;
    PoolMember[] live = new PoolMember[members.length];
    int[] indices = new int[members.length];
    double[] weights = new double[members.length];
    double[] factors = new double[members.length];
    int size = 0;
    double total = 0;
    boolean uniform = true;
    for (int i = 0; i < members.length; i++) {
      Standing standing = members[i].standing();
      double weight = ownWeight(i) * standing.factor();
      if (standing.allows(panic) && weight > 0) {
        live[size] = members[i];
        indices[size] = i;
        weights[size] = weight;
        factors[size] = standing.factor();
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
        Arrays.copyOf(factors, size),
        total,
        uniform,
        panic,
        meant);
  }

  private int ownWeight(int i) {
    return allWeightsZero ? 1 : backends[i].weight();
  }

  private static final class LiveMembers implements Live {
    private final PoolMember[] members;
    private final int[] indices;
    private final double[] weights;
    private final double[] factors;
    private final double total;
    private final boolean uniform;
    private final boolean panic;
    final int meant;

    LiveMembers(
        PoolMember[] members,
        int[] indices,
        double[] weights,
        double[] factors,
        double total,
        boolean uniform,
        boolean panic,
        int meant) {
      this.members = members;
      this.indices = indices;
      this.weights = weights;
      this.factors = factors;
      this.total = total;
      this.uniform = uniform;
      this.panic = panic;
      this.meant = meant;
    }

    /** Of two of the same membership, in which own weights don't change. */
    boolean sameAs(LiveMembers other) {
      return panic == other.panic
          && meant == other.meant
          && Arrays.equals(indices, other.indices)
          && Arrays.equals(factors, other.factors);
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
    public double factor(int i) {
      return factors[i];
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
