package io.fairlead.okhttp;

import io.fairlead.LoadBalancer;
import io.fairlead.request.Outcome;
import io.fairlead.request.RequestContext;
import io.fairlead.time.Chance;
import java.io.IOException;
import java.net.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts load balancers under an OkHttp client: a call to a host that a balancer is named after goes to one of that balancer's
 * backends, and on to another if it fails and may. Calls to all other hosts pass untouched.
 *
 * <pre>{@code
 * LoadBalancer orders = LoadBalancer.builder("orders").backends("10.0.0.1:8080", "10.0.0.2:8080").build();
 * OkHttpClient client = LoadBalancingInterceptor.of(orders).install(new OkHttpClient());
 * client.newCall(new Request.Builder().url("http://orders/v1/items").build()).execute();
 * }</pre>
 *
 * <p>The URL's host names the balancer and its port is ignored. Its scheme decides whether backends are spoken to with TLS, and
 * certificates are verified for its host. The URL stays as it is: cookies, the cache, redirects, pins and {@code Host} work as
 * if the host were one server. What a request is sent to is told by {@link Attempts}; what it wants is said with
 * {@link CallOptions}.
 *
 * <p>A failed call throws an {@link IOException}: a {@link io.fairlead.LoadBalancingException} that tells what was tried, or
 * what OkHttp throws for a call that was cancelled or ran out of time, or that failed after a redirect.
 *
 * <p>Thread-safe. One interceptor may serve several clients. Closing a balancer does not close the client: its dispatcher and
 * connection pool are OkHttp's to shut down, as ever.
 */
public final class LoadBalancingInterceptor implements Interceptor {

  private static final Logger log = LoggerFactory.getLogger(LoadBalancingInterceptor.class);

  /**
   * How many idle connections an installed client's pool keeps: not a limit that is meant to be met, since a connection that
   * has been idle for five minutes is closed in any case. OkHttp's own 5 would close most connections after each request.
   */
  private static final int MAX_IDLE_CONNECTIONS = 1000;

  /** Each is a few objects for each backend, and a connection as soon as it has requests. */
  private static final int MAX_CONNECTIONS_PER_BACKEND = 64;

  private static final RequestContext REPEATABLE = RequestContext.empty().repeatable();

  /** What all clients of one interceptor share. */
  private record Shared(
      Map<String, Route> routes,
      @Nullable ResponseClassifier classifier, // null for the default
      @Nullable Function<? super Request, ? extends @Nullable CharSequence> key,
      boolean ownPool,
      boolean ownDispatcher,
      Leaks leaks,
      ConnectionGuard guard,
      AtomicBoolean classifierThrew,
      AtomicBoolean toldOfPlainUse) {}

  private final Shared shared;
  private @Nullable AttemptClients
      attemptClients; // set once, before the installed client is handed out
  private boolean probes;

  private LoadBalancingInterceptor(Shared shared) {
    this.shared = shared;
  }

  /**
   * An interceptor for these balancers, each for the host of its name.
   *
   * @throws IllegalArgumentException if two are for the same host, or a name is no host name
   * @throws IllegalStateException if the OkHttp on the class path is too old
   */
  public static LoadBalancingInterceptor of(LoadBalancer... balancers) {
    Builder builder = builder();
    for (LoadBalancer balancer : Objects.requireNonNull(balancers, "balancers")) {
      builder.balancer(balancer);
    }
    return builder.build();
  }

  /** A builder for an interceptor. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * A client like the given one, with these balancers under it. The given client is left as it is.
   *
   * <p>The new client has this interceptor as the last of its interceptors, a small network interceptor as the first of those, a
   * connection pool that keeps connections to many backends, and a dispatcher on the given client's executor that lets as many
   * calls go to one host at a time as it lets go in all. Install last: an interceptor that is added to the new client sees a
   * first attempt only, and none of a call that may be hedged or has an attempt time-out. Of such a call, and of further attempts
   * over HTTP/2, a listener hears what becomes of the body after {@code callEnd}. Installing again on what comes out of this, or on a
   * client derived from it, is harmless.
   *
   * <p>On a client derived from the new one with {@code newBuilder()}, changed time-outs, cookies, cache, authenticators, pins,
   * host name verifier, TLS, redirects, pool, Dns and sockets hold for every attempt. Changed protocols, connection specs, ping
   * interval and network interceptors hold for attempts that go down the user's call, which most do, and are as they were here
   * for those that are calls of their own: further attempts after an answer or over HTTP/2, and all attempts of a call that may
   * be hedged or whose attempts have a time-out. To a network interceptor such an attempt is a call without the tags that were
   * put on the user's Call; the request's are there.
   *
   * @throws IllegalArgumentException if the client has an explicit proxy, through which no backend could be chosen (a
   *     ProxySelector is passed by for balanced hosts), has a load balancing interceptor among its network interceptors, or
   *     has another one for one of these hosts
   */
  public OkHttpClient install(OkHttpClient client) {
    checkProxy(Objects.requireNonNull(client, "client").proxy());
    client.interceptors().forEach(this::checkHosts);
    if (client.networkInterceptors().stream()
        .anyMatch(LoadBalancingInterceptor.class::isInstance)) {
      throw new IllegalArgumentException(
          "networkInterceptors: has a LoadBalancingInterceptor (expected: none; use install, or addInterceptor)");
    }
    boolean again = client.interceptors().stream().anyMatch(this::isInstalledTwin);
    OkHttpClient.Builder builder = client.newBuilder();
    if (shared.ownPool && !again) {
      builder.connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, 5, TimeUnit.MINUTES));
    }
    if (shared.ownDispatcher && !again) {
      builder.dispatcher(dispatcher(client.dispatcher()));
    }
    builder.networkInterceptors().remove(shared.guard);
    builder.networkInterceptors().add(0, shared.guard);
    builder.interceptors().removeIf(this::isTwin);
    LoadBalancingInterceptor installed = new LoadBalancingInterceptor(shared);
    builder.addInterceptor(installed);
    OkHttpClient result = builder.build();
    installed.probes = !client.protocols().contains(Protocol.H2_PRIOR_KNOWLEDGE);
    installed.attemptClients = new AttemptClients(result);
    return result;
  }

  private static Dispatcher dispatcher(Dispatcher given) {
    Dispatcher dispatcher = new Dispatcher(given.executorService());
    dispatcher.setMaxRequests(given.getMaxRequests());
    dispatcher.setMaxRequestsPerHost(given.getMaxRequests()); // the logical host is many hosts
    dispatcher.setIdleCallback(given.getIdleCallback());
    return dispatcher;
  }

  private boolean isTwin(Interceptor other) {
    return other instanceof LoadBalancingInterceptor twin && twin.shared.equals(shared);
  }

  private boolean isInstalledTwin(Interceptor other) {
    return isTwin(other) && ((LoadBalancingInterceptor) other).isInstalled();
  }

  /** Of two for one host, the second would exchange the backend that the first has chosen. */
  private void checkHosts(Interceptor other) {
    if (other instanceof LoadBalancingInterceptor that && !isTwin(that)) {
      for (String host : that.shared.routes.keySet()) {
        if (shared.routes.containsKey(host)) {
          throw new IllegalArgumentException(
              "interceptors: another LoadBalancingInterceptor is for " + host
                  + " too (expected: one for each host)");
        }
      }
    }
  }

  static void checkProxy(@Nullable Proxy proxy) {
    if (isExplicit(proxy)) {
      throw new IllegalArgumentException("proxy: " + proxy
          + " (expected: none, or Proxy.NO_PROXY; a proxy would choose the backend)");
    }
  }

  private static boolean isExplicit(@Nullable Proxy proxy) {
    return proxy != null && proxy.type() != Proxy.Type.DIRECT;
  }

  /** Called by OkHttp. */
  @Override
  public Response intercept(Chain chain) throws IOException {
    if (chain.connection() != null) {
      throw new IOException(
          "LoadBalancingInterceptor: used as a network interceptor (expected: install, or addInterceptor)");
    }
    Request request = chain.request();
    Route route = shared.routes.get(request.url().host());
    if (route == null) {
      return chain.proceed(request);
    }
    if (isExplicit(chain.getProxy())) {
      throw new IOException(
          route.balancer().name() + ": the client has the proxy " + chain.getProxy()
              + " (expected: none, or Proxy.NO_PROXY; a proxy would choose the backend)");
    }
    if (!isInstalled() && shared.toldOfPlainUse.compareAndSet(false, true)) {
      log.info(
          "{}: not installed, just added to a client: bad answers, and what fails over HTTP/2, are not sent to another backend, no "
              + "attempt is hedged or has a time-out of its own, and OkHttp's limits of 5 idle connections and 5 calls per host "
              + "hold; prefer install(client)",
          route.balancer().name());
    }
    return new BalancedCall(this, route, chain, context(chain)).execute();
  }

  private RequestContext context(Chain chain) throws IOException {
    RequestContext context = withinTimeout(context(chain.request()), chain);
    // Where attempts can't be calls of their own, none can be cancelled alone.
    return isInstalled() && !BalancedCall.isBoundToChain(chain.request())
        ? context
        : context.hedging(false);
  }

  /** Nothing is begun, and nothing waited for, that OkHttp would cancel. */
  private static RequestContext withinTimeout(RequestContext context, Chain chain) {
    long nanos = chain.call().timeout().timeoutNanos();
    Duration own = context.timeout();
    return nanos == 0 || (own != null && own.compareTo(Duration.ofNanos(nanos)) <= 0)
        ? context
        : context.timeout(Duration.ofNanos(nanos));
  }

  private RequestContext context(Request request) throws IOException {
    CallOptions options = options(request);
    Boolean asked = options == null ? null : options.repeatable();
    boolean repeatable = asked == null ? isIdempotent(request) : asked;
    repeatable &= !isOneShot(request);
    RequestContext context = options == null ? RequestContext.empty() : options.context();
    if (shared.key != null && !context.hasKey()) {
      context = withKey(context, shared.key, request);
    }
    if (context == RequestContext.empty()) {
      return repeatable ? REPEATABLE : context;
    }
    return context.repeatable(repeatable);
  }

  private static boolean isOneShot(Request request) throws IOException {
    try {
      return BalancedCall.isOneShot(request.body());
    } catch (RuntimeException e) {
      throw new IOException(request.url().host() + ": the request's body threw " + e, e);
    }
  }

  private static RequestContext withKey(
      RequestContext context,
      Function<? super Request, ? extends @Nullable CharSequence> function,
      Request request)
      throws IOException {
    try {
      CharSequence key = function.apply(request);
      return key == null ? context : context.key(key); // which reads the user's characters
    } catch (RuntimeException e) {
      throw new IOException(
          request.url().host() + ": the key function of the LoadBalancingInterceptor threw " + e,
          e);
    }
  }

  private static @Nullable CallOptions options(Request request) {
    CallOptions options = request.tag(CallOptions.class);
    // tag(options), without the class, is easily written and means the same.
    return options == null && request.tag() instanceof CallOptions untyped ? untyped : options;
  }

  /** By its method (RFC 9110, 9.2.2), or since the server promises to know it again by a key. */
  private static boolean isIdempotent(Request request) {
    return switch (request.method()) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> request.header("Idempotency-Key") != null;
    };
  }

  /** The one of a client that has a balancer for a host, or null if there is none. */
  static @Nullable LoadBalancingInterceptor of(OkHttpClient client, String host) {
    for (Interceptor interceptor : client.interceptors()) {
      if (interceptor instanceof LoadBalancingInterceptor balancing && balancing.balances(host)) {
        return balancing;
      }
    }
    return null;
  }

  /** What leads from a host that there is a balancer for. */
  Route route(String host) {
    return Objects.requireNonNull(shared.routes.get(host), host);
  }

  /** Whether there is a balancer for a host. */
  boolean balances(String host) {
    return shared.routes.containsKey(host);
  }

  Outcome classify(Response response, Route route) {
    ResponseClassifier classifier = shared.classifier;
    try {
      return Objects.requireNonNull(
          (classifier == null ? route.classifier() : classifier).classify(response),
          "the classifier's outcome");
    } catch (RuntimeException e) {
      if (shared.classifierThrew.compareAndSet(false, true)) {
        log.error("The response classifier threw; further exceptions of it are not logged", e);
      }
      return Outcome.ignored();
    }
  }

  Leaks leaks() {
    return shared.leaks;
  }

  ConnectionGuard guard() {
    return shared.guard;
  }

  boolean isInstalled() {
    return attemptClients != null;
  }

  AttemptClients attemptClients() {
    return Objects.requireNonNull(attemptClients, "not installed");
  }

  /** Whether sockets are to be such that a closed one is noticed before it is written to. */
  boolean probes() {
    return probes;
  }

  @Override
  public String toString() {
    return "LoadBalancingInterceptor" + shared.routes.keySet();
  }

  /** Collects what a {@link LoadBalancingInterceptor} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final Map<String, LoadBalancer> balancers = new LinkedHashMap<>();
    private @Nullable ResponseClassifier classifier;
    private @Nullable Function<? super Request, ? extends @Nullable CharSequence> key;
    private boolean ownPool = true;
    private boolean ownDispatcher = true;
    private int connectionsPerBackend = 1;
    private long maxConnectionAgeNanos; // 0 for none

    private Builder() {}

    /** Adds a balancer, for the host of its name. */
    public Builder balancer(LoadBalancer balancer) {
      return host(Objects.requireNonNull(balancer, "balancer").name(), balancer);
    }

    /**
     * Adds a balancer for a host, in place of its name or beside it.
     *
     * @param host a host name as it stands in URLs, without scheme and port, in any case; no IP address
     * @throws IllegalArgumentException if it is no host name, or there is a balancer for it
     */
    public Builder host(String host, LoadBalancer balancer) {
      Objects.requireNonNull(balancer, "balancer");
      String canonical = canonical(Objects.requireNonNull(host, "host"));
      LoadBalancer other = balancers.putIfAbsent(canonical, balancer);
      if (other != null) {
        throw new IllegalArgumentException("host: " + canonical + " has a balancer already, "
            + other.name() + " (expected: one balancer for each host)");
      }
      return this;
    }

    private static String canonical(String host) {
      HttpUrl url = host.matches("[^/?#@:\\\\\\s]+") ? HttpUrl.parse("http://" + host + "/") : null;
      if (url == null || url.host().matches("[0-9.]+")) {
        throw new IllegalArgumentException(
            "host: " + host + " (expected: a host name, without scheme and port, as in orders)");
      }
      return url.host();
    }

    /** What a response tells of the backend. {@link ResponseClassifier#byStatus()} by default. */
    public Builder classifier(ResponseClassifier classifier) {
      this.classifier = Objects.requireNonNull(classifier, "classifier");
      return this;
    }

    /**
     * The key of a request, by which strategies that hash pick the backend; null for none. None by default. The key in a
     * request's {@link CallOptions} comes first.
     */
    public Builder key(Function<? super Request, ? extends @Nullable CharSequence> key) {
      this.key = Objects.requireNonNull(key, "key");
      return this;
    }

    /** Lets {@link #install} keep the client's own connection pool, which should then have room for all backends. */
    public Builder keepConnectionPool() {
      this.ownPool = false;
      return this;
    }

    /** Lets {@link #install} keep the client's own dispatcher, whose limit of calls per host counts all backends as one. */
    public Builder keepDispatcher() {
      this.ownDispatcher = false;
      return this;
    }

    /**
     * How many HTTP/2 connections to each backend share its requests, in turn. 1 to 64, 1 by default. Several are of use where
     * one connection is what limits: its window over a long way, the loss of a packet that holds up all its streams, or a
     * balancer before the backend that spreads connections. Of HTTP/1.1 there are as many connections as requests at a time in
     * any case.
     *
     * <p>The first request to a backend goes over the first one, and tells whether it speaks HTTP/2; a plain {@code
     * addInterceptor}, without {@link #install}, does not hear of that and has one. OkHttp makes further connections where the
     * server allows fewer streams than there are requests, and sometimes one too many if several requests connect at once.
     */
    public Builder connectionsPerBackend(int connections) {
      if (connections < 1 || connections > MAX_CONNECTIONS_PER_BACKEND) {
        throw new IllegalArgumentException("connectionsPerBackend: " + connections
            + " (expected: 1 to " + MAX_CONNECTIONS_PER_BACKEND + ")");
      }
      this.connectionsPerBackend = connections;
      return this;
    }

    /**
     * How long a connection is used at most; none by default, which is to say as long as it lasts. A new one looks the
     * backend's name up again, and is spread again by a balancer before the backend. What is in flight on the old ones
     * finishes, for however long; they are closed then.
     *
     * <p>The time is counted from the first connection that is made to a backend, for all that are made to it after, and
     * shortened by up to 20 % at random, so that not all backends get new ones at once.
     *
     * @param age 1 second to 365 days
     */
    public Builder maxConnectionAge(Duration age) {
      if (Objects.requireNonNull(age, "maxConnectionAge").compareTo(Duration.ofSeconds(1)) < 0
          || age.compareTo(Duration.ofDays(365)) > 0) {
        throw new IllegalArgumentException(
            "maxConnectionAge: " + age + " (expected: 1 second to 365 days)");
      }
      this.maxConnectionAgeNanos = age.toNanos();
      return this;
    }

    private @Nullable Lifetime lifetime(LoadBalancer balancer) {
      return maxConnectionAgeNanos == 0
          ? null
          : new Lifetime(maxConnectionAgeNanos, balancer.clock(), Chance.system());
    }

    /**
     * The interceptor.
     *
     * @throws IllegalStateException if there is no balancer, or the OkHttp on the class path is too old
     */
    public LoadBalancingInterceptor build() {
      OkHttpVersion.check();
      if (balancers.isEmpty()) {
        throw new IllegalStateException("balancers: none (expected: at least one)");
      }
      Map<LoadBalancer, Set<String>> hosts = new LinkedHashMap<>();
      balancers.forEach((host, balancer) ->
          hosts.computeIfAbsent(balancer, b -> new LinkedHashSet<>()).add(host));
      Map<String, Route> routes = new HashMap<>();
      hosts.forEach((balancer, names) -> {
        Route route = new Route(balancer, names, connectionsPerBackend, lifetime(balancer));
        names.forEach(name -> routes.put(name, route));
      });
      return new LoadBalancingInterceptor(new Shared(
          Map.copyOf(routes),
          classifier,
          key,
          ownPool,
          ownDispatcher,
          new Leaks(),
          new ConnectionGuard(),
          new AtomicBoolean(),
          new AtomicBoolean()));
    }
  }
}
