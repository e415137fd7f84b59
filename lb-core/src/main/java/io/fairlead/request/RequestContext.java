package io.fairlead.request;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.fairlead.net.IpLiteral;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What picking a backend, and repeating a request, may depend on. The caller makes it; everything in it is optional.
 *
 * <pre>{@code
 * RequestContext context = RequestContext.withKey(userId)
 *     .endpoint("GET /users/{id}")
 *     .timeout(Duration.ofSeconds(2))
 *     .repeatable();
 * }</pre>
 *
 * <p>Immutable: each method that sets something returns a new context. One context may serve any number of calls.
 */
public final class RequestContext {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);
  private static final Hasher64 HASHER = Hashing.xxh3_64();
  private static final RequestContext EMPTY = new RequestContext(new Settings());

  private final Settings settings;

  private RequestContext(Settings settings) {
    this.settings = settings;
  }

  /** A context in which nothing is known, and the request may not be repeated. */
  public static RequestContext empty() {
    return EMPTY;
  }

  /** A context with a key: {@code empty().key(key)}. */
  public static RequestContext withKey(CharSequence key) {
    return EMPTY.key(key);
  }

  /**
   * Sets the key, by which a strategy that hashes sends equal keys to the same backend: a user's or a document's id, say.
   *
   * <p>It is hashed here and now with XXH3 (64 bits, of its UTF-16 code units in little-endian order), alike in every JVM.
   *
   * @see <a href="https://github.com/Cyan4973/xxHash">xxHash</a>
   */
  public RequestContext key(CharSequence key) {
    Settings copy = settings.copy();
    copy.hasKey = true;
    copy.keyHash = HASHER.hashCharsToLong(Objects.requireNonNull(key, "key"));
    copy.key = key.toString();
    return new RequestContext(copy);
  }

  /** Sets the hash of the key, for a caller with a hash of its own; all 64 bits should be well mixed. */
  public RequestContext keyHash(long hash) {
    Settings copy = settings.copy();
    copy.hasKey = true;
    copy.keyHash = hash;
    copy.key = null;
    return new RequestContext(copy);
  }

  /**
   * Sets the id of the session, by which a sticky strategy sends a session's requests to one backend.
   *
   * @param session not blank: no session is none set
   */
  public RequestContext session(String session) {
    Settings copy = settings.copy();
    copy.session = notBlank("session", session);
    return new RequestContext(copy);
  }

  /**
   * Sets the IP address of the client on whose behalf the request is made.
   *
   * @param address IPv4 or IPv6 in text, as a servlet's {@code getRemoteAddr()} gives it; never a name. The zone of an IPv6
   *     address ({@code %eth0}) is another host's affair, and left out
   * @throws IllegalArgumentException if it is no IP address
   */
  public RequestContext clientIp(String address) {
    int zone = Objects.requireNonNull(address, "address").indexOf('%');
    boolean zoned = zone >= 0 && zone < address.length() - 1 && address.indexOf(':') >= 0;
    InetAddress parsed = IpLiteral.parse(zoned ? address.substring(0, zone) : address);
    if (parsed == null) {
      throw new IllegalArgumentException(
          "clientIp: " + address + " (expected: an IPv4 or IPv6 address)");
    }
    Settings copy = settings.copy();
    copy.clientIp = parsed;
    copy.clientIpHash = HASHER.hashBytesToLong(parsed.getAddress());
    return new RequestContext(copy);
  }

  /** Sets the name of the endpoint that is called, as in {@code "GET /users/{id}"}: few different ones, no ids in them. */
  public RequestContext endpoint(String endpoint) {
    Settings copy = settings.copy();
    copy.endpoint = Objects.requireNonNull(endpoint, "endpoint");
    return new RequestContext(copy);
  }

  /** Sets the zone from which the request comes, not blank, if it is not the balancer's. */
  public RequestContext zone(String zone) {
    Settings copy = settings.copy();
    copy.zone = notBlank("zone", zone);
    return new RequestContext(copy);
  }

  private static String notBlank(String setting, String value) {
    if (Objects.requireNonNull(value, setting).isBlank()) {
      throw new IllegalArgumentException(setting + ": '" + value + "' (expected: not blank)");
    }
    return value;
  }

  /**
   * Says that the request may be sent again although a backend may already have acted on it, because it is idempotent.
   * Unless this is said, only what certainly never reached a backend is sent to another.
   */
  public RequestContext repeatable() {
    return repeatable(true);
  }

  /** Sets whether the request is {@linkplain #repeatable() repeatable}; it is not by default. */
  public RequestContext repeatable(boolean repeatable) {
    if (settings.repeatable == repeatable) {
      return this;
    }
    Settings copy = settings.copy();
    copy.repeatable = repeatable;
    return new RequestContext(copy);
  }

  /**
   * Sets how long after its start a call may still begin an attempt. It does not cut an attempt short: that is for whoever
   * sends it, who is told what remains ({@code Attempt.remaining()}), or for the transport's own time-outs, such as OkHttp's
   * {@code callTimeout}.
   *
   * @param timeout more than zero; none by default. What is longer than 292 years is taken for 292 years
   */
  public RequestContext timeout(Duration timeout) {
    if (Objects.requireNonNull(timeout, "timeout").isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout: " + timeout + " (expected: more than zero)");
    }
    Settings copy = settings.copy();
    copy.timeout = timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout; // so that it can be counted
    return new RequestContext(copy);
  }

  /**
   * Sets how often this request may reach a backend, in place of what the balancer's retry policy says; 1 for never again.
   *
   * @param attempts 1 to 32
   */
  public RequestContext maxAttempts(int attempts) {
    if (attempts < 1 || attempts > 32) {
      throw new IllegalArgumentException("maxAttempts: " + attempts + " (expected: 1 to 32)");
    }
    Settings copy = settings.copy();
    copy.maxAttempts = attempts;
    return new RequestContext(copy);
  }

  /**
   * Sets how long one attempt may take until its outcome is known, in place of what the balancer's retry policy says.
   *
   * @param timeout more than zero, up to 24 hours
   */
  public RequestContext attemptTimeout(Duration timeout) {
    if (Objects.requireNonNull(timeout, "attemptTimeout").isNegative()
        || timeout.isZero()
        || timeout.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "attemptTimeout: " + timeout + " (expected: more than zero, up to 24 hours)");
    }
    Settings copy = settings.copy();
    copy.attemptTimeout = timeout;
    return new RequestContext(copy);
  }

  /** Sets whether the request may be hedged, where the balancer hedges and it is {@linkplain #repeatable() repeatable}; it may by default. */
  public RequestContext hedging(boolean hedging) {
    Settings copy = settings.copy();
    copy.unhedged = !hedging;
    return new RequestContext(copy);
  }

  /** Whether there is a key. */
  public boolean hasKey() {
    return settings.hasKey;
  }

  /** The key, or null if there is none, or if {@link #keyHash(long)} told but its hash. */
  public @Nullable String key() {
    return settings.key;
  }

  /** The hash of the key; 0 if there is none. */
  public long keyHash() {
    return settings.keyHash;
  }

  /** The id of the session, or null. */
  public @Nullable String session() {
    return settings.session;
  }

  /** The client's address, or null. An IPv4 address that was given mapped into IPv6 is an IPv4 address. */
  public @Nullable InetAddress clientIp() {
    return settings.clientIp;
  }

  /** The hash of the client's address, alike for all ways to write it, without an IPv6 zone; 0 if it is not known. */
  public long clientIpHash() {
    return settings.clientIpHash;
  }

  /** The name of the endpoint, or null. */
  public @Nullable String endpoint() {
    return settings.endpoint;
  }

  /** The zone from which the request comes, or null for the balancer's. */
  public @Nullable String zone() {
    return settings.zone;
  }

  /** Whether the request may be sent again although a backend may already have acted on it. */
  public boolean isRepeatable() {
    return settings.repeatable;
  }

  /** How long after its start a call may still begin an attempt, or null for as long as it takes. */
  public @Nullable Duration timeout() {
    return settings.timeout;
  }

  /** How often this request may reach a backend, or 0 if the balancer's retry policy tells. */
  public int maxAttempts() {
    return settings.maxAttempts;
  }

  /** How long one attempt may take, or null if the balancer's retry policy tells. */
  public @Nullable Duration attemptTimeout() {
    return settings.attemptTimeout;
  }

  /** Whether the request may be hedged. */
  public boolean mayHedge() {
    return !settings.unhedged;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("RequestContext{");
    append(text, "keyHash", settings.hasKey ? Long.toHexString(settings.keyHash) : null);
    append(text, "session", settings.session);
    append(text, "clientIp", settings.clientIp == null ? null : settings.clientIp.getHostAddress());
    append(text, "endpoint", settings.endpoint);
    append(text, "zone", settings.zone);
    append(text, "timeout", settings.timeout);
    append(text, "attemptTimeout", settings.attemptTimeout);
    append(text, "maxAttempts", settings.maxAttempts == 0 ? null : settings.maxAttempts);
    append(text, "hedging", settings.unhedged ? "false" : null);
    append(text, "repeatable", settings.repeatable ? "true" : null);
    return text.append('}').toString();
  }

  private static void append(StringBuilder text, String name, @Nullable Object value) {
    if (value != null) {
      text.append(text.charAt(text.length() - 1) == '{' ? "" : ", ")
          .append(name)
          .append('=')
          .append(value);
    }
  }

  /** Filled by one thread before it is published in the final field of a context, and never changed after that. */
  private static final class Settings implements Cloneable {
    boolean hasKey;
    long keyHash;

    @Nullable
    String key;

    @Nullable
    String session;

    @Nullable
    InetAddress clientIp;

    long clientIpHash;

    @Nullable
    String endpoint;

    @Nullable
    String zone;

    boolean repeatable;

    @Nullable
    Duration timeout;

    @Nullable
    Duration attemptTimeout;

    int maxAttempts;
    boolean unhedged;

    Settings copy() {
      try {
        return (Settings) clone();
      } catch (CloneNotSupportedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
