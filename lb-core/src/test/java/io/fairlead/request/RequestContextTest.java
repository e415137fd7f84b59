package io.fairlead.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.CharBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestContextTest {

  /**
   * The vectors of xxHash's own sanity test ({@code XSUM_XXH3_testdata}, without a seed) of an even length, taken for UTF-16
   * code units in little-endian order: its lengths cover each of the algorithm's cases.
   */
  @ParameterizedTest
  @CsvSource({
    "0,    2D06800538D394C2",
    "6,    27B56A84CD2D7325",
    "12,   A713DAF0DFBB77E7",
    "24,   A3FE70BF9D3510EB",
    "48,   397DA259ECBA1F11",
    "80,   BCDEFBBB2C47C90A",
    "512,  617E49599013CB6B",
    "2048, DD59E2C3A5F038E0",
    "2240, 6E73A90539CF2948",
  })
  void key_isHashedAsXxh3Says(int bytes, String hash) {
    String key = sanityBuffer(bytes);

    assertThat(Long.toHexString(RequestContext.withKey(key).keyHash())).isEqualToIgnoringCase(hash);
  }

  private static String sanityBuffer(int bytes) {
    StringBuilder chars = new StringBuilder();
    long next = 2654435761L;
    int low = 0;
    for (int i = 0; i < bytes; i++) {
      int one = (int) (next >>> 56);
      next *= 0x9E3779B185EBCA8DL;
      if (i % 2 == 0) {
        low = one;
      } else {
        chars.append((char) (one << 8 | low));
      }
    }
    return chars.toString();
  }

  /** Whoever shares a cache between versions of this library relies on them: they never change. */
  @ParameterizedTest
  @CsvSource({
    "user-1,    30bf4c0119f37f17",
    "user-2,    997ef8d8798fdf7b",
    "käse 🧀,   773feac562df99d3",
  })
  void key_hash_neverChanges(String key, String hash) {
    assertThat(Long.toHexString(RequestContext.withKey(key).keyHash())).isEqualTo(hash);
  }

  @Test
  void key_isKept_unlessOnlyItsHashIsKnown() {
    assertThat(RequestContext.empty().key()).isNull();
    assertThat(RequestContext.withKey("user-1").key()).isEqualTo("user-1");
    assertThat(RequestContext.withKey(CharBuffer.wrap("user-1")).key()).isEqualTo("user-1");
    assertThat(RequestContext.withKey("user-1").session("s").key()).isEqualTo("user-1");
    assertThat(RequestContext.withKey("user-1").keyHash(7).key()).isNull();
  }

  @Test
  void key_anyCharSequence_hashesAlike() {
    assertThat(RequestContext.withKey(CharBuffer.wrap("user-1")).keyHash())
        .isEqualTo(RequestContext.empty().key("user-1").keyHash());
  }

  @Test
  void key_emptyAndUnpairedSurrogate_areKeysToo() {
    assertThat(RequestContext.withKey("").hasKey()).isTrue();
    assertThat(RequestContext.withKey("\uD800").keyHash())
        .isNotEqualTo(RequestContext.withKey("?").keyHash());
  }

  @Test
  void keyHash_anyNumber_isTaken() {
    RequestContext context = RequestContext.empty().keyHash(0);

    assertThat(context.hasKey()).isTrue();
    assertThat(context.keyHash()).isZero();
    assertThat(context.keyHash(-1).keyHash()).isEqualTo(-1);
  }

  @Test
  void empty_knowsNothing() {
    RequestContext empty = RequestContext.empty();

    assertThat(empty.hasKey()).isFalse();
    assertThat(empty.keyHash()).isZero();
    assertThat(empty.session()).isNull();
    assertThat(empty.clientIp()).isNull();
    assertThat(empty.endpoint()).isNull();
    assertThat(empty.zone()).isNull();
    assertThat(empty.timeout()).isNull();
    assertThat(empty.isRepeatable()).isFalse();
    assertThat(empty).hasToString("RequestContext{}");
  }

  @Test
  void everythingSet_isThere_andWhatItWasMadeOfIsUnchanged() {
    RequestContext key = RequestContext.empty().keyHash(255);
    RequestContext full = key.session("s")
        .clientIp("10.0.0.1")
        .endpoint("GET /x")
        .zone("eu-1a")
        .timeout(Duration.ofSeconds(2))
        .repeatable();

    assertThat(full.hasKey()).isTrue();
    assertThat(full.keyHash()).isEqualTo(255);
    assertThat(full.session()).isEqualTo("s");
    assertThat(full.clientIp()).hasToString("/10.0.0.1");
    assertThat(full.endpoint()).isEqualTo("GET /x");
    assertThat(full.zone()).isEqualTo("eu-1a");
    assertThat(full.timeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(full.isRepeatable()).isTrue();
    assertThat(full.repeatable()).isSameAs(full);
    assertThat(full)
        .hasToString("RequestContext{keyHash=ff, session=s, clientIp=10.0.0.1, endpoint=GET /x, "
            + "zone=eu-1a, timeout=PT2S, repeatable=true}");
    assertThat(key).hasToString("RequestContext{keyHash=ff}");
    assertThat(RequestContext.empty()).hasToString("RequestContext{}");
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1,              10.0.0.1",
    "::1,                   0:0:0:0:0:0:0:1",
    "2001:db8::1,           2001:db8:0:0:0:0:0:1",
    "0:0:0:0:0:0:0:1,       0:0:0:0:0:0:0:1",
    "::ffff:10.0.0.1,       10.0.0.1",
    "fe80::1%1,             fe80:0:0:0:0:0:0:1",
    "fe80::1%of-elsewhere9, fe80:0:0:0:0:0:0:1",
    "::ffff:10.0.0.1%eth0,  10.0.0.1",
  })
  void clientIp_asServletsGiveIt_isTaken(String text, String address) {
    InetAddress clientIp = RequestContext.empty().clientIp(text).clientIp();

    assertThat(clientIp).isNotNull();
    assertThat(clientIp.getHostAddress()).isEqualTo(address);
    if (!address.contains(":")) {
      assertThat(clientIp).isInstanceOf(Inet4Address.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "10.0.0.1:80",
        "10.0.0",
        "[::1]",
        "10.0.0.1, 10.0.0.2",
        "unknown",
        "fe80::1%",
        "10.0.0.1%1"
      })
  void clientIp_anythingElse_isRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestContext.empty().clientIp(text))
        .withMessage("clientIp: " + text + " (expected: an IPv4 or IPv6 address)");
  }

  @Test
  void timeout_notAboveZero_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestContext.empty().timeout(Duration.ZERO))
        .withMessage("timeout: PT0S (expected: more than zero)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestContext.empty().timeout(Duration.ofNanos(-1)));
  }

  @Test
  void timeout_forEver_isTheLongestThatNanosecondsCount() {
    Duration longest = Duration.ofNanos(Long.MAX_VALUE);

    assertThat(RequestContext.empty().timeout(ChronoUnit.FOREVER.getDuration()).timeout())
        .isEqualTo(longest);
    assertThat(RequestContext.empty().timeout(longest).timeout()).isEqualTo(longest);
  }

  @Test
  void setters_null_areRefusedByName() {
    RequestContext context = RequestContext.empty();

    assertThatNullPointerException().isThrownBy(() -> context.key(null)).withMessage("key");
    assertThatNullPointerException().isThrownBy(() -> context.session(null)).withMessage("session");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> context.session(""))
        .withMessage("session: '' (expected: not blank)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> context.zone(" "))
        .withMessage("zone: ' ' (expected: not blank)");
    assertThatNullPointerException()
        .isThrownBy(() -> context.clientIp(null))
        .withMessage("address");
    assertThatNullPointerException()
        .isThrownBy(() -> context.endpoint(null))
        .withMessage("endpoint");
    assertThatNullPointerException().isThrownBy(() -> context.zone(null)).withMessage("zone");
    assertThatNullPointerException().isThrownBy(() -> context.timeout(null)).withMessage("timeout");
  }

  // ---- how often, and how ----

  @Test
  void retriesAndHedging_areTheBalancersAffair_unlessSaid() {
    RequestContext empty = RequestContext.empty();

    assertThat(empty.maxAttempts()).isZero();
    assertThat(empty.attemptTimeout()).isNull();
    assertThat(empty.mayHedge()).isTrue();
    RequestContext full =
        empty.maxAttempts(32).attemptTimeout(Duration.ofDays(1)).hedging(false).repeatable();
    assertThat(full.maxAttempts()).isEqualTo(32);
    assertThat(full.attemptTimeout()).isEqualTo(Duration.ofDays(1));
    assertThat(full.mayHedge()).isFalse();
    assertThat(full.hedging(true).mayHedge()).isTrue();
    assertThat(full)
        .hasToString("RequestContext{attemptTimeout=PT24H, maxAttempts=32, hedging=false, "
            + "repeatable=true}");
    assertThat(empty).as("unchanged").hasToString("RequestContext{}");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 33})
  void maxAttempts_outOfRange_isRefused(int attempts) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestContext.empty().maxAttempts(attempts))
        .withMessage("maxAttempts: " + attempts + " (expected: 1 to 32)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT24H0.000000001S"})
  void attemptTimeout_outOfRange_isRefused(String timeout) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RequestContext.empty().attemptTimeout(Duration.parse(timeout)))
        .withMessage("attemptTimeout: " + timeout + " (expected: more than zero, up to 24 hours)");
  }

  @Test
  void attemptTimeout_null_isRefusedByName() {
    assertThatNullPointerException()
        .isThrownBy(() -> RequestContext.empty().attemptTimeout(null))
        .withMessage("attemptTimeout");
  }
}
