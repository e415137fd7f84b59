package io.fairlead.examples.ownstrategy;

import io.fairlead.backend.Backend;
import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.backend.Members;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.Choice;
import io.fairlead.strategy.Draws;
import io.fairlead.strategy.Environment;
import io.fairlead.strategy.Picker;
import io.fairlead.strategy.Sampler;
import io.fairlead.strategy.Selector;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.Tracker;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sends a share of the users to the servers of a new version, the canaries, and sends everybody to the others for a while if the
 * canaries fail. By the request's key, so that a user does not see now one version and now the other.
 *
 * <p>If no server of one side can be picked, its requests go to the other side. Requests without a key go to the canaries at
 * random, in the same share.
 *
 * <p>Immutable.
 */
public final class Canary implements Strategy {

  /** A failure weighs as much as so many successes: canaries that fail more often than one time in ten are stopped. */
  private static final int FAILURE = 9;

  /** Stopped by five failures in a row, or by more failures among successes. */
  private static final int STOP = 5 * FAILURE;

  private final double share;
  private final Duration pause;
  private final Predicate<? super Backend> isCanary;

  private Canary(double share, Duration pause, Predicate<? super Backend> isCanary) {
    this.share = share;
    this.pause = pause;
    this.isCanary = isCanary;
  }

  /**
   * A strategy.
   *
   * @param share what part of the users sees the canaries: 0 to 1
   * @param pause how long nobody does after they have failed; more than zero
   * @param isCanary which servers they are
   */
  public static Canary of(double share, Duration pause, Predicate<? super Backend> isCanary) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share: " + share + " (expected: 0 to 1)");
    }
    if (pause.isNegative() || pause.isZero()) {
      throw new IllegalArgumentException("pause: " + pause + " (expected: more than zero)");
    }
    return new Canary(share, pause, Objects.requireNonNull(isCanary, "isCanary"));
  }

  @Override
  public Selector start(Environment environment) {
    return new Canaries(environment);
  }

  /** As in {@code canary(share 0.05)}. */
  @Override
  public String toString() {
    return "canary(share " + share + ")";
  }

  /** The state, over all memberships of one balancer: how the canaries do. */
  private final class Canaries implements Selector {
    private final long salt;
    private final long pauseNanos = pause.toNanos();
    private final AtomicInteger failing =
        new AtomicInteger(); // grows with failures, 0 if all is well
    private volatile long stoppedAt;

    Canaries(Environment environment) {
      // Or the same users would be the first to see the new version of every service.
      salt = environment.name().hashCode();
      stoppedAt = environment.clock().nanos() - pauseNanos; // so that they are not stopped now
    }

    @Override
    public Picker picker(Members members) {
      Side canaries = new Side(members.where(i -> isCanary.test(members.backend(i))));
      Side others = new Side(members.where(i -> !isCanary.test(members.backend(i))));
      return new Picker() {
        @Override
        public @Nullable Member pick(Choice choice) {
          boolean canary = isForCanaries(choice);
          Member member = (canary ? canaries : others).pick(choice);
          return member != null ? member : (canary ? others : canaries).pick(choice);
        }

        // A server that was out and is tried again is tried by a request of its own side.
        @Override
        public boolean carries(Choice choice, Member due) {
          return isCanary.test(due.backend()) == isForCanaries(choice);
        }
      };
    }

    private boolean isForCanaries(Choice choice) {
      return !stopped(choice.now()) && isChosen(choice);
    }

    private boolean isChosen(Choice choice) {
      RequestContext context = choice.context();
      long bits = context.hasKey() ? context.keyHash() : ~choice.random();
      return Draws.fraction(Draws.next(bits ^ salt)) < share;
    }

    private boolean stopped(long now) {
      return now - stoppedAt < pauseNanos;
    }

    @Override
    public Tracker track(Member member) {
      return new Tracker() {
        @Override
        public void answered(Outcome outcome, long startNanos, long now) {
          // Asked each time: what a member's metadata says may change while it stays. What was
          // under way when the canaries were stopped must not stop them again.
          if (isCanary.test(member.backend()) && !stopped(startNanos)) {
            learn(outcome, now);
          }
        }
      };
    }

    private void learn(Outcome outcome, long now) {
      int step = outcome.failed() ? FAILURE : outcome.kind() == Outcome.Kind.SUCCESS ? -1 : 0;
      if (failing.accumulateAndGet(step, (sum, by) -> Math.max(0, sum + by)) >= STOP) {
        stoppedAt = now;
        failing.set(0);
      }
    }
  }

  /** Those of one side, in one membership: of two drawn by weight, the one with fewer requests in flight. */
  private static final class Side {
    private final Derived<Sampler> sampler;

    Side(Members members) {
      this.sampler = Sampler.of(members);
    }

    @Nullable
    Member pick(Choice choice) {
      Sampler sampler = this.sampler.get();
      Live live = sampler.live(); // to which its indices refer, and which may not be the last one
      if (live.size() == 0) {
        return null;
      }
      int first = sampler.draw(choice.random());
      Member best = live.member(first);
      if (live.size() > 1) {
        int second = sampler.other(choice.random(), first);
        Member other = live.member(second);
        if (other.inFlight() * live.weight(first) < best.inFlight() * live.weight(second)) {
          best = other;
        }
      }
      if (choice.accepts(best)) {
        return best;
      }
      for (int i = 0; i < live.size(); i++) { // rather somebody of this side than of the other
        Member next = live.member((first + i) % live.size());
        if (choice.accepts(next)) {
          return next;
        }
      }
      return null;
    }
  }
}
