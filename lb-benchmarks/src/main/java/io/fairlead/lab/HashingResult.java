package io.fairlead.lab;

import java.util.List;

/**
 * How one strategy shares out keys among one set of members. Immutable.
 *
 * @param keys how many keys were looked up
 */
record HashingResult(
    HashingSet set, String strategy, int keys, Load load, OneAway oneAway, List<Leaving> leavings) {

  /**
   * How many keys members get, in proportion to what they should get by their weight.
   *
   * @param max the most that one gets: 1.2 is a fifth too much
   * @param min the least
   * @param deviation the standard deviation
   * @param chance the standard deviation that chance alone makes with so many keys, if shares are exact
   */
  record Load(double max, double min, double deviation, double chance) {}

  /**
   * Where the keys of one member go while it is unavailable; means over several such members.
   *
   * @param receivers how many others get some of them
   * @param receiversByChance how many would with so many keys, if each went to any of the others by their weights
   * @param largestShare the share of them that one of the others gets
   * @param largestShareAtWorst the same, of the member for which it is largest
   */
  record OneAway(
      double receivers,
      double receiversByChance,
      double largestShare,
      double largestShareAtWorst) {}

  /**
   * What moves when some members leave, return, and are unavailable without leaving. Counts of keys.
   *
   * @param leavers how many leave
   * @param minimum the keys of those who leave, which have to move
   * @param excess those that move from one who stays to another who stays
   * @param excessBack the same, when they return
   * @param notRestored those who have another owner after the return than before the leaving
   * @param excessUnavailable the same as excess, while the leavers are unavailable instead
   * @param asIfLeft keys of the unavailable that go where they go if these leave
   */
  record Leaving(
      int leavers,
      int minimum,
      int excess,
      int excessBack,
      int notRestored,
      int excessUnavailable,
      int asIfLeft) {}
}
