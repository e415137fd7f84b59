package io.fairlead.examples.quickstart;

import io.fairlead.backend.BackendPool;
import io.fairlead.backend.Member;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Tells how it goes since it was last asked, which is a second ago. Not thread-safe. */
final class Seconds {

  private final Results results;
  private final BackendPool pool;
  private final Map<String, Long> answered = new HashMap<>(); // by id, until the last line
  private int seconds;

  Seconds(Results results, BackendPool pool) {
    this.results = results;
    this.pool = pool;
  }

  /** As in {@code  12 s: 0 failed | fast-1 410 | fast-2 0, reachability: refused | slow 98}: what each answered meanwhile. */
  String line() {
    seconds++;
    return String.format(Locale.ROOT, "%3d s: %d failed", seconds, results.failed())
        + pool.members().stream()
            .map(member -> " | " + member.backend().id() + " " + sinceThen(member) + state(member))
            .collect(Collectors.joining());
  }

  private long sinceThen(Member member) {
    String id = member.backend().id();
    long now = results.answered(member.backend());
    Long before = answered.put(id, now);
    return before == null ? now : now - before;
  }

  private static String state(Member member) {
    return member.available()
        ? ""
        : member.vetoes().stream()
            .map(Object::toString)
            .collect(Collectors.joining("; ", " (out, ", ")"));
  }
}
