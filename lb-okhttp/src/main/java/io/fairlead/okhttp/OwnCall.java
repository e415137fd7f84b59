package io.fairlead.okhttp;

import io.fairlead.Attempt;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.Cache;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;

/**
 * An attempt that is an OkHttp call of its own, as a tag of that call: whose it is, and what it takes over from the user's.
 *
 * @param chain the user's call's
 * @param attempt the attempt
 * @param listener hears of the attempt
 * @param events tell the user's listener of it as of its own call
 * @param cached whether the user's cache may answer it, and store its answer
 */
record OwnCall(
    Interceptor.Chain chain,
    Attempt attempt,
    AttemptListener listener,
    ForwardedEvents events,
    boolean cached) {

  /** The inner call's chain with the user's settings. Most are the same: each that is set copies the chain. */
  Interceptor.Chain settings(Interceptor.Chain inner) {
    Interceptor.Chain set = inner;
    if (set.connectTimeoutMillis() != chain.connectTimeoutMillis()) {
      set = set.withConnectTimeout(chain.connectTimeoutMillis(), TimeUnit.MILLISECONDS);
    }
    if (set.readTimeoutMillis() != chain.readTimeoutMillis()) {
      set = set.withReadTimeout(chain.readTimeoutMillis(), TimeUnit.MILLISECONDS);
    }
    if (set.writeTimeoutMillis() != chain.writeTimeoutMillis()) {
      set = set.withWriteTimeout(chain.writeTimeoutMillis(), TimeUnit.MILLISECONDS);
    }
    boolean guarded = attempt.mayBeCancelled() && chain.getCookieJar() != CookieJar.NO_COOKIES;
    CookieJar jar = guarded ? new Cookies() : chain.getCookieJar();
    if (set.getCookieJar() != jar) {
      set = set.withCookieJar(jar);
    }
    Cache cache = cached ? chain.getCache() : null;
    if (set.getCache() != cache) {
      set = set.withCache(cache);
    }
    if (set.getAuthenticator() != chain.getAuthenticator()) {
      set = set.withAuthenticator(chain.getAuthenticator());
    }
    if (set.getProxyAuthenticator() != chain.getProxyAuthenticator()) {
      set = set.withProxyAuthenticator(chain.getProxyAuthenticator());
    }
    if (set.getHostnameVerifier() != chain.getHostnameVerifier()) {
      set = set.withHostnameVerifier(chain.getHostnameVerifier());
    }
    if (!set.getCertificatePinner().equals(chain.getCertificatePinner())) {
      set = set.withCertificatePinner(chain.getCertificatePinner());
    }
    return set;
  }

  /** The user's cookies, which an attempt that has lost doesn't change any more. */
  private final class Cookies implements CookieJar {

    @Override
    public List<Cookie> loadForRequest(HttpUrl url) {
      return chain.getCookieJar().loadForRequest(url);
    }

    @Override
    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
      if (!attempt.cancelled()) {
        chain.getCookieJar().saveFromResponse(url, cookies);
      }
    }
  }
}
