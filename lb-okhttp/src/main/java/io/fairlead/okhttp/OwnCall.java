package io.fairlead.okhttp;

import io.fairlead.Attempt;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

  /** The inner call's chain with the user's settings. */
  Interceptor.Chain settings(Interceptor.Chain inner) {
    return inner
        .withConnectTimeout(chain.connectTimeoutMillis(), TimeUnit.MILLISECONDS)
        .withReadTimeout(chain.readTimeoutMillis(), TimeUnit.MILLISECONDS)
        .withWriteTimeout(chain.writeTimeoutMillis(), TimeUnit.MILLISECONDS)
        .withCookieJar(attempt.mayBeCancelled() ? new Cookies() : chain.getCookieJar())
        .withCache(cached ? chain.getCache() : null)
        .withAuthenticator(chain.getAuthenticator())
        .withProxyAuthenticator(chain.getProxyAuthenticator())
        .withHostnameVerifier(chain.getHostnameVerifier())
        .withCertificatePinner(chain.getCertificatePinner());
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
