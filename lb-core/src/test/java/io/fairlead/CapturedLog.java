package io.fairlead;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Keeps what is logged until its close: slf4j-simple writes to whatever {@code System.err} is at the moment. */
public final class CapturedLog implements AutoCloseable {

  private final PrintStream before = System.err;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  public CapturedLog() {
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
  }

  public String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** How often something was logged. */
  public int count(String part) {
    return text().split(Pattern.quote(part), -1).length - 1;
  }

  @Override
  public void close() {
    System.setErr(before);
  }
}
