package io.fairlead.lab;

import io.fairlead.request.Outcome;

/** A request as the server that got it sees it. */
interface Job {

  /** How much work it is; 1 on average. */
  double work();

  /** Whether its client no longer waits for it. */
  boolean givenUp();

  /** Gives its client the answer; without effect if it no longer waits. */
  void answer(Outcome outcome);
}
