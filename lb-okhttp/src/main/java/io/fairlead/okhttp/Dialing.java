package io.fairlead.okhttp;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.net.SocketFactory;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.SSLSession;
import okhttp3.Dns;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/**
 * Leads OkHttp's connections to one backend while the URL stays logical: its Dns answers the logical host with the
 * backend's addresses, its sockets exchange the logical port for the backend's, and no proxy comes between. Every other host,
 * to which a redirect may lead, is left to the client's own Dns, sockets and proxies.
 *
 * <p>OkHttp's pool takes connections for interchangeable if, among other things, their Dns and their proxy selector are
 * equal. So the Dns stands for the backend's {@link Epoch} and the client's own Dns. That of an attempt that needs a fresh
 * connection equals no other until it connects: no connection that is there fits it, and from then on its own fits others.
 *
 * <p>That of an epoch that is shut equals any: OkHttp throws a closed connection out of its pool when it looks whether it might
 * use it, and not before five minutes have passed if it never does.
 */
final class Dialing {

  private final Epoch epoch;
  private final Endpoint endpoint;
  private final Dns clientDns;
  private final SocketFactory clientSockets;
  private final ProxySelector clientProxies;
  private final boolean probeable;
  private final Dns dns = new BackendDns();
  private final SocketFactory sockets = new BackendSockets();
  private final ProxySelector proxies;
  private volatile boolean alone;

  /**
   * @param fresh whether no connection will do that is there already; not to be shared by attempts then
   */
  Dialing(Epoch epoch, Interceptor.Chain chain, boolean probeable, boolean fresh) {
    this.epoch = epoch;
    this.endpoint = epoch.endpoint();
    this.clientDns = chain.getDns();
    this.clientSockets = chain.getSocketFactory();
    this.clientProxies = chain.getProxySelector();
    this.probeable = probeable;
    this.alone = fresh;
    this.proxies = new BackendProxies(endpoint.logicalHosts(), clientProxies);
  }

  boolean fits(Interceptor.Chain chain, boolean probeable) {
    return this.probeable == probeable
        && clientDns == chain.getDns()
        && clientSockets == chain.getSocketFactory()
        && clientProxies == chain.getProxySelector();
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** Connections made in this way are not used again; those in use finish. */
  void retire() {
    endpoint.retire(epoch);
  }

  /** An attempt that it was given to has done with its connection. To be called once for each. */
  void leave() {
    epoch.leave();
  }

  /**
   * A connection is being made. To be called before it has failed, since OkHttp keeps each failed route that is unlike
   * those that it has.
   */
  void connecting() {
    if (alone) {
      alone = false;
    }
  }

  /** The chain, led to the backend, and kept from sending anything again by itself. */
  Interceptor.Chain apply(Interceptor.Chain chain) {
    Interceptor.Chain led = chain
        .withDns(dns)
        .withSocketFactory(sockets)
        .withProxySelector(proxies)
        .withRetryOnConnectionFailure(false);
    return chain.request().isHttps()
        ? led.withHostnameVerifier(new Uncoalesced(chain.getHostnameVerifier()))
        : led;
  }

  /**
   * Keeps requests to other hosts off the backend's HTTP/2 connections. OkHttp sends a request to another host, to which a
   * redirect leads, over a connection that it has to the same address and port, if the certificate covers both; but what it
   * takes for the backend's port is the logical one. It does so with its own host name verifier only, and this is another.
   */
  private record Uncoalesced(HostnameVerifier client) implements HostnameVerifier {

    @Override
    public boolean verify(String hostname, SSLSession session) {
      return client.verify(hostname, session);
    }
  }

  private final class BackendDns implements Dns {

    @Override
    public List<InetAddress> lookup(String hostname) throws UnknownHostException {
      if (!endpoint.isLogical(hostname)) {
        return clientDns.lookup(hostname);
      }
      InetAddress literal = endpoint.address();
      List<InetAddress> addresses =
          literal != null ? List.of(literal) : clientDns.lookup(endpoint.host());
      List<InetAddress> named = new ArrayList<>(addresses.size());
      for (InetAddress address : addresses) {
        named.add(named(hostname, address));
      }
      return named;
    }

    /** The address under the logical host's name, by which the socket knows that it is to lead to the backend. */
    private static InetAddress named(String hostname, InetAddress address)
        throws UnknownHostException {
      return address instanceof Inet6Address v6
          ? Inet6Address.getByAddress(hostname, v6.getAddress(), v6.getScopeId())
          : InetAddress.getByAddress(hostname, address.getAddress());
    }

    private Dialing dialing() {
      return Dialing.this;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other == this || (other instanceof BackendDns that && matches(that.dialing()));
    }

    private boolean matches(Dialing that) {
      if (epoch != that.epoch) {
        // All connections of one that is shut are closed: that one is looked at has no other
        // effect.
        return epoch.isShut() || that.epoch.isShut();
      }
      return !alone && !that.alone && clientDns.equals(that.clientDns);
    }

    /** Equal for those that were equal before one was shut. No connection is looked for by it. */
    @Override
    public int hashCode() {
      return System.identityHashCode(epoch);
    }

    @Override
    public String toString() {
      return "Dns of " + endpoint;
    }
  }

  private final class BackendSockets extends SocketFactory {

    @Override
    public Socket createSocket() throws IOException {
      BackendSocket socket = new BackendSocket(unconnected(), epoch);
      endpoint.opened(socket);
      return socket;
    }

    private Socket unconnected() throws IOException {
      if (clientSockets != SocketFactory.getDefault()) {
        return clientSockets.createSocket();
      }
      // Left to itself, a Socket asks the system's proxy selector when it connects. A channel's
      // does not.
      return probeable ? SocketChannel.open().socket() : new Socket(Proxy.NO_PROXY);
    }

    // OkHttp asks for sockets that are not yet connected, and for no others.

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      return clientSockets.createSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
        throws IOException {
      return clientSockets.createSocket(host, port, localHost, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      return clientSockets.createSocket(host, port);
    }

    @Override
    public Socket createSocket(
        InetAddress address, int port, InetAddress localAddress, int localPort) throws IOException {
      return clientSockets.createSocket(address, port, localAddress, localPort);
    }
  }

  /** Equal for equal settings, as all that OkHttp compares connections by. */
  private static final class BackendProxies extends ProxySelector {
    private final Set<String> logicalHosts;
    private final ProxySelector client;

    BackendProxies(Set<String> logicalHosts, ProxySelector client) {
      this.logicalHosts = logicalHosts;
      this.client = client;
    }

    @Override
    public List<Proxy> select(URI uri) {
      return logicalHosts.contains(Objects.requireNonNullElse(uri.getHost(), ""))
          ? List.of(Proxy.NO_PROXY)
          : client.select(uri);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
      client.connectFailed(uri, address, failure);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof BackendProxies that
          && logicalHosts.equals(that.logicalHosts)
          && client.equals(that.client);
    }

    @Override
    public int hashCode() {
      return logicalHosts.hashCode();
    }
  }
}
