package io.fairlead.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Handshake;
import okhttp3.HttpUrl;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Tells the events of an attempt that is an OkHttp call of its own to the listener of the user's call, as that call's: all but
 * start, end, failure and cancel, which the user's call has itself.
 */
final class ForwardedEvents extends EventListener {

  private final Call outer;
  private final EventListener listener;

  /** Those that are held back; null once they are told as they come. */
  private volatile @Nullable List<Runnable> held;

  /**
   * Events for a listener.
   *
   * @param hold whether to hold them back until they are {@linkplain #release released}, since another attempt is under way, and a
   *     call's events come one at a time
   */
  ForwardedEvents(Call outer, EventListener listener, boolean hold) {
    this.outer = outer;
    this.listener = listener;
    this.held = hold ? new ArrayList<>() : null;
  }

  private void tell(Runnable event) {
    List<Runnable> line = held;
    if (line == null) {
      event.run();
    } else {
      line.add(event);
    }
  }

  /** Tells what was held back, and from now on whatever comes. The attempt has its answer by now, and nothing happens to it. */
  void release() {
    List<Runnable> line = held;
    held = null;
    if (line != null) {
      line.forEach(Runnable::run);
    }
  }

  @Override
  public void proxySelectStart(Call inner, HttpUrl url) {
    tell(() -> listener.proxySelectStart(outer, url));
  }

  @Override
  public void proxySelectEnd(Call inner, HttpUrl url, List<Proxy> proxies) {
    tell(() -> listener.proxySelectEnd(outer, url, proxies));
  }

  @Override
  public void dnsStart(Call inner, String domainName) {
    tell(() -> listener.dnsStart(outer, domainName));
  }

  @Override
  public void dnsEnd(Call inner, String domainName, List<InetAddress> addresses) {
    tell(() -> listener.dnsEnd(outer, domainName, addresses));
  }

  @Override
  public void connectStart(Call inner, InetSocketAddress address, Proxy proxy) {
    tell(() -> listener.connectStart(outer, address, proxy));
  }

  @Override
  public void secureConnectStart(Call inner) {
    tell(() -> listener.secureConnectStart(outer));
  }

  @Override
  public void secureConnectEnd(Call inner, @Nullable Handshake handshake) {
    tell(() -> listener.secureConnectEnd(outer, handshake));
  }

  @Override
  public void connectEnd(
      Call inner, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
    tell(() -> listener.connectEnd(outer, address, proxy, protocol));
  }

  @Override
  public void connectFailed(
      Call inner,
      InetSocketAddress address,
      Proxy proxy,
      @Nullable Protocol protocol,
      IOException failure) {
    tell(() -> listener.connectFailed(outer, address, proxy, protocol, failure));
  }

  @Override
  public void connectionAcquired(Call inner, Connection connection) {
    tell(() -> listener.connectionAcquired(outer, connection));
  }

  @Override
  public void connectionReleased(Call inner, Connection connection) {
    tell(() -> listener.connectionReleased(outer, connection));
  }

  @Override
  public void requestHeadersStart(Call inner) {
    tell(() -> listener.requestHeadersStart(outer));
  }

  @Override
  public void requestHeadersEnd(Call inner, Request request) {
    tell(() -> listener.requestHeadersEnd(outer, request));
  }

  @Override
  public void requestBodyStart(Call inner) {
    tell(() -> listener.requestBodyStart(outer));
  }

  @Override
  public void requestBodyEnd(Call inner, long bytes) {
    tell(() -> listener.requestBodyEnd(outer, bytes));
  }

  @Override
  public void requestFailed(Call inner, IOException failure) {
    tell(() -> listener.requestFailed(outer, failure));
  }

  @Override
  public void responseHeadersStart(Call inner) {
    tell(() -> listener.responseHeadersStart(outer));
  }

  @Override
  public void responseHeadersEnd(Call inner, Response response) {
    tell(() -> listener.responseHeadersEnd(outer, response));
  }

  @Override
  public void responseBodyStart(Call inner) {
    tell(() -> listener.responseBodyStart(outer));
  }

  @Override
  public void responseBodyEnd(Call inner, long bytes) {
    tell(() -> listener.responseBodyEnd(outer, bytes));
  }

  @Override
  public void responseFailed(Call inner, IOException failure) {
    tell(() -> listener.responseFailed(outer, failure));
  }

  @Override
  public void satisfactionFailure(Call inner, Response response) {
    tell(() -> listener.satisfactionFailure(outer, response));
  }

  @Override
  public void cacheHit(Call inner, Response response) {
    tell(() -> listener.cacheHit(outer, response));
  }

  @Override
  public void cacheMiss(Call inner) {
    tell(() -> listener.cacheMiss(outer));
  }

  @Override
  public void cacheConditionalHit(Call inner, Response cached) {
    tell(() -> listener.cacheConditionalHit(outer, cached));
  }

  @Override
  public void retryDecision(Call inner, IOException failure, boolean retry) {
    tell(() -> listener.retryDecision(outer, failure, retry));
  }

  @Override
  public void followUpDecision(Call inner, Response response, @Nullable Request followUp) {
    tell(() -> listener.followUpDecision(outer, response, followUp));
  }
}
