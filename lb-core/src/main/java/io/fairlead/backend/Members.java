package io.fairlead.backend;

import java.util.function.Function;
import java.util.function.IntPredicate;

/**
 * One membership of a {@link BackendPool}: who belongs to it between two updates, in a fixed order, with a live view of
 * who may be picked.
 *
 * <p>Immutable but for {@link #live()}; thread-safe.
 */
public interface Members {

  /** How many there are, available or not. */
  int size();

  /**
   * The {@code i}-th of them.
   *
   * @param i 0 to {@code size() - 1}
   */
  Member get(int i);

  /**
   * The backend of the {@code i}-th of them, as this membership has it: what a picker is made by. While that is being made the
   * {@linkplain Member#backend() member's} may still be that of the membership before, with another weight and other metadata.
   *
   * @param i 0 to {@code size() - 1}
   */
  Backend backend(int i);

  /** Who of them may be picked now. One volatile read. */
  Live live();

  /**
   * Those whose indices meet a condition, which is tried once for each, now:
   *
   * <pre>{@code
   * Members near = members.where(i -> "eu-1a".equals(members.backend(i).zone()));
   * }</pre>
   *
   * <p>The view has the same Member objects, indices of its own and a {@link #live()} of its own, and lives as long as this
   * membership; whether there is a panic is decided by the whole membership.
   */
  Members where(IntPredicate condition);

  /**
   * Something computed from {@link #live()}: here and now for the first time, and again after each change, one round for
   * many changes, on the balancer's scheduler.
   *
   * @param function to compute it; it does not block, and does not keep the balancer's scheduler for more than milliseconds.
   *     If it throws later than now, what was computed before stays
   */
  <T> Derived<T> derive(Function<? super Live, ? extends T> function);
}
