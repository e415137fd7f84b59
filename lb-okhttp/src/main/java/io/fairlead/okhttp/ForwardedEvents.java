package io.fairlead.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
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

  ForwardedEvents(Call outer, EventListener listener) {
    this.outer = outer;
    this.listener = listener;
  }

  @Override
  public void proxySelectStart(Call inner, HttpUrl url) {
    listener.proxySelectStart(outer, url);
  }

  @Override
  public void proxySelectEnd(Call inner, HttpUrl url, List<Proxy> proxies) {
    listener.proxySelectEnd(outer, url, proxies);
  }

  @Override
  public void dnsStart(Call inner, String domainName) {
    listener.dnsStart(outer, domainName);
  }

  @Override
  public void dnsEnd(Call inner, String domainName, List<InetAddress> addresses) {
    listener.dnsEnd(outer, domainName, addresses);
  }

  @Override
  public void connectStart(Call inner, InetSocketAddress address, Proxy proxy) {
    listener.connectStart(outer, address, proxy);
  }

  @Override
  public void secureConnectStart(Call inner) {
    listener.secureConnectStart(outer);
  }

  @Override
  public void secureConnectEnd(Call inner, @Nullable Handshake handshake) {
    listener.secureConnectEnd(outer, handshake);
  }

  @Override
  public void connectEnd(
      Call inner, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol) {
    listener.connectEnd(outer, address, proxy, protocol);
  }

  @Override
  public void connectFailed(
      Call inner,
      InetSocketAddress address,
      Proxy proxy,
      @Nullable Protocol protocol,
      IOException failure) {
    listener.connectFailed(outer, address, proxy, protocol, failure);
  }

  @Override
  public void connectionAcquired(Call inner, Connection connection) {
    listener.connectionAcquired(outer, connection);
  }

  @Override
  public void connectionReleased(Call inner, Connection connection) {
    listener.connectionReleased(outer, connection);
  }

  @Override
  public void requestHeadersStart(Call inner) {
    listener.requestHeadersStart(outer);
  }

  @Override
  public void requestHeadersEnd(Call inner, Request request) {
    listener.requestHeadersEnd(outer, request);
  }

  @Override
  public void requestBodyStart(Call inner) {
    listener.requestBodyStart(outer);
  }

  @Override
  public void requestBodyEnd(Call inner, long bytes) {
    listener.requestBodyEnd(outer, bytes);
  }

  @Override
  public void requestFailed(Call inner, IOException failure) {
    listener.requestFailed(outer, failure);
  }

  @Override
  public void responseHeadersStart(Call inner) {
    listener.responseHeadersStart(outer);
  }

  @Override
  public void responseHeadersEnd(Call inner, Response response) {
    listener.responseHeadersEnd(outer, response);
  }

  @Override
  public void responseBodyStart(Call inner) {
    listener.responseBodyStart(outer);
  }

  @Override
  public void responseBodyEnd(Call inner, long bytes) {
    listener.responseBodyEnd(outer, bytes);
  }

  @Override
  public void responseFailed(Call inner, IOException failure) {
    listener.responseFailed(outer, failure);
  }

  @Override
  public void satisfactionFailure(Call inner, Response response) {
    listener.satisfactionFailure(outer, response);
  }

  @Override
  public void cacheHit(Call inner, Response response) {
    listener.cacheHit(outer, response);
  }

  @Override
  public void cacheMiss(Call inner) {
    listener.cacheMiss(outer);
  }

  @Override
  public void cacheConditionalHit(Call inner, Response cached) {
    listener.cacheConditionalHit(outer, cached);
  }

  @Override
  public void retryDecision(Call inner, IOException failure, boolean retry) {
    listener.retryDecision(outer, failure, retry);
  }

  @Override
  public void followUpDecision(Call inner, Response response, @Nullable Request followUp) {
    listener.followUpDecision(outer, response, followUp);
  }
}
