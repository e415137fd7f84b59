package io.fairlead.okhttp;

import static io.fairlead.okhttp.Fault.Effect.BEGUN;
import static io.fairlead.okhttp.Fault.Effect.DELIVERED;
import static io.fairlead.okhttp.Fault.Effect.DISCLAIMED;
import static io.fairlead.okhttp.Fault.Effect.LOST;
import static io.fairlead.okhttp.Fault.Effect.REFUSED;
import static io.fairlead.okhttp.Fault.Effect.UNREACHED;

import io.fairlead.okhttp.FaultExchange.Http2;
import io.fairlead.okhttp.FaultServer.Answer;
import io.fairlead.okhttp.FaultServer.Welcome;
import io.fairlead.okhttp.Harness.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import okhttp3.tls.HandshakeCertificates;

/** Something that a server may do to a request. */
final class Fault {

  /** What a good answer has. */
  static final String BODY = "hello";

  /** What it means for the request, and so whether it can be saved by another server. */
  enum Effect {
    /** Nothing was sent: any request can be. */
    UNREACHED,
    /** It was sent, and the server says that it did nothing with it: any that can be sent again can be. */
    DISCLAIMED,
    /** It was sent, and nothing came back: those can be that may be repeated. */
    LOST,
    /** As {@link #LOST}, but something came back that is no answer. */
    BEGUN,
    /** The answer says that the server could not do it: those can be that may be repeated. */
    REFUSED,
    /** The caller has the answer, or its head: none can be, and most need not. */
    DELIVERED
  }

  private static final Set<Wire> ALL_WIRES = EnumSet.allOf(Wire.class);
  private static final Set<Wire> TLS = EnumSet.of(Wire.TLS_HTTP_1, Wire.TLS_HTTP_2);
  private static final Set<Wire> HTTP_2 = EnumSet.of(Wire.TLS_HTTP_2, Wire.PRIOR_KNOWLEDGE);

  // Over HTTP/2 without TLS it is a matter of chance how far a connection comes that breaks off as
  // it is made. So it is over HTTP/1.1 without TLS, if it is reset.
  private static final Set<Wire> CERTAIN =
      EnumSet.of(Wire.HTTP_1, Wire.TLS_HTTP_1, Wire.TLS_HTTP_2);

  private static final int NO_ERROR = 0;
  private static final int INTERNAL_ERROR = 2;
  private static final int REFUSED_STREAM = 7;
  private static final int CANCEL = 8;
  private static final int ENHANCE_YOUR_CALM = 11;

  private static final Duration SLOW = Duration.ofMillis(100);
  private static final Duration DRIP = Duration.ofMillis(20);

  /** All of them, as they stand in the table. */
  static final List<Fault> ALL = List.of(
      new Fault("refuses the connection", ALL_WIRES, UNREACHED, UNREACHED),
      connection("closes the connection at once", LOST, socket -> false),
      handshake("resets the connection at once", socket -> {
        socket.setSoLinger(true, 0);
        return false;
      }),
      connection("accepts the connection and is silent", LOST, socket -> untilItEnds(socket))
          .waiting(),
      connection("shuts its output at once", LOST, socket -> {
        socket.shutdownOutput();
        return untilItEnds(socket);
      }),
      connection("shuts its input at once", LOST, socket -> {
            socket.shutdownInput();
            while (!socket.isClosed()) { // which it does not hear of either
              LockSupport.parkNanos(DRIP.toNanos());
            }
            return false;
          })
          .waiting()
          .deaf(),
      connection("speaks another protocol", BEGUN, socket -> {
            socket
                .getOutputStream()
                .write("220 smtp.test ESMTP\r\n".getBytes(StandardCharsets.US_ASCII));
            return untilItEnds(socket);
          })
          .waiting(),
      certificate("has a certificate that has expired", Harness.EXPIRED_SERVER),
      certificate("has a certificate for another name", Harness.FOREIGN_SERVER),

      // ---- with the request ----
      request("closes", LOST, FaultExchange::close),
      request("resets the connection", LOST, FaultExchange::reset),
      request("is silent", LOST, FaultExchange::silence).waiting(),
      request("shuts its output, and listens", LOST, exchange -> {
        exchange.shutOutput();
        exchange.silence();
      }),
      stream(
          "resets the stream: INTERNAL_ERROR",
          LOST,
          exchange -> exchange.resetStream(INTERNAL_ERROR)),
      stream("resets the stream: CANCEL", LOST, exchange -> exchange.resetStream(CANCEL)),
      stream(
          "resets the stream: REFUSED_STREAM",
          DISCLAIMED,
          exchange -> exchange.resetStream(REFUSED_STREAM)),
      stream("GOAWAY: has not looked at it", DISCLAIMED, exchange -> {
        exchange.goaway(0, NO_ERROR);
        exchange.close();
      }),
      stream("GOAWAY: has looked at it, and closes", LOST, exchange -> {
        exchange.goaway(exchange.stream, ENHANCE_YOUR_CALM);
        exchange.close();
      }),

      // ---- within the head of an answer ----
      request("sends garbage", BEGUN, exchange -> {
        exchange.bytes("\u0000\u0001\u0002garbage\u00ff\r\n\r\n\r\n");
        exchange.close();
      }),
      request("closes within the headers", BEGUN, exchange -> {
        exchange.partOfHead();
        exchange.close();
      }),
      request("resets within the headers", BEGUN, exchange -> {
        exchange.partOfHead();
        exchange.reset();
      }),
      request("is silent within the headers", BEGUN, exchange -> {
            exchange.partOfHead();
            exchange.silence();
          })
          .waiting(),
      request("trickles headers without end", BEGUN, exchange -> {
            exchange.partOfHead();
            while (!exchange.isOver()) {
              exchange.pause(DRIP);
              exchange.bytes("x");
            }
          })
          .neverSilent(),

      // ---- answers that are refusals ----
      status("500", 500),
      status("502", 502),
      status("503", 503),
      status("503, Retry-After: 0", 503, "0"),
      status("503, Retry-After: 1", 503, "1"),
      new Fault("answers 503, Retry-After: in an hour, as a date", ALL_WIRES, REFUSED, REFUSED)
          .answering(exchange -> exchange.answer(503, BODY, "Retry-After", inAnHour())),
      status("503, Retry-After: 99999999999", 503, "99999999999"),
      status("503, Retry-After: -5", 503, "-5"),
      status("503, Retry-After: soon", 503, "soon"),
      status("429", 429),
      status("429, Retry-After: 0", 429, "0"),
      status("429, Retry-After: 1", 429, "1"),
      status("429, Retry-After: 99999999999", 429, "99999999999"),
      status("429, Retry-After: soon", 429, "soon"),

      // ---- after the head of an answer ----
      request("closes within the body", DELIVERED, exchange -> {
        beginBody(exchange);
        exchange.close();
      }),
      request("resets within the body", DELIVERED, exchange -> {
        beginBody(exchange);
        exchange.reset();
      }),
      stream("resets the stream within the body", DELIVERED, exchange -> {
        beginBody(exchange);
        exchange.resetStream(INTERNAL_ERROR);
      }),
      request("shuts its output within the body", DELIVERED, exchange -> {
        beginBody(exchange);
        exchange.shutOutput();
        exchange.silence();
      }),
      request("is silent within the body", DELIVERED, exchange -> {
            beginBody(exchange);
            exchange.silence();
          })
          .waiting(),
      request("has a Content-Length that is too large", DELIVERED, exchange -> {
        exchange.head(200, BODY.length() + 1);
        exchange.data(BODY, true);
        exchange.close();
      }),
      request("has a Content-Length that is too small", DELIVERED, exchange -> {
        exchange.head(200, BODY.length() - 1);
        exchange.data(BODY, true);
      }),

      // ---- no faults ----
      request("answers after 100 ms", DELIVERED, exchange -> {
        exchange.pause(SLOW);
        exchange.answer(200, BODY);
      }),
      request("trickles the body", DELIVERED, exchange -> {
        exchange.head(200, BODY.length());
        for (int i = 0; i < BODY.length(); i++) {
          exchange.pause(DRIP);
          exchange.data(BODY.substring(i, i + 1), i == BODY.length() - 1);
        }
      }),
      request("answers and closes", DELIVERED, exchange -> {
        exchange.answer(200, BODY);
        exchange.close();
      }),
      stream("answers after a GOAWAY", DELIVERED, exchange -> {
        exchange.goaway(exchange.stream, NO_ERROR);
        exchange.answer(200, BODY);
      }));

  private final String what;
  private final Set<Wire> wires;
  private final Effect plain;
  private final Effect tls;
  private HandshakeCertificates certificates = Harness.SERVER;
  private Welcome welcome = Welcome.NONE;
  private Answer answer = exchange -> exchange.answer(200, BODY);
  private boolean waits;
  private boolean ofRequest;
  private boolean deaf;
  private boolean neverSilent;

  private Fault(String what, Set<Wire> wires, Effect plain, Effect tls) {
    this.what = what;
    this.wires = wires;
    this.plain = plain;
    this.tls = tls;
  }

  /** As soon as a connection is made. With TLS, it never is made. */
  private static Fault connection(String what, Effect plain, Welcome welcome) {
    Fault fault = new Fault(what, CERTAIN, plain, UNREACHED);
    fault.welcome = welcome;
    return fault;
  }

  /** Likewise, but with TLS only. */
  private static Fault handshake(String what, Welcome welcome) {
    Fault fault = new Fault(what, TLS, UNREACHED, UNREACHED);
    fault.welcome = welcome;
    return fault;
  }

  private static Fault certificate(String what, HandshakeCertificates certificates) {
    Fault fault = new Fault(what, TLS, UNREACHED, UNREACHED);
    fault.certificates = certificates;
    return fault;
  }

  private static Fault request(String what, Effect effect, Answer answer) {
    return new Fault(what, ALL_WIRES, effect, effect).answering(answer);
  }

  /** What there is in HTTP/2 only. */
  @FunctionalInterface
  private interface StreamAnswer {
    void to(Http2 exchange) throws IOException;
  }

  private static Fault stream(String what, Effect effect, StreamAnswer answer) {
    return new Fault(what, HTTP_2, effect, effect)
        .answering(exchange -> answer.to((Http2) exchange));
  }

  private static Fault status(String what, int status, String... retryAfter) {
    return request("answers " + what, REFUSED, exchange -> {
      if (retryAfter.length == 0) {
        exchange.answer(status, BODY);
      } else {
        exchange.answer(status, BODY, "Retry-After", retryAfter[0]);
      }
    });
  }

  private Fault answering(Answer given) {
    this.answer = given;
    this.ofRequest = true;
    return this;
  }

  /** Only a time-out ends it. */
  private Fault waiting() {
    this.waits = true;
    return this;
  }

  /** Only an attempt's own time-out ends it: there is always something to read. */
  private Fault neverSilent() {
    this.neverSilent = true;
    return waiting();
  }

  /** It does not notice when the client goes. */
  private Fault deaf() {
    this.deaf = true;
    return this;
  }

  /** And waits until the caller has the head: OkHttp gives it to nobody if the connection breaks off before it was asked for. */
  private static void beginBody(FaultExchange exchange) throws IOException {
    exchange.head(200, BODY.length());
    exchange.data("he", false);
    exchange.pause(SLOW);
  }

  private static boolean untilItEnds(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    while (in.read() != -1) {
      // whatever it is
    }
    return false;
  }

  private static String inAnHour() {
    return DateTimeFormatter.RFC_1123_DATE_TIME.format(
        ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
  }

  /** What a server does, as in "it closes the connection at once". */
  String what() {
    return what;
  }

  boolean isOver(Wire wire) {
    return wires.contains(wire);
  }

  Effect effect(Wire wire) {
    return wire.isTls() ? tls : plain;
  }

  boolean waits() {
    return waits;
  }

  /** Whether it is done to a request, so that the one before it, over the same connection, may be answered as it should. */
  boolean isOfRequest() {
    return ofRequest;
  }

  boolean isNeverSilent() {
    return neverSilent;
  }

  boolean isDeaf() {
    return deaf;
  }

  /** Whether there is no server at all. */
  boolean isAbsence() {
    return this == ALL.get(0);
  }

  /**
   * Starts a server that does this.
   *
   * @param good how many requests it answers as it should before
   */
  FaultServer start(Wire wire, int good) throws IOException {
    return FaultServer.start(wire, certificates, welcome, answer, good);
  }

  @Override
  public String toString() {
    return what;
  }
}
