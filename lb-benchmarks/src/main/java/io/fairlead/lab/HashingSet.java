package io.fairlead.lab;

import io.fairlead.backend.Backend;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The members among whom keys are shared out.
 *
 * @param members how many there are
 * @param heaviest weights go round from 1 to this: 1 if all are equal
 */
record HashingSet(int members, int heaviest) {

  /** What tables call its weights. */
  String weights() {
    return heaviest == 1 ? "equal" : "1 to " + heaviest;
  }

  int weight(int member) {
    return member % heaviest + 1;
  }

  long totalWeight() {
    return IntStream.range(0, members).mapToLong(this::weight).sum();
  }

  /** What part of all keys a member should have. */
  double part(int member) {
    return (double) weight(member) / totalWeight();
  }

  List<Backend> backends() {
    return IntStream.range(0, members)
        .mapToObj(i -> Backend.builder("cache-" + i, 11211).weight(weight(i)).build())
        .toList();
  }
}
