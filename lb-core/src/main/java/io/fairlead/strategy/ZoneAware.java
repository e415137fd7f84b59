package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.RequestContext;
import java.util.ArrayList;
import java.util.Collections;
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
      return selector(zoneOf(member)).track(member);
    }

    @Override
    public void forget(Member member) {
      selector(zoneOf(member)).forget(member);
    }

    @Override
    public Members scope(Members all) {
      Set<Member> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
      groups(all).forEach((zone, group) -> {
        Members scope = selector(zone).scope(group);
        for (int i = 0; i < scope.size(); i++) {
          chosen.add(scope.get(i));
        }
      });
      return chosen.size() == all.size() ? all : all.where(chosen::contains);
    }

    @Override
    public Picker picker(Members members) {
      int[] own = Hashed.weights(members);
      int[] zoneOf = new int[members.size()];
      Map<String, Zone> zones = new LinkedHashMap<>();
      groups(members).forEach((zone, group) -> {
        int index = zones.size();
        double weight = 0;
        for (int i = 0; i < zoneOf.length; i++) {
          if (zoneOf(members.get(i)).equals(zone)) {
            zoneOf[i] = index;
            weight += own[i];
          }
        }
        zones.put(zone, new Zone(index, selector(zone).picker(group), group, weight));
      });
      return new OverZones(members, zones, zoneOf, environment.zone());
    }

    private Map<String, Members> groups(Members members) {
      Map<String, Members> groups = new LinkedHashMap<>();
      for (int i = 0; i < members.size(); i++) {
        groups.computeIfAbsent(
            zoneOf(members.get(i)),
            zone -> members.where(member -> zoneOf(member).equals(zone)));
      }
      return groups;
    }

    @Override
    public void close() {
      selectors.values().forEach(Selector::close);
    }
  }

  private static String zoneOf(Member member) {
    return Objects.requireNonNullElse(member.backend().zone(), "");
  }

  private final class OverZones implements Picker {
    private final List<Zone> zones;
    private final Map<String, Zone> byName;
    private final Derived<double[]> live; // the weight of each zone
    private final @Nullable String home;

    OverZones(Members members, Map<String, Zone> zones, int[] zoneOf, @Nullable String home) {
      this.zones = new ArrayList<>(zones.values());
      this.byName = zones;
      this.home = home;
      this.live = members.derive(live -> weights(members, live, zones.size(), zoneOf));
    }

    private static double[] weights(Members members, Live live, int zones, int[] zoneOf) {
      double[] weights = new double[zones];
      double whole = Shares.whole(members, live);
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
