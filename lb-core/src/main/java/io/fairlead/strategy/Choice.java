package io.fairlead.strategy;

import io.fairlead.backend.Member;
import io.fairlead.request.RequestContext;

/**
 * One choice of a member for one attempt: what a {@link Picker} is asked for, and what it may ask in turn. Only the
 * balancer makes them.
 *
 * <p>To be used during {@link Picker#pick} or {@link Picker#carries} and by its thread only.
 */
public interface Choice {

  /** What is known of the request. */
  RequestContext context();

  /** The time of this choice, in nanoseconds on the balancer's clock: read once, and cheaper than reading it again. */
  long now();

  /**
   * 64 random bits: the same ones whenever they are asked for during one {@link Picker#pick}, others the next time. For a
   * second decision that is to be independent of the first, derive others with {@link Draws#next}.
   */
  long random();

  /** How many members were named before, and not taken: 0 the first time. */
  int draw();

  /** How many attempts the same call has made before this one: 0 for its first. */
  int attempt();

  /**
   * Whether a member would be taken: it is of this pool, available (in a panic, at least not hard vetoed), of a weight above
   * 0, has not refused in this choice, and was not {@linkplain #tried tried} while an untried one is left.
   */
  boolean accepts(Member member);

  /** Whether an earlier attempt of the same call went to this member. */
  boolean tried(Member member);
}
