package io.fairlead.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * A server and those who ask it.
 *
 * @param knee how many workers the server has, and so how many requests it can work on at a time
 * @param serviceMillis how long one takes on average; exponential
 * @param clients how many ask it, each with a limit of its own
 * @param trouble what becomes of the server in the second of three periods
 * @param callers how they ask it
 */
record LimitShape(int knee, int serviceMillis, int clients, Trouble trouble, Callers callers) {

  /** What becomes of a server for a time. */
  enum Trouble {
    HALF_THE_WORKERS("half of the workers"),
    HALF_THE_SPEED("half the speed");

    private final String text;

    Trouble(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /** Where requests come from. */
  enum Callers {
    /** Requests arrive at random, at twice the rate that the server can answer when it is well. Those refused are lost. */
    OPEN("open"),

    /**
     * Four times as many callers as the server has workers, who ask again as soon as they are answered; who is refused tries
     * again after about a service time.
     */
    CLOSED("closed");

    private final String text;

    Callers(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /** All that are compared. */
  static List<LimitShape> all() {
    List<LimitShape> all = new ArrayList<>();
    for (int clients : new int[] {1, 4}) {
      for (int service : new int[] {2, 100}) {
        for (int knee : new int[] {10, 50, 200}) {
          for (Trouble trouble : Trouble.values()) {
            all.add(new LimitShape(knee, service, clients, trouble, Callers.OPEN));
          }
        }
      }
    }
    for (int clients : new int[] {1, 4}) {
      for (Trouble trouble : Trouble.values()) {
        all.add(new LimitShape(50, 100, clients, trouble, Callers.CLOSED));
      }
    }
    return all;
  }

  /** How many it can work on at a time. */
  int kneeIn(boolean trouble) {
    return trouble && this.trouble == Trouble.HALF_THE_WORKERS ? knee / 2 : knee;
  }

  /** How long one takes on average. */
  double serviceNanosIn(boolean trouble) {
    return serviceMillis * 1e6 * (trouble && this.trouble == Trouble.HALF_THE_SPEED ? 2 : 1);
  }

  /** How many it can answer. */
  double perSecondIn(boolean trouble) {
    return kneeIn(trouble) * 1e9 / serviceNanosIn(trouble);
  }
}
