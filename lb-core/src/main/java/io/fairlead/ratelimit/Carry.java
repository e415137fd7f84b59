package io.fairlead.ratelimit;

/** What becomes of a bucket's permits when it gets other limits. */
public enum Carry {

  /** As many permits as before, or the new capacity if that is less. Who has taken in advance owes the same permits. */
  KEEP,

  /** The same share of the capacity: a bucket that was half full is half full. Debts grow or shrink alike. */
  SCALE,

  /** As a new bucket has. Debts are forgotten. */
  RESET
}
