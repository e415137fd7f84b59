package io.fairlead.backend;

import io.fairlead.net.IpLiteral;
import java.net.IDN;
import java.net.InetAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One server that can answer requests: its address and what is known of it beforehand. Its scheme is not part of it: that
 * comes from the request.
 *
 * <pre>{@code
 * Backend.of("10.0.0.1:8080")
 * Backend.of("[2001:db8::1]:8080")
 * Backend.builder("api-7.internal:8443").weight(3).zone("eu-1a").metadata("version", "42").build()
 * }</pre>
 *
 * <p>Immutable; two are equal if everything in them is.
 */
public final class Backend {

  /** The largest weight. */
  public static final int MAX_WEIGHT = 1_000_000;

  private final String host;
  private final int port;
  private final @Nullable InetAddress address;
  private final String id;
  private final int weight;
  private final @Nullable String zone;
  private final Map<String, String> metadata;

  private Backend(Builder builder) {
    this.host = builder.target.host;
    this.port = builder.target.port;
    this.address = builder.target.address;
    this.id = builder.id == null ? builder.target.toString() : builder.id;
    this.weight = builder.weight;
    this.zone = builder.zone;
    this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(builder.metadata));
  }

  /**
   * A backend with an address and nothing else.
   *
   * @param hostAndPort {@code host:port}, where the host is a name, an IPv4 address, or an IPv6 address in brackets
   * @throws IllegalArgumentException if it is anything else
   */
  public static Backend of(String hostAndPort) {
    return builder(hostAndPort).build();
  }

  /**
   * A backend with an address and nothing else.
   *
   * @param host a name, an IPv4 address, or an IPv6 address with or without brackets
   * @param port 1 to 65535
   */
  public static Backend of(String host, int port) {
    return builder(host, port).build();
  }

  /** A builder for a backend at {@code host:port}, as {@link #of(String)} takes it. */
  public static Builder builder(String hostAndPort) {
    return new Builder(Target.parse(hostAndPort));
  }

  /** A builder for a backend at a host and port, as {@link #of(String, int)} takes them. */
  public static Builder builder(String host, int port) {
    return new Builder(Target.of(host, port));
  }

  /** A builder that begins with everything that this backend has, its id too. */
  public Builder toBuilder() {
    Builder builder =
        new Builder(new Target(host, port, address)).id(id).weight(weight).metadata(metadata);
    builder.zone = zone;
    return builder;
  }

  /** The host: a name in lower case, or an IP address in its canonical form, without brackets. */
  public String host() {
    return host;
  }

  /** The port, 1 to 65535. */
  public int port() {
    return port;
  }

  /** The host's address if the host is an IP address, or null if it is a name that has yet to be resolved. */
  public @Nullable InetAddress address() {
    return address;
  }

  /** The id, by which a {@link BackendPool} recognises it in an update; {@code host:port} unless another was given. */
  public String id() {
    return id;
  }

  /** Its share of the requests, beside that of others; 0 for none. 1 unless another was given. */
  public int weight() {
    return weight;
  }

  /** Where it stands, or null if that is not known. */
  public @Nullable String zone() {
    return zone;
  }

  /** Whatever else is known of it, in the order in which it was given. Unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Backend that
        && port == that.port
        && weight == that.weight
        && host.equals(that.host)
        && id.equals(that.id)
        && Objects.equals(zone, that.zone)
        && metadata.equals(that.metadata);
  }

  @Override
  public int hashCode() {
    return 31 * id.hashCode() + host.hashCode() + port;
  }

  /** Its id, and its address beside it if that is something else: {@code blue (10.0.0.1:8080)}. */
  @Override
  public String toString() {
    String target = new Target(host, port, address).toString();
    return id.equals(target) ? id : id + " (" + target + ")";
  }

  /** Collects what a {@link Backend} is made of; each setter checks its value. Not thread-safe. */
  public static final class Builder {
    private final Target target;
    private @Nullable String id;
    private int weight = 1;
    private @Nullable String zone;
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private Builder(Target target) {
      this.target = target;
    }

    /** Its id, not empty, unlike that of any other in the pool. {@code host:port} by default. */
    public Builder id(String id) {
      if (Objects.requireNonNull(id, "id").isBlank()) {
        throw new IllegalArgumentException("id: '" + id + "' (expected: not blank)");
      }
      this.id = id;
      return this;
    }

    /**
     * Its share of the requests beside that of others; all strategies go by it but {@code roundRobin}, which gives all the
     * same. 0 means no new requests with any strategy, unless all in the pool are 0, which means equal shares. 0 to
     * {@link #MAX_WEIGHT}, 1 by default.
     */
    public Builder weight(int weight) {
      if (weight < 0 || weight > MAX_WEIGHT) {
        throw new IllegalArgumentException(
            "weight: " + weight + " (expected: 0 to " + MAX_WEIGHT + ")");
      }
      this.weight = weight;
      return this;
    }

    /** Where it stands: the name of a zone, a rack or a region; not blank. Not known by default. */
    public Builder zone(String zone) {
      if (Objects.requireNonNull(zone, "zone").isBlank()) {
        throw new IllegalArgumentException("zone: '" + zone + "' (expected: not blank)");
      }
      this.zone = zone;
      return this;
    }

    /** Adds one thing that is known of it. */
    public Builder metadata(String name, String value) {
      metadata.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /** Adds all of these. */
    public Builder metadata(Map<String, String> metadata) {
      metadata.forEach(this::metadata);
      return this;
    }

    /** The backend. */
    public Backend build() {
      return new Backend(this);
    }
  }

  /** A host and port that were found to be well-formed. */
  private record Target(String host, int port, @Nullable InetAddress address) {

    private static final Pattern NAME = Pattern.compile(
        "LABEL(\\.LABEL)*\\.?".replace("LABEL", "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"));

    private static final String EXPECTED =
        " (expected: host:port, as in 10.0.0.1:8080, [2001:db8::1]:8080 or api.internal:8080)";

    static Target parse(String text) {
      Objects.requireNonNull(text, "backend");
      int scheme = text.indexOf("://");
      if (scheme >= 0) {
        throw new IllegalArgumentException(
            "backend: " + text + " is a URL (expected: host:port without a scheme or path, as in "
                + "10.0.0.1:8080; the scheme comes from the request)");
      }
      int colon = text.lastIndexOf(':');
      boolean bracketed = text.startsWith("[");
      if (bracketed ? text.indexOf(']') != colon - 1 : colon < 0 || text.indexOf(':') != colon) {
        boolean portMissing = colon < 0 || text.endsWith("]");
        String hint = !bracketed && colon >= 0 && IpLiteral.parse(text) != null
            ? " is an IPv6 address without a port (write it in brackets)"
            : portMissing ? " has no port" : "";
        throw new IllegalArgumentException("backend: " + text + hint + EXPECTED);
      }
      return of(text.substring(0, colon), parsePort(text, text.substring(colon + 1)));
    }

    private static int parsePort(String text, String port) {
      try {
        // Not a sign, nor another script's digits, both of which parseInt takes.
        if (port.chars().allMatch(c -> c >= '0' && c <= '9')) {
          return Integer.parseInt(port);
        }
      } catch (NumberFormatException e) {
        // Empty or too long: refused below, like what is no number.
      }
      throw new IllegalArgumentException(
          "backend: " + text + " has port '" + port + "' (expected: 1 to 65535)");
    }

    static Target of(String host, int port) {
      Objects.requireNonNull(host, "host");
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException(
            "backend: " + host + ":" + port + " has port " + port + " (expected: 1 to 65535)");
      }
      boolean bracketed = host.startsWith("[") && host.endsWith("]");
      String bare = bracketed ? host.substring(1, host.length() - 1) : host;
      InetAddress address = IpLiteral.parse(bare);
      if (bracketed && (address == null || bare.indexOf(':') < 0)) {
        throw new IllegalArgumentException("backend: " + host + ":" + port
            + " has brackets around what is no IPv6 address" + EXPECTED);
      }
      return address != null
          ? new Target(IpLiteral.canonical(address), port, address)
          : new Target(checkName(bare, host + ":" + port), port, null);
    }

    /** A host name by RFC 1123, or an underscore in it, as container platforms have them. */
    private static String checkName(String host, String text) {
      String name;
      try {
        name = IDN.toASCII(host).toLowerCase(Locale.ROOT);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "backend: " + text + " has no well-formed host" + EXPECTED, e);
      }
      int length = name.length() - (name.endsWith(".") ? 1 : 0); // without the root's dot
      if (length > 253 || IpLiteral.looksLikeIpv4(name) || !NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "backend: " + text + " has no well-formed host" + EXPECTED);
      }
      return name;
    }

    @Override
    public String toString() {
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
  }
}
