package io.fairlead.benchmarks.picks;

import io.fairlead.backend.Member;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Draws;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The request that a thread picks a server for, and at once the choice that a Fairlead picker is asked for. It is another
 * one after each {@link #next()}: one of {@value #REQUESTS} that were made beforehand, with 64 other random bits. Its time
 * was read once: what reading a clock costs is not in here.
 */
@State(Scope.Thread)
public class Request implements Choice {

  /** How many there are: a power of two. Their keys fit into a second-level cache. */
  public static final int REQUESTS = 4096;

  private static final String[] KEYS = new String[REQUESTS];
  private static final RequestContext[] CONTEXTS = new RequestContext[REQUESTS];
  private static final AtomicLong THREADS = new AtomicLong();
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  static {
    SplittableRandom random = new SplittableRandom(1);
    Arrays.setAll(KEYS, i -> "user-%016x".formatted(random.nextLong()));
    Arrays.setAll(
        CONTEXTS,
        i -> RequestContext.withKey(KEYS[i])
            .session(KEYS[i])
            .clientIp("10." + random.nextInt(256) + "." + random.nextInt(256) + ".7"));
  }

  private final String[] keys = KEYS;
  private final RequestContext[] contexts = CONTEXTS;
  private final long now = System.nanoTime();

  // Odd multiples of another constant, so that no two threads have the same sequence.
  private long seed = (2 * THREADS.getAndIncrement() + 1) * 0xd1342543de82ef95L;
  private int index = (int) (seed >>> 40);

  /** The key of the {@code i}-th request: a user's id of 21 characters. */
  public static String key(int i) {
    return KEYS[i];
  }

  /** What Fairlead is told of the {@code i}-th request: its key, the same as its session, and a client's address. */
  public static RequestContext context(int i) {
    return CONTEXTS[i];
  }

  /** Goes on to the next request. */
  public void next() {
    index = (index + 1) & (REQUESTS - 1);
    seed += GOLDEN;
  }

  /** Which request it is. */
  public int index() {
    return index & (REQUESTS - 1); // so that the compiler sees that it is one
  }

  /** Its key, the hash of which Fairlead has in {@link #context()}. */
  public String key() {
    return keys[index()];
  }

  @Override
  public RequestContext context() {
    return contexts[index()];
  }

  @Override
  public long now() {
    return now;
  }

  @Override
  public long random() {
    return Draws.next(seed); // SplitMix64, a step of which is in next()
  }

  @Override
  public int attempt() {
    return 0;
  }

  @Override
  public int draw() {
    return 0;
  }

  @Override
  public boolean accepts(Member member) {
    return member.available();
  }

  @Override
  public boolean tried(Member member) {
    return false;
  }
}
