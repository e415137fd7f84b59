package io.fairlead.strategy;

import io.fairlead.backend.Derived;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A table of slots, of which each member has taken its share, in turns and each in an order of its own. */
final class MaglevTable implements Hashed.Table {

  /** How often a key is hashed anew, past members who are not accepted, before one is looked for otherwise. */
  private static final int PROBES = 16;

  /** A slot's value before it is taken; so there are at most as many members. */
  private static final char FREE = Character.MAX_VALUE;

  /** How many members there are at most. */
  static final int MAX_MEMBERS = FREE;

  // A member's order is offset, offset + skip, offset + 2 skip, … over a prime number of slots. In
  // its turn a member goes on in its order until it finds a free slot. (To try one slot in a turn
  // instead gives some members 6 % more and others 9 % less.) The number of turns of each is its
  // exact share, and they come spread evenly, so that nobody finds the table full of others. Who
  // goes first in a round is decided by hash, so that the order in which members are given makes no
  // difference. O(slots * log slots) to make, O(1) a look-up: one read.
  private final Members members;
  private final long[] ids;
  private final char[] slots;
  private final Derived<Shares> shares;
  private final RendezvousTable lastResort;

  /**
   * A table.
   *
   * @param size how many slots it has: a prime number, at least the number of members
   */
  MaglevTable(Members members, int size) {
    this.members = members;
    this.ids = Hashed.ids(members);
    this.shares = Shares.of(members);
    this.lastResort = new RendezvousTable(members, ids);
    this.slots = members.size() == 0 ? new char[0] : fill(size);
  }

  private char[] fill(int size) {
    char[] slots = new char[size];
    Arrays.fill(slots, FREE);
    long[] position = new long[ids.length];
    long[] skip = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      position[i] = Draws.index(ids[i], size);
      skip[i] = 1L + Draws.index(Draws.next(ids[i]), size - 1);
    }
    for (int member : turns(size)) {
      while (slots[(int) position[member]] != FREE) {
        position[member] = (position[member] + skip[member]) % size;
      }
      slots[(int) position[member]] = (char) member;
    }
    return slots;
  }

  /** Whose turn it is: the k-th of a member with n turns comes at (k + 1/2) / n of the way. */
  private int[] turns(int size) {
    int[] order = Hashed.sorted(IntStream.range(0, ids.length).toArray(), i -> ids[i]);
    int[] counts = counts(order, size);
    int[] starts = new int[size + 1]; // as many places as turns; several may fall into one
    for (int member : order) {
      for (int k = 0; k < counts[member]; k++) {
        starts[place(k, counts[member], size) + 1]++;
      }
    }
    for (int i = 1; i <= size; i++) {
      starts[i] += starts[i - 1];
    }
    int[] turns = new int[size];
    for (int member : order) {
      for (int k = 0; k < counts[member]; k++) {
        turns[starts[place(k, counts[member], size)]++] = member;
      }
    }
    return turns;
  }

  private static int place(int k, int count, int size) {
    return (int) ((2L * k + 1) * size / (2L * count));
  }

  /** How many slots each gets: its part by weight, to within one; and one if that is less, so that nobody is left out. */
  private int[] counts(int[] order, int size) {
    int[] weights = Hashed.weights(members);
    int[] counts = new int[weights.length];
    long sum = Arrays.stream(weights).asLongStream().sum();
    int left = size;
    for (boolean again = true; again; ) {
      again = false;
      for (int i = 0; i < counts.length; i++) {
        if (weights[i] > 0 && weights[i] * (long) left < sum) {
          counts[i] = 1;
          left--;
          sum -= weights[i];
          weights[i] = 0;
          again = true; // there is less for the others now
        }
      }
    }
    long before = 0;
    for (int i : order) { // rounded so that the sum is right
      long after = before + weights[i];
      if (weights[i] > 0) {
        counts[i] = (int) (after * left / sum - before * left / sum);
      }
      before = after;
    }
    return counts;
  }

  @Override
  public @Nullable Member find(long hash, Choice choice) {
    if (slots.length == 0) {
      return null;
    }
    Shares shares = this.shares.get();
    long key = hash;
    for (int probe = 0; probe < PROBES; probe++) {
      int owner = slots[Draws.index(key, slots.length)];
      if (shares.takes(owner, hash ^ ids[owner]) && choice.accepts(members.get(owner))) {
        return members.get(owner);
      }
      key = Draws.next(key);
    }
    return lastResort.find(hash, choice);
  }
}
