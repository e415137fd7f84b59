package io.fairlead.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Member;
import io.fairlead.request.RequestContext;
import io.fairlead.testing.StrategyContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaglevTest implements StrategyContract {

  @Override
  public Strategy strategy() {
    return Maglev.builder().tableSize(1_021).build(); // 64 times as fast to make as the default
  }

  /** Asks for each slot of the table by the hash that leads there. */
  private static Map<String, Integer> slots(List<Backend> backends, int size) {
    Map<String, Integer> counts = new HashMap<>();
    Strategy strategy = Strategy.of(members -> {
      MaglevTable table = new MaglevTable(members, size);
      for (int slot = 0; slot < size; slot++) {
        long hash = (((long) slot << 32) / size + 1) << 32;
        assertThat(Draws.index(hash, size)).isEqualTo(slot);
        Member owner = Objects.requireNonNull(table.find(hash, new AnyChoice()));
        counts.merge(owner.backend().id(), 1, Integer::sum);
      }
      return choice -> null;
    });
    new Testbed(strategy, 1, List.of()).balancer.pool().update(backends);
    return counts;
  }

  /** Takes anybody. */
  private static final class AnyChoice implements Choice {
    @Override
    public RequestContext context() {
      return RequestContext.empty();
    }

    @Override
    public long now() {
      return 0;
    }

    @Override
    public long random() {
      return 0;
    }

    @Override
    public int draw() {
      return 0;
    }

    @Override
    public int attempt() {
      return 0;
    }

    @Override
    public boolean accepts(Member member) {
      return true;
    }

    @Override
    public boolean tried(Member member) {
      return false;
    }
  }

  @Test
  void slots_areByWeightToWithinOne() {
    for (long seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      int[] weights =
          random.ints(1 + random.nextInt(40), 0, seed % 2 == 0 ? 2 : 20).toArray();
      weights[0] = 1;
      Map<String, Integer> counts = slots(Testbed.weighted(weights), 10_007);
      double sum = Arrays.stream(weights).sum();
      for (int i = 0; i < weights.length; i++) {
        assertThat(counts.getOrDefault("m" + i, 0) - 10_007 * weights[i] / sum)
            .as("slots of %d beyond its share; seed %d", i, seed)
            .isBetween(-1.0, 1.0);
      }
    }
  }

  @Test
  void skewedWeights_nobodyIsWithoutASlot() {
    Map<String, Integer> counts = slots(Testbed.weighted(1, 1_000_000, 1, 999_999, 1), 1_021);

    assertThat(counts).containsEntry("m0", 1).containsEntry("m2", 1).containsEntry("m4", 1);
    assertThat(counts.get("m1")).isBetween(508, 510);
    assertThat(counts.get("m3")).isBetween(508, 510);
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 5, 7})
  void asManyMembersAsSlots_oneEach(int size) {
    int[] weights = new int[size];
    Arrays.fill(weights, 3);
    weights[1] = 1_000_000;

    assertThat(slots(Testbed.weighted(weights), size))
        .hasSize(size)
        .allSatisfy((id, count) -> assertThat(count).isEqualTo(1));
  }

  @Test
  void allWeightsLarge_nothingOverflows() {
    int[] weights = new int[1_000];
    Arrays.fill(weights, Backend.MAX_WEIGHT);
    Map<String, Integer> counts = slots(Testbed.weighted(weights), 65_537);

    assertThat(counts).hasSize(1_000);
    assertThat(counts.values()).allMatch(count -> count == 65 || count == 66);
  }

  @Test
  void moreMembersThanSlots_refused_andTheOldSetStays() throws Exception {
    Testbed bed = new Testbed(Maglev.builder().tableSize(3).build(), 1, Testbed.equal(3));

    assertThat(catchThrowable(() -> bed.update(Testbed.equal(4))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tableSize: 3 (expected: at least 4, the number of members)");
    assertThat(bed.owners(100)).containsOnly("m0", "m1", "m2");
    assertThat(bed.balancer.pool().members()).hasSize(3);
  }

  @Test
  void memberComes_fewKeysOfOthersMove() throws Exception {
    Testbed bed = new Testbed(Strategy.maglev(), 1, Testbed.equal(20));
    List<String> before = bed.owners(10_000);
    bed.update(Testbed.equal(21));
    List<String> after = bed.owners(10_000);
    int moved = 0;
    List<String> taken = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      if (after.get(i).equals("m20")) {
        taken.add(before.get(i));
      } else {
        moved += before.get(i).equals(after.get(i)) ? 0 : 1;
      }
    }

    assertThat(taken.size()).as("a 21st of 10,000").isBetween(420, 530);
    assertThat(moved).as("of 10,000").isLessThan(300);
  }

  @Test
  void tableSize_noPrimeOrOutOfRange_refused() {
    Maglev.Builder builder = Maglev.builder();
    for (int size : new int[] {-7, 0, 1, 2, 4, 9, 65_536, 16_777_213 + 60, Integer.MAX_VALUE}) {
      assertThatIllegalArgumentException().isThrownBy(() -> builder.tableSize(size));
    }
    assertThat(builder.tableSize(3).build()).hasToString("maglev(KEY, tableSize 3)");
    assertThat(Strategy.maglev()).hasToString("maglev(KEY)");
  }
}
