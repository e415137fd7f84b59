package io.fairlead.lab;

import io.fairlead.request.Outcome;

/** How a call ended. */
enum Ending {
  SUCCEEDED,
  /** The last server that was tried answered with an error. */
  FAILED,
  /** The last server that was tried had not answered in time. */
  TIMED_OUT,
  /** The balancer named no server. */
  REFUSED;

  static Ending of(Outcome outcome) {
    return switch (outcome.kind()) {
      case SUCCESS -> SUCCEEDED;
      case TIMEOUT -> TIMED_OUT;
      default -> FAILED;
    };
  }
}
