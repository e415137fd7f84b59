package io.fairlead.concurrency;

/**
 * Hears that a limit has changed. Called by the thread that reported the outcome from which the limit learned, or by two of them
 * at once; without a lock. One that throws is logged, once, and harms nobody.
 */
@FunctionalInterface
public interface ConcurrencyLimitListener {

  /**
   * The limit is another one from now on.
   *
   * @param before what it was
   * @param after what it is
   */
  void limitChanged(int before, int after);
}
