package io.fairlead.examples.quickstart;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/**
 * One line that is rewritten as things go on, above which messages scroll. Where there is no terminal, a line per second
 * instead. Thread-safe.
 */
final class Progress {

  private static final long PLAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final PrintStream out;

  // From Java 22 on there may be a console where there is no terminal: a file then gets the line in
  // all its versions, which does no harm.
  @SuppressWarnings("SystemConsoleNull")
  private final boolean terminal = System.console() != null;

  private String shown = ""; // the line that is rewritten; empty if there is none
  private String plain = ""; // the last one that was to be shown, without a terminal
  private long plainNanos = System.nanoTime();

  Progress(PrintStream out) {
    this.out = out;
  }

  /** Rewrites the line. */
  synchronized void update(String line) {
    if (terminal) {
      // With blanks for what is left of a longer one.
      out.print("\r" + line + " ".repeat(Math.max(0, shown.length() - line.length())));
      out.flush();
      shown = line;
    } else {
      plain = line;
      if (System.nanoTime() - plainNanos >= PLAIN_NANOS) {
        flushPlain();
      }
    }
  }

  private void flushPlain() {
    if (!plain.isEmpty()) {
      out.println(plain);
      plain = "";
      plainNanos = System.nanoTime();
    }
  }

  /** Says something that stays. */
  synchronized void say(String message) {
    flushPlain();
    if (!shown.isEmpty()) {
      out.println();
      shown = "";
    }
    out.println(message);
  }
}
