package io.fairlead.okhttp;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** One request that a {@link FaultServer} has read to its end, and what can be done about it, whatever the protocol. */
abstract class FaultExchange {

  private final Socket raw;
  final InputStream in;
  private final OutputStream out;
  private boolean over;

  /**
   * @param raw what TLS, if there is any, goes over
   * @param talking what is read from and written to
   */
  FaultExchange(Socket raw, Socket talking, InputStream in) throws IOException {
    this.raw = raw;
    this.in = in;
    this.out = talking.getOutputStream();
  }

  /** The whole head of an answer whose body is to be so long, or is said to be. */
  abstract void head(int status, int length, String... namesAndValues) throws IOException;

  abstract void data(String bytes, boolean last) throws IOException;

  /** A head that is not complete, and could go on with any bytes. */
  abstract void partOfHead() throws IOException;

  /** Nothing, for as long as the client waits. */
  abstract void silence() throws IOException;

  void answer(int status, String body, String... namesAndValues) throws IOException {
    head(status, body.length(), namesAndValues);
    data(body, true);
  }

  /** These bytes as they are, whatever the protocol makes of them. */
  void bytes(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  void bytes(String text) throws IOException {
    bytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  void pause(Duration duration) {
    LockSupport.parkNanos(duration.toNanos());
  }

  /** The end of the connection. */
  void close() {
    over = true;
  }

  /** The end of the connection, by a reset. */
  void reset() throws IOException {
    raw.setSoLinger(true, 0);
    raw.close();
    over = true;
  }

  /** An end of stream for the client, while the server goes on listening. Below TLS, which is not told. */
  void shutOutput() throws IOException {
    out.flush();
    raw.shutdownOutput();
  }

  /** Whatever else comes from the client, nobody reads it. */
  void shutInput() throws IOException {
    raw.shutdownInput();
  }

  boolean isOver() {
    return over;
  }

  /** Of HTTP/1.1. */
  static final class Http1 extends FaultExchange {

    Http1(Socket raw, Socket talking, InputStream in) throws IOException {
      super(raw, talking, in);
    }

    @Override
    void head(int status, int length, String... namesAndValues) throws IOException {
      StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " As it is\r\n");
      head.append("Content-Length: ").append(length).append("\r\n");
      for (int i = 0; i < namesAndValues.length; i += 2) {
        head.append(namesAndValues[i])
            .append(": ")
            .append(namesAndValues[i + 1])
            .append("\r\n");
      }
      bytes(head.append("\r\n").toString());
    }

    @Override
    void data(String bytes, boolean last) throws IOException {
      bytes(bytes);
    }

    @Override
    void partOfHead() throws IOException {
      bytes("HTTP/1.1 200 OK\r\nContent-Le");
    }

    @Override
    void silence() throws IOException {
      while (in.read() != -1) {
        // nobody sends anything
      }
      close();
    }
  }

  /** Of HTTP/2: one stream of a connection. Frames are those of RFC 9113, headers those of RFC 7541, never compressed. */
  static final class Http2 extends FaultExchange {

    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;

    /** Of DATA and HEADERS. */
    static final int END_STREAM = 1;
    /** Of SETTINGS and PING. */
    static final int ACK = 1;

    static final int END_HEADERS = 4;

    final int stream;

    Http2(Socket raw, Socket talking, InputStream in, int stream) throws IOException {
      super(raw, talking, in);
      this.stream = stream;
    }

    void frame(int type, int flags, int ofStream, byte[] payload) throws IOException {
      ByteArrayOutputStream frame = new ByteArrayOutputStream();
      frame.writeBytes(frameHead(payload.length, type, flags, ofStream));
      frame.writeBytes(payload);
      bytes(frame.toByteArray());
    }

    private static byte[] frameHead(int length, int type, int flags, int stream) {
      return new byte[] {
        (byte) (length >> 16),
        (byte) (length >> 8),
        (byte) length,
        (byte) type,
        (byte) flags,
        (byte) (stream >> 24),
        (byte) (stream >> 16),
        (byte) (stream >> 8),
        (byte) stream
      };
    }

    private static byte[] number(int value) {
      return new byte[] {
        (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
      };
    }

    void resetStream(int error) throws IOException {
      frame(RST_STREAM, 0, stream, number(error));
    }

    /** Says farewell; streams after the last one were not looked at. */
    void goaway(int last, int error) throws IOException {
      ByteArrayOutputStream payload = new ByteArrayOutputStream();
      payload.writeBytes(number(last));
      payload.writeBytes(number(error));
      frame(GOAWAY, 0, 0, payload.toByteArray());
    }

    @Override
    void head(int status, int length, String... namesAndValues) throws IOException {
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      head.write(0x08); // ":status", which is the 8th of the static table, and a value of its own
      text(head, String.valueOf(status));
      header(head, "content-length", String.valueOf(length));
      for (int i = 0; i < namesAndValues.length; i += 2) {
        header(head, namesAndValues[i].toLowerCase(Locale.ROOT), namesAndValues[i + 1]);
      }
      frame(HEADERS, END_HEADERS, stream, head.toByteArray());
    }

    private static void header(ByteArrayOutputStream head, String name, String value) {
      head.write(0); // a name of its own, not to be remembered
      text(head, name);
      text(head, value);
    }

    private static void text(ByteArrayOutputStream head, String text) {
      head.write(text.length()); // below 127, so that it is one byte
      head.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    void data(String bytes, boolean last) throws IOException {
      frame(DATA, last ? END_STREAM : 0, stream, bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    void partOfHead() throws IOException {
      bytes(frameHead(10_000, HEADERS, END_HEADERS, stream));
      bytes(new byte[] {0x08, 3});
    }

    @Override
    void silence() {
      // The connection goes on.
    }
  }
}
