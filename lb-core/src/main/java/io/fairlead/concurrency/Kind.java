package io.fairlead.concurrency;

/** How a limit finds its number. */
enum Kind {
  FIXED,
  AIMD,
  GRADIENT,
  VEGAS
}
