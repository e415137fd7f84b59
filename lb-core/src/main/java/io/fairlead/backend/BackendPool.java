package io.fairlead.backend;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The live set of backends behind one balancer. Each balancer has one, which is there as long as the balancer is.
 *
 * <p>Identity is the {@linkplain Backend#id() id}: a backend that stays over an update stays the same {@link Member}, with
 * all that was learned of it, even if its weight or metadata change. The same id at another host or port, or in another zone, is
 * a new member. Who leaves gets nothing new and drains: what is in flight finishes and is counted. Who returns while it drains is
 * the same member again.
 *
 * <p>Thread-safe.
 */
public interface BackendPool {

  /**
   * Replaces the set, atomically: each pick sees either the old set or the new one, and what is picked after this call
   * returns sees the new one or a later one; of several updates at once only the last is carried out. The strategy's tables are
   * made by the calling thread, while requests go on by the old ones. An empty set is legal; requests then fail with a
   * {@code NoBackendException} until the next update.
   *
   * @param backends the new set, in any order
   * @throws IllegalArgumentException if two have the same id; nothing has changed then
   * @throws IllegalStateException if the balancer is closed, or if its strategy calls this while an update is made; a listener
   *     may
   */
  void update(Collection<Backend> backends);

  /** {@link #update(Collection)} with {@code Backend.of(hostAndPort)} for each. */
  default void update(String... hostsAndPorts) {
    update(Arrays.stream(hostsAndPorts).map(Backend::of).toList());
  }

  /** The members of the present set; who drains is not among them. Unmodifiable, and not changed by later updates. */
  List<Member> members();

  /** The member with this {@linkplain Backend#id() id}, or null if the present set has none. */
  @Nullable
  Member member(String id);

  /**
   * The hold of a policy of your own on a member: a judgement of your own, say, or an operator's switch. It holds as long
   * as the member is in the pool or drains; what returns after it was gone is another member.
   *
   * @param member a member of this pool
   * @param policy the policy's name; whoever gives the same name for the same member has the same hold
   * @throws IllegalArgumentException if the member belongs to another pool, or the name is {@code slow start}, {@code ejection}
   *     or {@code health check}, which are the balancer's own
   */
  MemberControl control(Member member, String policy);
}
