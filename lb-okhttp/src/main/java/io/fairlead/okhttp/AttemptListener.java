package io.fairlead.okhttp;

import io.fairlead.Lease;
import io.fairlead.request.Outcome;
import io.fairlead.time.Cancellable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Watches the OkHttp call that carries attempts: how far the present one has come, what its first answer says, and when the
 * call ends.
 *
 * <p>But for the end and a cancel, events come on the thread that makes the call.
 */
final class AttemptListener extends EventListener {

  private static final AtomicReferenceFieldUpdater<AttemptListener, @Nullable Dialing> ENTERED =
      AtomicReferenceFieldUpdater.newUpdater(AttemptListener.class, Dialing.class, "entered");

  private final BalancedCall balanced;
  private @Nullable Dialing dialing;
  private boolean dialed;
  private boolean opened;
  private @Nullable Connection connection;
  private boolean sent;
  private boolean bodyBegun;
  private boolean broken;
  private boolean answerBegun;
  private boolean answered;
  private @Nullable HttpUrl followedUp;
  private boolean ended;
  private @Nullable String schemeChange;
  private volatile @Nullable Lease lease;
  private volatile @Nullable Dialing entered; // until it is left
  // The whole one; null if this watches a call of an attempt's own. Any thread may cancel.
  private volatile @Nullable Cancellable call;

  AttemptListener(BalancedCall balanced) {
    this.balanced = balanced;
  }

  /** A call begins, which ends if the OkHttp call that this watches is cancelled. */
  void begin(Cancellable call) {
    this.call = call;
  }

  /** Another attempt begins, and the one before has done with its connection. */
  void begin(Lease lease, Dialing dialing) {
    leave();
    this.dialing = dialing;
    entered = dialing;
    dialed = false;
    opened = false;
    connection = null;
    sent = false;
    bodyBegun = false;
    broken = false;
    answerBegun = false;
    answered = false;
    followedUp = null;
    schemeChange = null;
    this.lease = lease;
  }

  /** The interceptor is done with the call: headers that come now are another's, to whom an outer interceptor went on. */
  void finish() {
    answered = true;
    call = null;
  }

  BalancedCall balanced() {
    return balanced;
  }

  Dialing dialing() {
    return Objects.requireNonNull(dialing, "dialing");
  }

  /** Whether it came so far as to look for a connection, and found none at first. */
  boolean dialed() {
    return dialed;
  }

  /** Whether it has or had a connection. */
  boolean connected() {
    return connection != null;
  }

  /** Whether its connection has carried other requests before. */
  boolean reused() {
    // Not by dialed: having looked the address up, OkHttp looks for a connection once more.
    return connection != null && !opened;
  }

  /** Whether its connection is one that carries several requests at once. */
  boolean multiplexed() {
    Connection known = connection;
    return known != null && isMultiplexed(known);
  }

  static boolean isMultiplexed(Connection connection) {
    Protocol protocol = connection.protocol();
    return protocol == Protocol.HTTP_2 || protocol == Protocol.H2_PRIOR_KNOWLEDGE;
  }

  /** Whether anything of the request may have been sent. */
  boolean sent() {
    return sent;
  }

  /** Whether anything of its body may have been sent. */
  boolean bodyBegun() {
    return bodyBegun;
  }

  /** Whether sending or receiving failed. If not, an exception is of the user's code: of the request's body, say. */
  boolean broken() {
    return broken;
  }

  /** Whether headers have come that were not yet the answer's: informational ones. */
  boolean answerBegun() {
    return answerBegun;
  }

  /** Whether the headers of a first answer have come, and its outcome is recorded. */
  boolean answered() {
    return answered;
  }

  /** To where it has gone on after the first answer: to where a redirect leads, say. Null if it has not. */
  @Nullable
  HttpUrl followedUp() {
    return followedUp;
  }

  /** That a redirect of the logical host led to another scheme, in words; null if none did. */
  @Nullable
  String schemeChange() {
    return schemeChange;
  }

  @Override
  public void dnsStart(Call call, String domainName) {
    dialed = true;
  }

  @Override
  public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
    dialing().connecting();
  }

  @Override
  public void connectEnd(
      Call call, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
    opened = true;
  }

  @Override
  public void connectionAcquired(Call call, Connection connection) {
    this.connection = connection;
  }

  @Override
  public void connectionReleased(Call call, Connection connection) {
    balanced.guard().idle(connection);
  }

  @Override
  public void requestHeadersStart(Call call) {
    sent = true;
  }

  @Override
  public void requestBodyStart(Call call) {
    bodyBegun = true;
  }

  @Override
  public void requestFailed(Call call, IOException failure) {
    broken = true;
  }

  @Override
  public void responseFailed(Call call, IOException failure) {
    broken = true;
  }

  @Override
  public void responseHeadersStart(Call call) {
    answerBegun = true;
  }

  @Override
  public void responseHeadersEnd(Call call, Response response) {
    Lease present = lease;
    if (!answered && present != null) {
      answered = true;
      present.record(balanced.classify(response));
    }
  }

  @Override
  public void followUpDecision(Call call, Response response, @Nullable Request followUp) {
    if (followUp != null) {
      followedUp = followUp.url();
      schemeChange = balanced.schemeChange(followUp.url());
    }
  }

  @Override
  public void callEnd(Call call) {
    ended();
  }

  @Override
  public void callFailed(Call call, IOException failure) {
    ended();
  }

  /** A call of the attempt's own may end before its outcome is recorded: closed before, it would be taken for abandoned. */
  private void ended() {
    leave();
    ended = true;
    if (answered) {
      close();
    }
  }

  @Override
  public void canceled(Call okhttp) {
    leave();
    close();
    Cancellable whole = call;
    if (whole != null) {
      whole.cancel();
    }
  }

  private void leave() {
    // Several events may tell of one end, on several threads.
    Dialing left = entered == null ? null : ENTERED.getAndSet(this, null);
    if (left != null) {
      left.leave();
    }
  }

  private void close() {
    Lease present = lease;
    if (present != null) {
      present.close();
    }
  }

  /** An outcome that was not told by an event. */
  void answered(Outcome outcome) {
    Lease present = lease;
    if (!answered && present != null) {
      answered = true;
      present.record(outcome);
      if (ended) {
        close();
      }
    }
  }
}
