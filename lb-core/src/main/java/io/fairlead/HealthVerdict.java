package io.fairlead;

import org.jspecify.annotations.Nullable;

/**
 * What one server is taken for by the checks that it has passed and failed: up or down, and another only after enough in a row that
 * speak against it. Not thread-safe.
 */
final class HealthVerdict {

  /** Why one is down that has not been checked, or only just begun to be. */
  static final String UNCHECKED = "has not passed a check yet";

  private final int rise;
  private final int fall;
  private @Nullable String down; // why; null if it is up
  private boolean wasUp;
  private int streak; // of results that speak against it

  private HealthVerdict(HealthCheck check, @Nullable String down, boolean wasUp) {
    this.rise = check.rise();
    this.fall = check.fall();
    this.down = down;
    this.wasUp = wasUp;
  }

  /** Of one that has come. */
  static HealthVerdict initial(HealthCheck check) {
    boolean up = check.initially() == HealthCheck.State.UP;
    return new HealthVerdict(check, up ? null : UNCHECKED, up);
  }

  /** Of one that was up once, and was down when it was last heard of. */
  static HealthVerdict stillDown(HealthCheck check, String why) {
    return new HealthVerdict(check, why, true);
  }

  /** Why it is down; null if it is up. */
  @Nullable
  String down() {
    return down;
  }

  void passed() {
    if (down == null) {
      streak = 0;
    } else if (++streak >= (wasUp ? rise : 1)) {
      down = null;
      wasUp = true;
      streak = 0;
    }
  }

  /** It has failed one. The reason stays that by which it went down: not each further failure is news. */
  void failed(String reason) {
    if (down == null && ++streak < fall) {
      return;
    }
    streak = 0;
    if (down == null || down.equals(UNCHECKED)) {
      down = reason;
    }
  }
}
