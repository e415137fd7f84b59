package io.fairlead.time;

/** Something that was scheduled and may still be called off. */
@FunctionalInterface
public interface Cancellable {

  /** Calls it off. Without effect if it already ran, is running, or was called off before. Any thread. */
  void cancel();
}
