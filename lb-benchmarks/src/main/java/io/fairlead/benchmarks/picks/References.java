package io.fairlead.benchmarks.picks;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.fairlead.strategy.Draws;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/** The least that can be done in the manner of a strategy, with nothing around it: what a pick of ours is measured by. */
public final class References {

  private References() {}

  /** Nothing but going on to the next request: what is in every other figure too. */
  public static Pick nothing() {
    return request -> request;
  }

  /** Round robin: an atomic increment, modulo the size. */
  public static Pick ticket(int members) {
    Object[] servers = servers(members);
    AtomicInteger tickets = new AtomicInteger();
    return request -> servers[(tickets.getAndIncrement() & Integer.MAX_VALUE) % servers.length];
  }

  /** Random: one draw. */
  public static Pick random(int members) {
    Object[] servers = servers(members);
    return request -> servers[Draws.index(request.random(), servers.length)];
  }

  /** Two choices: one draw for both, and the loads of two servers compared. */
  public static Pick twoLoads(int members) {
    AtomicInteger[] loads = new AtomicInteger[members];
    Arrays.setAll(loads, i -> new AtomicInteger());
    return request -> {
      long random = request.random();
      AtomicInteger one = loads[Draws.index(random, loads.length)];
      AtomicInteger other = loads[Draws.index(random << 32, loads.length)];
      return one.get() <= other.get() ? one : other;
    };
  }

  /** Hashing the key, and no more. */
  public static Pick xxh3() {
    Hasher64 hasher = Hashing.xxh3_64();
    return request -> hasher.hashCharsToLong(request.key()) == 0 ? hasher : request;
  }

  /** Hashing the key, and one look into a table: less than any hashing that goes with changes of the servers. */
  public static Pick xxh3AndTable(int members) {
    Hasher64 hasher = Hashing.xxh3_64();
    Object[] servers = servers(members);
    return request -> servers[Draws.index(hasher.hashCharsToLong(request.key()), servers.length)];
  }

  private static Object[] servers(int members) {
    return Backends.alike(members).toArray();
  }
}
