package io.fairlead.strategy;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The selector of those strategies that find a member by a hash of the request's key. */
final class Hashed implements Selector {

  /** Where keys lead. Thread-safe. */
  interface Table {

    /** The first member, in an order of the hash's own, that the choice accepts. */
    @Nullable
    Member find(long hash, Choice choice);

    /** Whether it would lead to a member that the choice accepts although it is not live. */
    default boolean leadsTo(Member due, long hash, Choice choice) {
      return find(hash, choice) == due;
    }
  }

  private static final Hasher64 HASHER = Hashing.xxh3_64();

  private final Environment environment;
  private final HashKey key;
  private final Function<Members, Table> tables;
  private final Tracker tracker;

  Hashed(Environment environment, HashKey key, Function<Members, Table> tables) {
    this(environment, key, tables, Tracker.NONE);
  }

  /**
   * A selector.
   *
   * @param tracker hears of the requests of all members
   */
  Hashed(Environment environment, HashKey key, Function<Members, Table> tables, Tracker tracker) {
    this.environment = environment;
    this.key = key;
    this.tables = tables;
    this.tracker = tracker;
  }

  /** The hash of each member, by its index: of its id alone, so that it is the same everywhere. */
  static long[] ids(Members members) {
    long[] ids = new long[members.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = HASHER.hashCharsToLong(members.backend(i).id());
    }
    return ids;
  }

  /** These members, named by their indices, in the order of a hash, which the order in which they were given has no part in. */
  static int[] sorted(int[] members, IntToLongFunction hash) {
    return IntStream.of(members)
        .boxed()
        .sorted(Comparator.comparingLong(hash::applyAsLong))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The weights by which a table is made: the members' own, or 1 for each if all are 0. */
  static int[] weights(Members members) {
    int[] weights = new int[members.size()];
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = members.backend(i).weight();
      sum |= weights[i];
    }
    if (sum == 0) {
      Arrays.fill(weights, 1);
    }
    return weights;
  }

  @Override
  public Tracker track(Member member) {
    return tracker;
  }

  @Override
  public Picker picker(Members members) {
    Table table = tables.apply(members);
    Picker withoutKey = new PowerOfChoices(members, 2);
    return new Picker() {
      @Override
      public @Nullable Member pick(Choice choice) {
        if (key.isIn(choice.context())) {
          return table.find(hash(choice), choice);
        }
        if (choice.draw() == 0) {
          environment.listener().keyMissing(choice.context());
        }
        return withoutKey.pick(choice);
      }

      @Override
      public boolean carries(Choice choice, Member due) {
        return !key.isIn(choice.context()) || table.leadsTo(due, hash(choice), choice);
      }
    };
  }

  /** Mixed once more: not every caller's own hash is as good as it should be. */
  private long hash(Choice choice) {
    return Draws.next(key.hash(choice.context()));
  }
}
