package io.fairlead.strategy;

import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Each key has a score for each member; the highest has it. */
final class RendezvousTable implements Hashed.Table {

  private final Members members;
  private final long[] ids;

  RendezvousTable(Members members, long[] ids) {
    this.members = members;
    this.ids = ids;
  }

  // With u uniform in (0, 1) out of key and member, the highest weight / -ln u is each member's in
  // proportion to its weight, and depends on no other: who leaves, or is not accepted, hands on its
  // own keys only, to all others. Weights are the live ones, so that one that ramps up takes over a
  // few keys at a time. Since -ln u >= 1 - u, most members are seen to lose without a logarithm,
  // and only who is ahead is asked for. StrictMath, or two JVMs could differ. O(n), a few ns for
  // each.
  @Override
  public @Nullable Member find(long hash, Choice choice) {
    return find(hash, choice, any -> true);
  }

  @Override
  public boolean leadsTo(Member due, long hash, Choice choice) {
    int index = 0;
    while (index < members.size() && members.get(index) != due) {
      index++;
    }
    if (index == members.size()) {
      return false;
    }
    double score = due.weight() / -StrictMath.log(uniform(hash, index));
    Live live = members.live();
    for (int i = 0; i < live.size(); i++) {
      int member = live.index(i);
      if (member != index
          && live.weight(i) / -StrictMath.log(uniform(hash, member)) >= score
          && choice.accepts(members.get(member))) {
        return false;
      }
    }
    return true;
  }

  private double uniform(long hash, int member) {
    return ((Draws.next(hash ^ ids[member]) >>> 12) + 0.5) * 0x1p-52;
  }

  /** Among those, named by their indices, that meet a condition. */
  @Nullable
  Member find(long hash, Choice choice, IntPredicate condition) {
    Live live = members.live();
    Member best = null;
    double highest = 0;
    for (int i = 0; i < live.size(); i++) {
      int member = live.index(i);
      double u = uniform(hash, member);
      double weight = live.weight(i);
      if (weight > highest * (1 - u)) {
        double score = weight / -StrictMath.log(u);
        if (score > highest && condition.test(member) && choice.accepts(members.get(member))) {
          highest = score;
          best = members.get(member);
        }
      }
    }
    return best;
  }
}
