package io.fairlead.backend;

/**
 * Something that is computed from who may be picked, and computed anew when that changes: a table by weight, say. It follows
 * {@link Members#live} a moment later, since no request computes it: what is read here may name somebody who may no longer be
 * picked, which the choice tells.
 *
 * <p>Thread-safe.
 *
 * @param <T> what is computed; immutable
 */
public interface Derived<T> {

  /** What was computed last. One volatile read. */
  T get();
}
