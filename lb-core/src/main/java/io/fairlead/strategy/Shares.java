package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Members;
import java.util.Arrays;

/**
 * Of each member of a membership, what part of its own weight policies leave it now, and what part it has of all. For
 * strategies whose tables go by weights that don't change.
 *
 * <p>Immutable.
 */
final class Shares {

  private final float[] ramps; // empty if nobody is held back
  private final double[] parts;

  private Shares(float[] ramps, double[] parts) {
    this.ramps = ramps;
    this.parts = parts;
  }

  /** Shares that follow the live weights. */
  static Derived<Shares> of(Members members) {
    return members.derive(live -> of(members.size(), live));
  }

  private static Shares of(int members, Live live) {
    double whole = whole(live);
    double least = 1;
    double[] parts = new double[members];
    for (int i = 0; i < live.size(); i++) {
      parts[live.index(i)] = live.weight(i) / live.total();
      least = Math.min(least, live.factor(i) / whole);
    }
    float[] ramps = new float[least < 1 ? members : 0];
    Arrays.fill(ramps, 1);
    for (int i = 0; least < 1 && i < live.size(); i++) {
      ramps[live.index(i)] = (float) (live.factor(i) / whole);
    }
    return new Shares(ramps, parts);
  }

  /**
   * The factor with which a member is not held back: 1, or the highest if all have less, since who ramps up with all others
   * has nobody who could take its keys better. More than 1 is no reason to take keys from others.
   */
  static double whole(Live live) {
    double most = 0;
    for (int i = 0; i < live.size(); i++) {
      most = Math.max(most, live.factor(i));
    }
    return most == 0 ? 1 : Math.min(1, most);
  }

  /** Whether a member, named by its index, takes this one of the keys that are its own: all, unless it is held back. */
  boolean takes(int member, long keyAndMember) {
    return ramps.length == 0
        || ramps[member] >= 1
        || Draws.fraction(Draws.next(keyAndMember)) < ramps[member];
  }

  /** What part a member, named by its index, has of the weight of all who are live. */
  double part(int member) {
    return parts[member];
  }
}
