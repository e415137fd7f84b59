package io.fairlead.lab;

import io.fairlead.Lease;
import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancingException;
import io.fairlead.backend.Backend;
import io.fairlead.backend.MemberControl;
import io.fairlead.backend.Veto;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Strategy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/** A real balancer that is asked who gets which key, as members leave, return, and are unavailable. */
final class KeyedBalancer implements AutoCloseable {

  private static final String POLICY = "lab";

  private final List<Backend> backends;
  private final Map<String, Integer> indices = new HashMap<>();
  private final LoadBalancer balancer;

  KeyedBalancer(List<Backend> backends, Strategy strategy) {
    this.backends = List.copyOf(backends);
    for (Backend backend : backends) {
      indices.put(backend.id(), indices.size());
    }
    this.balancer =
        LoadBalancer.builder("lab").backends(backends).strategy(strategy).build();
  }

  /** The index of the member who gets each key. */
  int[] owners(long[] keys) {
    int[] owners = new int[keys.length];
    for (int i = 0; i < keys.length; i++) {
      owners[i] = owner(keys[i]);
    }
    return owners;
  }

  private int owner(long key) {
    try (Lease lease = balancer.acquire(RequestContext.empty().keyHash(key))) {
      return Objects.requireNonNull(indices.get(lease.backend().id()));
    } catch (LoadBalancingException e) {
      throw new IllegalStateException("nobody for key " + key + " (expected: always somebody)", e);
    }
  }

  /** From now on these are not in the pool, and all others are. */
  void leave(Set<Integer> leavers) {
    List<Backend> staying = new ArrayList<>();
    IntStream.range(0, backends.size())
        .filter(i -> !leavers.contains(i))
        .forEach(i -> staying.add(backends.get(i)));
    balancer.pool().update(staying);
  }

  /** All are in the pool again. */
  void returnAll() {
    balancer.pool().update(backends);
  }

  /** These stay in the pool and may not be picked. */
  void veto(Collection<Integer> members) {
    members.forEach(i -> control(i).veto(Veto.Kind.HARD, "made unavailable"));
  }

  /** These may be picked again. */
  void lift(Collection<Integer> members) {
    members.forEach(i -> control(i).lift());
  }

  private MemberControl control(int i) {
    return balancer
        .pool()
        .control(Objects.requireNonNull(balancer.pool().member(backends.get(i).id())), POLICY);
  }

  @Override
  public void close() {
    balancer.close();
  }
}
