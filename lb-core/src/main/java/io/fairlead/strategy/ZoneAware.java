package io.fairlead.strategy;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.RequestContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps requests in the zone that they come from, as long as enough of its members are available; by another strategy within each
 * zone. What crosses zones costs time and money.
 *
 * <pre>{@code
 * LoadBalancer.builder("orders")
 *     .zone("eu-1a")
 *     .strategy(Strategy.zoneAware(Strategy.leastResponseTime()))
 * }</pre>
 *
 * <p>A zone's capacity is the live weight of its members, times an overprovisioning factor, over the weight that they have by
 * themselves. At 1 or more all requests stay; below that so many stay as the capacity says, and the others spill over to the
 * other zones, in proportion to what these have left: there is no point at which all go at once. With the default factor of 1.4
 * a zone can lose 28 % of its members before any request leaves it. Requests with a key, or without one but with a client's
 * address, spill over by it, so that equal ones go the same way. If nobody in the chosen zone takes a request, others are asked.
 *
 * <p>Where a request comes from: {@link RequestContext#zone}, or else the balancer's own zone. Members without a zone are a zone
 * of their own; if it is not known where a request comes from, or nobody is there, it goes to all zones by capacity.
 *
 * <p>Immutable.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/locality_weight">Envoy,
 *     where the factor comes from</a>
 */
public final class ZoneAware implements Strategy {

  final Strategy inner;
  private final double overprovisioning;

  private ZoneAware(Builder builder) {
    this.inner = builder.inner;
    this.overprovisioning = builder.overprovisioning;
  }

  /**
   * A builder.
   *
   * @param inner picks within a zone; each zone has it once. Not {@link StickySessions}, which belong around this and not in it:
   *     a session would have a member in each zone
   * @throws IllegalArgumentException if it is, or holds, sticky sessions
   */
  public static Builder builder(Strategy inner) {
    return new Builder(inner);
  }

  @Override
  public Selector start(Environment environment) {
    return new Zones(environment);
  }

  /** As in {@code zoneAware(leastConnections, overprovisioning 1.4)}. */
  @Override
  public String toString() {
    return "zoneAware(" + inner + ", overprovisioning " + overprovisioning + ")";
  }

  /** One zone in one membership. */
  private record Zone(int index, Picker picker, Members members, double weight) {}

  private final class Zones implements Selector {
    private final Environment environment;
    private final Map<String, Selector> selectors = new ConcurrentHashMap<>();

    Zones(Environment environment) {
      this.environment = environment;
    }

    /** Kept as long as the balancer is, since a picker may be at work for a moment after its members have gone. */
    private Selector selector(String zone) {
      return selectors.computeIfAbsent(zone, first -> inner.start(environment));
    }

    @Override
    public Tracker track(Member member) {
      return selector(nameOf(member.backend())).track(member);
    }

    @Override
    public void forget(Member member) {
      selector(nameOf(member.backend())).forget(member);
    }

    @Override
    public Members scope(Members all) {
      Set<Member> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
      Groups groups = new Groups(all);
      for (int zone = 0; zone < groups.names.size(); zone++) {
        Members scope = selector(groups.names.get(zone)).scope(groups.of(zone));
        for (int i = 0; i < scope.size(); i++) {
          chosen.add(scope.get(i));
        }
      }
      return chosen.size() == all.size() ? all : all.where(i -> chosen.contains(all.get(i)));
    }

    @Override
    public Picker picker(Members members) {
      Groups groups = new Groups(members);
      int[] own = Hashed.weights(members);
      double[] weights = new double[groups.names.size()];
      for (int i = 0; i < own.length; i++) {
        weights[groups.zoneOf[i]] += own[i];
      }
      Map<String, Zone> zones = new LinkedHashMap<>();
      for (int zone = 0; zone < weights.length; zone++) {
        String name = groups.names.get(zone);
        Members group = groups.of(zone);
        zones.put(name, new Zone(zone, selector(name).picker(group), group, weights[zone]));
      }
      return new OverZones(members, zones, groups.zoneOf, environment.zone());
    }

    @Override
    public void close() {
      Throwable failure = null;
      for (Selector selector : selectors.values()) {
        try {
          selector.close();
        } catch (Throwable e) { // the others are closed all the same
          if (failure == null) {
            failure = e;
          } else if (failure != e) {
            failure.addSuppressed(e);
          }
        }
      }
      if (failure instanceof Error e) {
        throw e;
      } else if (failure instanceof RuntimeException e) {
        throw e;
      } else if (failure != null) { // thrown past the compiler, as other languages may
        throw new IllegalStateException("close of the strategy of a zone", failure);
      }
    }
  }

  /** The zones of a membership, numbered, and who is in which. */
  private static final class Groups {
    final List<String> names = new ArrayList<>();
    final int[] zoneOf; // of each member, the number of its zone
    private final Members members;

    Groups(Members members) {
      this.members = members;
      this.zoneOf = new int[members.size()];
      Map<String, Integer> numbers = new HashMap<>();
      for (int i = 0; i < zoneOf.length; i++) {
        String name = nameOf(members.backend(i));
        zoneOf[i] = numbers.computeIfAbsent(name, first -> names.size());
        if (zoneOf[i] == names.size()) {
          names.add(name);
        }
      }
    }

    Members of(int zone) {
      return members.where(i -> zoneOf[i] == zone);
    }
  }

  private static String nameOf(Backend backend) {
    return Objects.requireNonNullElse(backend.zone(), "");
  }

  private final class OverZones implements Picker {
    private final List<Zone> zones;
    private final Map<String, Zone> byName;
    private final Derived<double[]> live; // the weight of each zone
    private final @Nullable String home;
    private final Members members;
    private final int[] zoneOf;

    OverZones(Members members, Map<String, Zone> zones, int[] zoneOf, @Nullable String home) {
      this.zones = new ArrayList<>(zones.values());
      this.byName = zones;
      this.home = home;
      this.members = members;
      this.zoneOf = zoneOf;
      this.live = members.derive(live -> weights(live, zones.size(), zoneOf));
    }

    private static double[] weights(Live live, int zones, int[] zoneOf) {
      double[] weights = new double[zones];
      double whole = Shares.whole(live);
      for (int i = 0; i < live.size(); i++) {
        weights[zoneOf[live.index(i)]] += live.weight(i) / whole;
      }
      return weights;
    }

    @Override
    public @Nullable Member pick(Choice choice) {
      if (zones.isEmpty()) {
        return null;
      }
      double[] live = this.live.get();
      Zone local = local(choice.context());
      Zone chosen = choose(live, local, fraction(choice));
      Member named = chosen.picker.pick(choice);
      if (named != null && (choice.draw() == 0 || choice.accepts(named))) {
        return named; // if it is not accepted, its zone is asked once more before others are
      }
      Member member = any(chosen.members, choice);
      Zone next = elsewhere(live, chosen.index, Draws.fraction(Draws.next(~choice.random())));
      for (int i = 0; member == null && i < zones.size(); i++) {
        Zone zone = zones.get((next.index + i) % zones.size());
        if (zone.index != chosen.index) {
          Member other = zone.picker.pick(choice);
          member = other != null && choice.accepts(other) ? other : any(zone.members, choice);
        }
      }
      return member == null ? named : member;
    }

    /** Not a request that another zone would keep. If the member's own zone has nobody else, one that comes from there. */
    @Override
    public boolean carries(Choice choice, Member due) {
      int index = 0;
      while (index < members.size() && members.get(index) != due) {
        index++;
      }
      if (index == members.size()) {
        return false;
      }
      int own = zoneOf[index];
      double[] live = this.live.get();
      Zone local = local(choice.context());
      boolean used = live[own] == 0
          ? local == null || local.index == own || live[local.index] == 0
          : choose(live, local, fraction(choice)).index == own;
      return used && zones.get(own).picker.carries(choice, due);
    }

    /** Any that is accepted, by weight. O(n), for when a picker of O(1) may just have missed those that are. */
    private static @Nullable Member any(Members members, Choice choice) {
      Live live = members.live();
      Member chosen = null;
      double accepted = 0;
      long random = choice.random();
      for (int i = 0; i < live.size(); i++) {
        Member member = live.member(i);
        if (choice.accepts(member)) {
          random = Draws.next(random);
          accepted += live.weight(i);
          if (Draws.fraction(random) * accepted < live.weight(i)) {
            chosen = member;
          }
        }
      }
      return chosen;
    }

    private @Nullable Zone local(RequestContext context) {
      String from = context.zone() == null ? home : context.zone();
      return from == null ? null : byName.get(from);
    }

    /** Not the bits that the zone's own picker goes by, or the two choices would hang together. */
    private double fraction(Choice choice) {
      RequestContext context = choice.context();
      HashKey key = HashKey.KEY.isIn(context) ? HashKey.KEY : HashKey.CLIENT_IP;
      boolean hashed = choice.draw() == 0 && key.isIn(context);
      return Draws.fraction(Draws.next(~(hashed ? key.hash(context) : choice.random())));
    }

    private Zone choose(double[] live, @Nullable Zone local, double fraction) {
      int home = local == null ? -1 : local.index;
      double stays = 0;
      if (local != null && live[home] > 0) {
        stays = Math.min(1, overprovisioning * live[home] / local.weight);
        if (fraction < stays) {
          return local;
        }
      }
      return elsewhere(live, home, (fraction - stays) / (1 - stays));
    }

    /** Any zone but this one, by capacity; this one if all others have none. */
    private Zone elsewhere(double[] live, int home, double fraction) {
      double others = 0;
      for (int i = 0; i < live.length; i++) {
        others += i == home ? 0 : live[i];
      }
      double left = fraction * others;
      int last = Math.max(0, home);
      for (int i = 0; i < live.length; i++) {
        if (i != home && live[i] > 0) {
          last = i;
          left -= live[i];
          if (left < 0) {
            break;
          }
        }
      }
      return zones.get(last);
    }
  }

  /** Collects what a {@link ZoneAware} strategy is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final Strategy inner;
    private double overprovisioning = 1.4;

    private Builder(Strategy inner) {
      if (holdsSessions(Objects.requireNonNull(inner, "inner"))) {
        throw new IllegalArgumentException("inner: " + inner
            + " (expected: sticky sessions around zones, as in sticky(zoneAware(…)))");
      }
      this.inner = inner;
    }

    private static boolean holdsSessions(Strategy strategy) {
      return strategy instanceof StickySessions
          || (strategy instanceof Subset subset && holdsSessions(subset.inner))
          || (strategy instanceof ZoneAware zones && holdsSessions(zones.inner));
    }

    /**
     * How much more a zone is taken to be able to do than it does when all of its members are available.
     *
     * @param factor 1 to 100; 1.4 by default
     */
    public Builder overprovisioning(double factor) {
      if (!(factor >= 1 && factor <= 100)) {
        throw new IllegalArgumentException("overprovisioning: " + factor + " (expected: 1 to 100)");
      }
      this.overprovisioning = factor;
      return this;
    }

    /** The strategy. */
    public ZoneAware build() {
      return new ZoneAware(this);
    }
  }
}
