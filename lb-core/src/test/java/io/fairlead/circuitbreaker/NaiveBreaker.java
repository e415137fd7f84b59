package io.fairlead.circuitbreaker;

import io.fairlead.circuitbreaker.CircuitBreaker.State;
import io.fairlead.testing.SeededChance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What a breaker should do, for one thread: it remembers every outcome and counts anew each time. */
final class NaiveBreaker {

  static final String COUNTED = "counted";
  static final String TWICE = "IllegalStateException";

  /** A permit: of which stay, and of which slot and loan if it is for a trial. */
  record Permit(int stay, int slot, int loan, boolean counted) {}

  private record Outcome(long slice, boolean failed, boolean slow) {}

  private static final class Slot {
    int quota;
    int seen;
    int loan;
    boolean lent;
    long unit;
  }

  private final Settings settings;
  private final SeededChance chance;
  private final BooleanSupplier gate;
  final List<String> transitions = new ArrayList<>();
  int places;
  long rejected;

  private State state = State.CLOSED;
  private int stay = 1;
  private long since;
  private int row;
  private long lastOpen;

  private final List<Outcome> outcomes = new ArrayList<>();
  private boolean any;
  private long anchor;
  private long slice;
  private int failuresInARow;

  private long until;
  private Slot[] slots = {};

  NaiveBreaker(Settings settings, SeededChance chance, BooleanSupplier gate, long now) {
    this.settings = settings;
    this.chance = chance;
    this.gate = gate;
    this.since = now;
  }

  private void enter(State to, long now) {
    if (to != state) {
      transitions.add((transitions.size() + 1) + ": " + state + " " + to);
    }
    boolean held = state == State.OPEN || state == State.HALF_OPEN;
    boolean holds = to == State.OPEN || to == State.HALF_OPEN;
    places += held == holds ? 0 : holds ? 1 : -1;
    state = to;
    stay++;
    since = now;
    outcomes.clear();
    any = false;
    failuresInARow = 0;
  }

  private void open(long now, int times) {
    row = times;
    long nanos = settings.openNanos;
    for (int i = 1; i < row; i++) {
      nanos = Math.min(settings.maximumOpenNanos, nanos * 2);
    }
    nanos -= (long) (nanos * settings.jitter * ((chance.nextLong() >>> 11) * 0x1p-53));
    enter(State.OPEN, now);
    lastOpen = nanos;
    until = now + nanos;
  }

  State state(long now) {
    if (state == State.OPEN && now - until >= 0) {
      enter(State.HALF_OPEN, now);
      slots = new Slot[settings.halfOpenPermits];
      Arrays.setAll(slots, i -> new Slot());
      for (int i = 0; i < settings.halfOpenSuccesses; i++) {
        slots[i % slots.length].quota++;
      }
    }
    return state;
  }

  private long unit(long now) {
    return Math.max(0, Math.floorDiv(now - since, 1L << 20));
  }

  private long timeoutUnits() {
    return -Math.floorDiv(-settings.permitTimeoutNanos, 1L << 20);
  }

  private boolean expired(Slot slot, long now) {
    return unit(now) - slot.unit > timeoutUnits();
  }

  Permit acquire(long now) {
    State at = state(now);
    if (at == State.CLOSED) {
      return new Permit(stay, -1, 0, true);
    }
    if (at == State.DISABLED) {
      return new Permit(0, -1, 0, false);
    }
    for (int i = 0; at == State.HALF_OPEN && i < slots.length; i++) {
      Slot slot = slots[i];
      if (slot.seen < slot.quota && (!slot.lent || expired(slot, now))) {
        slot.lent = true;
        slot.loan++;
        slot.unit = unit(now);
        return new Permit(stay, i, slot.loan, true);
      }
    }
    rejected++;
    return null;
  }

  /** Failed: true, succeeded: false, abandoned or cancelled: null. */
  String settle(Permit permit, Boolean failed, boolean abandoned, long elapsed, long now) {
    if (!permit.counted || permit.stay != stay) {
      return COUNTED;
    }
    boolean slow = elapsed > settings.slowNanos && (failed != null || abandoned);
    boolean learned = failed != null || slow;
    boolean bad = slow || Boolean.TRUE.equals(failed);
    if (state == State.HALF_OPEN) {
      Slot slot = slots[permit.slot];
      if (slot.loan != permit.loan) {
        return COUNTED;
      }
      if (!slot.lent) {
        return TWICE;
      }
      slot.lent = false;
      if (expired(slot, now) || !learned) {
        return COUNTED;
      }
      if (bad) {
        open(now, row + 1);
        return COUNTED;
      }
      slot.seen++;
      if (Arrays.stream(slots).allMatch(each -> each.seen >= each.quota)) {
        enter(State.CLOSED, now);
      }
      return COUNTED;
    }
    if (learned) {
      count(failed, slow, now);
    }
    return COUNTED;
  }

  private void count(Boolean failed, boolean slow, long now) {
    boolean failure = Boolean.TRUE.equals(failed);
    failuresInARow = failure ? failuresInARow + 1 : failed == null ? failuresInARow : 0;
    if (!any) {
      any = true;
      anchor = now;
      slice = 0;
    }
    roll(now);
    outcomes.add(new Outcome(slice, failure, slow));
    boolean enough = calls() >= settings.minimumCalls;
    boolean inARow =
        settings.consecutiveFailures > 0 && failuresInARow >= settings.consecutiveFailures;
    boolean tooMany = enough && Settings.reaches(settings.failureRate, failures(), calls());
    boolean tooSlow = enough && Settings.reaches(settings.slowCallRate, slow(), calls());
    boolean opens = (failure && (inARow || tooMany)) || (slow && tooSlow);
    if (opens && gate.getAsBoolean()) {
      boolean again = row > 0 && now - since < lastOpen;
      open(now, again ? row + 1 : 1);
    }
  }

  private void roll(long now) {
    if (settings.sliceNanos > 0) {
      slice = Math.max(slice, Math.floorDiv(now - anchor, settings.sliceNanos));
    }
  }

  private List<Outcome> window() {
    if (settings.windowCalls > 0) {
      return outcomes.subList(Math.max(0, outcomes.size() - settings.windowCalls), outcomes.size());
    }
    return outcomes.stream()
        .filter(o -> settings.sliceNanos > 0 && o.slice > slice - TimeWindow.SLICES)
        .toList();
  }

  long calls() {
    return window().size();
  }

  long failures() {
    return window().stream().filter(Outcome::failed).count();
  }

  long slow() {
    return window().stream().filter(Outcome::slow).count();
  }

  long retryAt(long now) {
    State at = state(now);
    if (at == State.OPEN) {
      return until;
    }
    if (at == State.FORCED_OPEN) {
      return now + (Long.MAX_VALUE >> 1);
    }
    long least = Long.MAX_VALUE;
    for (Slot slot : at == State.HALF_OPEN ? slots : new Slot[0]) {
      if (slot.seen < slot.quota && slot.lent && !expired(slot, now)) {
        least = Math.min(least, ((slot.unit + timeoutUnits() + 1) << 20) + since - now);
      } else if (slot.seen < slot.quota) {
        return now;
      }
    }
    return least == Long.MAX_VALUE ? now : now + least;
  }

  void force(State to, long now) {
    if (state != to) {
      row = 0;
      enter(to, now);
    }
  }

  void reset(long now) {
    row = 0;
    lastOpen = 0;
    enter(State.CLOSED, now);
  }

  /** As the breaker's should be, but for what the rest of the test compares. */
  String snapshot(long now) {
    State state = state(now);
    roll(now);
    boolean closed = state == State.CLOSED;
    boolean halfOpen = state == State.HALF_OPEN;
    long lent = halfOpen
        ? Arrays.stream(slots).filter(slot -> slot.lent && !expired(slot, now)).count()
        : 0;
    return state + ", calls " + (closed ? calls() : 0) + ", failures " + (closed ? failures() : 0)
        + ", slow " + (closed && settings.slowCallRate > 0 ? slow() : 0) + ", in a row "
        + (closed && settings.consecutiveFailures > 0 ? failuresInARow : 0) + ", lent " + lent
        + ", seen "
        + (halfOpen ? Arrays.stream(slots).mapToInt(slot -> slot.seen).sum() : 0)
        + ", opened " + row + ", rejected " + rejected + ", transitions " + transitions.size();
  }
}
