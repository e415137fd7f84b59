package io.fairlead.strategy;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One after the other. */
final class RoundRobin implements Selector {

  static final Strategy STRATEGY = environment -> new RoundRobin();

  // One ticket for each choice, modulo those who may be picked: even over any run of choices. A
  // choice that has to go past a member (tried before, or refused) draws at random instead. If it
  // took the next ticket it would disturb the turn of all others, and if it took the next member a
  // failed one's successor would have twice its share. O(1).
  private final AtomicLong tickets = new AtomicLong();

  @Override
  public Picker picker(Members members) {
    return choice -> pick(members, choice);
  }

  private @Nullable Member pick(Members members, Choice choice) {
    Live live = members.live();
    int size = live.size();
    if (size == 0) {
      return null;
    }
    int i = choice.draw() == 0
        ? (int) ((tickets.getAndIncrement() & Long.MAX_VALUE) % size)
        : Draws.index(choice.random(), size);
    return members.get(live.index(i));
  }
}
