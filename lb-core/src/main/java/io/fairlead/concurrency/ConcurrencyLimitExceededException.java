package io.fairlead.concurrency;

/**
 * A call that was not made, since as many as may be were in flight, and nobody could or would wait longer. It has no stack trace,
 * so that refusing is cheap.
 */
public final class ConcurrencyLimitExceededException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int limit;

  ConcurrencyLimitExceededException(int limit) {
    super("as many calls in flight as may be: " + limit, null, false, false);
    this.limit = limit;
  }

  /** The limit at that moment. */
  public int limit() {
    return limit;
  }
}
