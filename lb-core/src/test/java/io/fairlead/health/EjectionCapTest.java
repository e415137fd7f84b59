package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.testing.Concurrently;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EjectionCapTest {

  private static List<EjectionCap.Place> places(EjectionCap cap, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> {
          EjectionCap.Place place = cap.place();
          place.enter();
          return place;
        })
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, 1, 0",
    "0.5, 2, 1",
    "0.5, 3, 1",
    "0.5, 4, 2",
    "0.5, 5, 2",
    "0.5, 10, 5", //
    "0.1, 1, 0",
    "0.1, 2, 1",
    "0.1, 9, 1",
    "0.1, 20, 2", //
    "1, 1, 0",
    "1, 2, 1",
    "1, 3, 2",
    "1, 10, 9"
  })
  void soManyMayBeOut(double share, int members, int most) {
    EjectionCap cap = new EjectionCap(share, () -> members, () -> 100);

    assertThat(places(cap, members).stream().filter(EjectionCap.Place::mayOpen)).hasSize(most);
  }

  @Test
  void whoCloses_makesRoomForAnother_once() {
    EjectionCap cap = new EjectionCap(0.5, () -> 2, () -> 2);
    List<EjectionCap.Place> places = places(cap, 2);
    assertThat(places.get(0).mayOpen()).isTrue();
    assertThat(places.get(1).mayOpen()).isFalse();

    places.get(0).closed();
    places.get(0).closed(); // without effect

    assertThat(places.get(1).mayOpen()).isTrue();
    assertThat(places.get(0).mayOpen()).isFalse();
  }

  @Test
  void whoLeaves_makesRoomForAnother_once() {
    EjectionCap cap = new EjectionCap(0.5, () -> 2, () -> 2);
    List<EjectionCap.Place> places = places(cap, 2);
    assertThat(places.get(0).mayOpen()).isTrue();

    places.get(0).leave();
    places.get(0).closed();

    assertThat(places.get(0).mayOpen()).as("outside").isFalse();
    assertThat(places.get(1).mayOpen()).isTrue();
    places.get(0).enter();
    assertThat(places.get(0).mayOpen()).as("back, but there is no room").isFalse();
  }

  @Test
  void whenMembersLeave_whoIsOutStaysOut_andNobodyElseGoes() {
    AtomicInteger members = new AtomicInteger(4);
    EjectionCap cap = new EjectionCap(0.5, members::get, () -> 4);
    List<EjectionCap.Place> places = places(cap, 4);
    assertThat(places.get(0).mayOpen()).isTrue();
    assertThat(places.get(1).mayOpen()).isTrue();

    members.set(2);
    places.get(0).closed();

    assertThat(places.get(2).mayOpen()).isFalse();
    places.get(1).closed();
    assertThat(places.get(2).mayOpen()).isTrue();
  }

  @Test
  void whoIsTheLastToBePicked_staysIn() {
    AtomicInteger available = new AtomicInteger(1);
    EjectionCap cap = new EjectionCap(0.5, () -> 4, available::get);
    EjectionCap.Place place = places(cap, 4).get(0);

    assertThat(place.mayOpen()).isFalse();
    available.set(2);
    assertThat(place.mayOpen()).isTrue();
  }

  @Test
  void manyAtOnce_neverMoreThanTheCap_andNoPlaceIsLost() throws Exception {
    int members = 8;
    EjectionCap cap = new EjectionCap(0.5, () -> members, () -> members);
    List<EjectionCap.Place> places = places(cap, members);
    AtomicInteger open = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Executable> pieces = new ArrayList<>();
    for (int t = 0; t < members; t++) {
      EjectionCap.Place own = places.get(t);
      SplittableRandom random = new SplittableRandom(t);
      pieces.add(() -> {
        for (int i = 0; i < 20_000; i++) {
          if (!own.mayOpen()) {
            continue;
          }
          most.accumulateAndGet(open.incrementAndGet(), Math::max);
          open.decrementAndGet();
          if (random.nextBoolean()) {
            own.closed();
          } else {
            own.leave();
            own.enter();
          }
        }
      });
    }

    Concurrently.run(pieces.toArray(Executable[]::new));

    assertThat(most.get()).isBetween(1, 4);
    assertThat(places.stream().filter(EjectionCap.Place::mayOpen)).hasSize(4);
  }
}
