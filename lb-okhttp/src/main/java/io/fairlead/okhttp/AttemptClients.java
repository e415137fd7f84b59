package io.fairlead.okhttp;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Makes the OkHttp calls that carry an attempt where the user's own call can't, because it holds a connection to the backend
 * that failed, or because the attempt may have to be cancelled and the call not.
 *
 * <p>Such a call gets everything that the user's call can tell: time-outs, cookies, cache, authenticators, pins. What an OkHttp
 * call can't be given one by one makes a client of its own, and those are kept. The rest is as it was at install.
 */
final class AttemptClients {

  /** Of clients that users derive and keep there are few. Should somebody derive one for each call, they must not pile up. */
  private static final int KEPT = 16;

  /** What an OkHttp call takes from its client alone. */
  private record Key(
      @Nullable SSLSocketFactory sockets,
      @Nullable X509TrustManager trust,
      ConnectionPool pool,
      boolean followRedirects,
      boolean followSslRedirects) {

    static Key of(Interceptor.Chain chain) {
      return new Key(
          chain.getSslSocketFactoryOrNull(),
          chain.getX509TrustManagerOrNull(),
          chain.getConnectionPool(),
          chain.getFollowRedirects(),
          chain.getFollowSslRedirects());
    }
  }

  private final OkHttpClient base;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, OkHttpClient> clients = new LinkedHashMap<>(KEPT, 0.75f, true) {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<Key, OkHttpClient> eldest) {
      return size() > KEPT;
    }
  };

  /**
   * @param installed the client that users are given, whose interceptors have run by the time of an attempt
   */
  AttemptClients(OkHttpClient installed) {
    OkHttpClient.Builder builder = installed.newBuilder();
    builder.interceptors().clear();
    this.base = builder
        .addInterceptor(AttemptClients::applyOuter)
        .dispatcher(new Dispatcher()) // the user's counts calls of the user's
        .eventListenerFactory(call -> EventListener.NONE)
        .callTimeout(0, TimeUnit.NANOSECONDS)
        .build();
  }

  private OkHttpClient client(Interceptor.Chain chain) {
    Key key = Key.of(chain);
    lock.lock();
    try {
      return clients.computeIfAbsent(key, this::derive);
    } finally {
      lock.unlock();
    }
  }

  private OkHttpClient derive(Key key) {
    OkHttpClient.Builder builder = base.newBuilder()
        .connectionPool(key.pool)
        .followRedirects(key.followRedirects)
        .followSslRedirects(key.followSslRedirects);
    if (key.sockets != null && key.trust != null && !isOfBase(key.sockets, key.trust)) {
      builder.sslSocketFactory(key.sockets, key.trust);
    }
    return builder.build();
  }

  /**
   * Whether there is no need to set it. To set it makes OkHttp sort all certificates that it trusts anew, and then compare those with
   * the user's client's for each call, one by one, when it is given that one's pins.
   */
  private boolean isOfBase(SSLSocketFactory sockets, X509TrustManager trust) {
    return trust == base.x509TrustManager() && sockets == base.sslSocketFactory();
  }

  /**
   * Sends a request as a call of its own, on this thread.
   *
   * @param deadlineNanos when the user's call has to be over, by {@link System#nanoTime}; null if it has no time-out
   */
  Response execute(OwnCall own, Request request, Attempts attempts, @Nullable Long deadlineNanos)
      throws IOException {
    Call outer = own.chain().call();
    Call inner = client(own.chain()).newCall(request);
    inner.tag(OwnCall.class, () -> own);
    inner.tag(Attempts.class, () -> attempts);
    inner.addEventListener(own.events());
    inner.addEventListener(own.listener());
    own.attempt().onCancel(inner::cancel);
    // As long as the body is open, that is after the outer call has ended for OkHttp, its time-out
    // and cancel must still hold.
    outer.addEventListener(new EventListener() {
      @Override
      public void canceled(Call call) {
        inner.cancel();
      }
    });
    if (deadlineNanos != null) {
      long remaining = deadlineNanos - System.nanoTime();
      inner.timeout().timeout(Math.max(1, remaining), TimeUnit.NANOSECONDS);
    }
    if (outer.isCanceled()) {
      inner.cancel();
    }
    return inner.execute();
  }

  private static Response applyOuter(Interceptor.Chain chain) throws IOException {
    OwnCall own = Objects.requireNonNull(chain.call().tag(OwnCall.class), "own call");
    return own.listener().dialing().apply(own.settings(chain)).proceed(chain.request());
  }
}
