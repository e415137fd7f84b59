package io.fairlead.benchmarks.picks;

import io.fairlead.backend.Backend;
import java.util.List;
import java.util.stream.IntStream;

/** Servers to pick from. */
public final class Backends {

  /** The port of each. */
  public static final int PORT = 8080;

  private Backends() {}

  /** The host of the {@code i}-th: an IPv4 address. */
  public static String host(int i) {
    return "10." + (1 + i / 62_500) + "." + i / 250 % 250 + "." + i % 250;
  }

  /** The weight of the {@code i}-th, if they are weighted: 1 to 10. */
  public static int weight(int i) {
    return 1 + i % 10;
  }

  /** All alike. */
  public static List<Backend> alike(int members) {
    return IntStream.range(0, members).mapToObj(i -> server(i).build()).toList();
  }

  /** Of different weights. */
  public static List<Backend> weighted(int members) {
    return IntStream.range(0, members)
        .mapToObj(i -> server(i).weight(weight(i)).build())
        .toList();
  }

  /** In the zones {@code zone-0}, {@code zone-1} and {@code zone-2}, turn by turn. */
  public static List<Backend> zoned(int members) {
    return IntStream.range(0, members)
        .mapToObj(i -> server(i).zone("zone-" + i % 3).build())
        .toList();
  }

  private static Backend.Builder server(int i) {
    return Backend.builder(host(i), PORT);
  }
}
