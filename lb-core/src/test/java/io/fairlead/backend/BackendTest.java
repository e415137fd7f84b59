package io.fairlead.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackendTest {

  private static final String LABEL_63 = "a".repeat(63);
  private static final String NAME_253 =
      LABEL_63 + "." + LABEL_63 + "." + LABEL_63 + "." + "a".repeat(61);

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1:8080,             10.0.0.1,             8080",
    "a:1,                       a,                    1",
    "a:65535,                   a,                    65535",
    "a:080,                     a,                    80",
    "localhost:80,              localhost,            80",
    "api-7.internal:8443,       api-7.internal,       8443",
    "API-7.Internal:8443,       api-7.internal,       8443",
    "my_service.default:80,     my_service.default,   80",
    "_sip:80,                   _sip,                 80",
    "1a.2b:80,                  1a.2b,                80",
    "123.example:80,            123.example,          80",
    "api.internal.:80,          api.internal.,        80",
    "[::1]:8080,                ::1,                  8080",
    "[2001:DB8:0::0:1]:80,      2001:db8::1,          80",
    "[::ffff:1.2.3.4]:80,       1.2.3.4,              80",
    "[fe80::1%1]:80,            fe80::1%1,            80",
    "bücher.example:80,         xn--bcher-kva.example, 80",
    "BÜCHER.example:80,         xn--bcher-kva.example, 80",
    "xn--bcher-kva.example:80,  xn--bcher-kva.example, 80",
    "例え.テスト:80,              xn--r8jz45g.xn--zckzah, 80",
  })
  void of_wellFormed_isReadIntoHostAndPort(String text, String host, int port) {
    Backend backend = Backend.of(text);

    assertThat(backend.host()).isEqualTo(host);
    assertThat(backend.port()).isEqualTo(port);
    assertThat(backend.id()).isEqualTo((host.contains(":") ? "[" + host + "]" : host) + ":" + port);
    assertThat(backend).hasToString(backend.id());
    assertThat(Backend.of(backend.id())).as("read again").isEqualTo(backend);
    assertThat(Backend.of(host, port)).as("in two parts").isEqualTo(backend);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ":",
        "[",
        "]",
        "[]",
        "[]:80",
        ":80",
        " :80",
        "a",
        "a:",
        "a:0",
        "a:65536",
        "a:70000",
        "a:99999999999999999999",
        "a:-1",
        "a:+80",
        "a: 80",
        "a:80 ",
        "a:８０",
        "a:٨٠",
        "a:8_0",
        "a:0x50",
        "a:http",
        " a:80",
        "a b:80",
        "a/b:80",
        "a:80/path",
        "user@a:80",
        "a?b:80",
        "a%41:80",
        "-a:80",
        "a-:80",
        "a.-b:80",
        "a-.b:80",
        ".a:80",
        ".:80",
        "a..b:80",
        "a..:80",
        "1.2.3:80",
        "1.2.3.4.5:80",
        "1.2.3.4.:80",
        "256.1.1.1:80",
        "01.2.3.4:80",
        "1234:80",
        "::1",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1]:",
        "[::1:80",
        "::1]:80",
        "[::1]]:80",
        "[[::1]]:80",
        "[1.2.3.4]:80",
        "[a]:80",
        "[a:b]:80",
        "[::1%]:80",
        "[::1%no-such-interface]:80",
        "a:80,b:80",
        "a:80:80",
        "http://a:80",
        "http://10.0.0.1:8080/",
        "\u0000:80",
        "a\n:80",
      })
  void of_anythingElse_isRefusedByItsName(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backend.of(text))
        .withMessageStartingWith("backend: " + text)
        .withMessageContaining("expected: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://a:80  | is a URL (expected: host:port without a scheme or path",
        "a            | has no port (expected: host:port",
        "10.0.0.1     | has no port",
        "::1          | is an IPv6 address without a port (write it in brackets)",
        "[::1]        | has no port",
        "[::1:80      | (expected: host:port",
        "a:0          | has port 0 (expected: 1 to 65535)",
        "a:70000      | has port 70000 (expected: 1 to 65535)",
        "a:+80        | has port '+80' (expected: 1 to 65535)",
        "a:           | has port '' (expected: 1 to 65535)",
        "[1.2.3.4]:80 | has brackets around what is no IPv6 address",
        "a..b:80      | has no well-formed host",
      })
  void of_refused_saysWhy(String text, String why) {
    assertThatThrownBy(() -> Backend.of(text)).hasMessageContaining(why);
  }

  @Test
  void of_null_isRefused() {
    assertThatNullPointerException().isThrownBy(() -> Backend.of(null)).withMessage("backend");
    assertThatNullPointerException().isThrownBy(() -> Backend.of(null, 80)).withMessage("host");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65536, Integer.MAX_VALUE})
  void of_portOutOfRange_isRefused(int port) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backend.of("a", port))
        .withMessage("backend: a:" + port + " has port " + port + " (expected: 1 to 65535)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[::1]", "::1", "0:0:0:0:0:0:0:1"})
  void of_hostAndPort_takesIpv6WithAndWithoutBrackets(String host) {
    assertThat(Backend.of(host, 80)).isEqualTo(Backend.of("[::1]:80"));
  }

  @Test
  void names_asLongAsTheyGo() {
    assertThat(Backend.of(NAME_253 + ":80").host()).isEqualTo(NAME_253);
    assertThat(Backend.of(NAME_253 + ".:80").host()).as("the root's dot").isEqualTo(NAME_253 + ".");
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of(NAME_253 + "a:80"));
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of(LABEL_63 + "a:80"));
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of("a".repeat(100_000) + ":80"));
  }

  /** Each is a case for which a careless pattern takes time that is exponential in the length. */
  @Test
  void names_longAndAlmostRight_areRefusedInNoTime() {
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of("a".repeat(62) + "-:80"));
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of("a".repeat(61) + "!:80"));
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of("a-".repeat(31) + ":80"));
    assertThatIllegalArgumentException().isThrownBy(() -> Backend.of("a.".repeat(120) + "-:80"));
  }

  @Test
  void address_ofANumericHostOnly() throws Exception {
    assertThat(Backend.of("10.0.0.1:80").address()).hasToString("/10.0.0.1");
    assertThat(Backend.of("[::1]:80").address()).hasToString("/0:0:0:0:0:0:0:1");
    assertThat(Backend.of("localhost:80").address()).isNull();
  }

  @Test
  void builder_everythingSet_isThere() {
    Backend backend = Backend.builder("API:80")
        .id("blue")
        .weight(3)
        .zone("eu-1a")
        .metadata("version", "42")
        .metadata(Map.of("canary", "true"))
        .build();

    assertThat(backend.host()).isEqualTo("api");
    assertThat(backend.id()).isEqualTo("blue");
    assertThat(backend.weight()).isEqualTo(3);
    assertThat(backend.zone()).isEqualTo("eu-1a");
    assertThat(backend.metadata())
        .containsExactly(Map.entry("version", "42"), Map.entry("canary", "true"));
    assertThat(backend).hasToString("blue (api:80)");
  }

  @Test
  void builder_nothingSet_hasDefaults() {
    Backend backend = Backend.builder("a", 80).build();

    assertThat(backend.id()).isEqualTo("a:80");
    assertThat(backend.weight()).isEqualTo(1);
    assertThat(backend.zone()).isNull();
    assertThat(backend.metadata()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Backend.MAX_WEIGHT + 1, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void weight_outOfRange_isRefused(int weight) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backend.builder("a:80").weight(weight))
        .withMessage("weight: " + weight + " (expected: 0 to 1000000)");
  }

  @Test
  void weight_bothEndsOfItsRange_areTaken() {
    assertThat(Backend.builder("a:80").weight(0).build().weight()).isZero();
    assertThat(Backend.builder("a:80").weight(Backend.MAX_WEIGHT).build().weight())
        .isEqualTo(Backend.MAX_WEIGHT);
  }

  @Test
  void id_blank_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Backend.builder("a:80").id(" "))
        .withMessage("id: ' ' (expected: not blank)");
  }

  @Test
  void builder_null_isRefusedByName() {
    Backend.Builder builder = Backend.builder("a:80");

    assertThatNullPointerException().isThrownBy(() -> builder.id(null)).withMessage("id");
    assertThatNullPointerException().isThrownBy(() -> builder.zone(null)).withMessage("zone");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.zone(""))
        .withMessage("zone: '' (expected: not blank)");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.metadata(null, "x"))
        .withMessage("name");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.metadata("x", null))
        .withMessage("value");
  }

  @Test
  void metadata_isACopyAndUnmodifiable() {
    Map<String, String> given = new LinkedHashMap<>(Map.of("a", "1"));
    Backend.Builder builder = Backend.builder("a:80").metadata(given);
    Backend backend = builder.build();

    given.put("b", "2");
    builder.metadata("c", "3");

    assertThat(backend.metadata()).containsOnlyKeys("a");
    assertThatThrownBy(() -> backend.metadata().put("d", "4"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void equals_everythingInIt() {
    Backend backend = full().build();

    assertThat(backend).isEqualTo(full().build()).hasSameHashCodeAs(full().build());
    assertThat(backend).isNotEqualTo(full().id("other").build());
    assertThat(backend).isNotEqualTo(full().weight(4).build());
    assertThat(backend).isNotEqualTo(full().zone("other").build());
    assertThat(backend).isNotEqualTo(full().metadata("x", "y").build());
    assertThat(backend)
        .isNotEqualTo(Backend.builder("b:80").id("blue").weight(3).zone("z").build());
    assertThat(backend)
        .isNotEqualTo(Backend.builder("a:81").id("blue").weight(3).zone("z").build());
    assertThat(backend)
        .isNotEqualTo(Backend.builder("a:80").id("blue").weight(3).build());
    assertThat(backend).isNotEqualTo("blue").isNotEqualTo(null);
  }

  private static Backend.Builder full() {
    return Backend.builder("a:80").id("blue").weight(3).zone("z");
  }

  @Test
  void toBuilder_keepsWhatIsNotChanged() {
    for (String text : new String[] {"a:80", "[::1]:80", "10.0.0.1:80"}) {
      Backend backend =
          Backend.builder(text).weight(3).zone("z").metadata("x", "y").build();

      assertThat(backend.toBuilder().build()).isEqualTo(backend);
      assertThat(backend.toBuilder().build().address()).isEqualTo(backend.address());
      assertThat(backend.toBuilder().weight(5).build())
          .isEqualTo(
              Backend.builder(text).weight(5).zone("z").metadata("x", "y").build());
    }
    assertThat(Backend.of("a:80").toBuilder().build().zone()).isNull();
  }

  @Test
  void veto_readsLikeASentence() {
    Veto veto = new Veto(Veto.Kind.HARD, "breaker", "5 failures in a row", Veto.UNTIL_LIFTED);

    assertThat(veto).hasToString("breaker: 5 failures in a row");
    assertThatNullPointerException()
        .isThrownBy(() -> new Veto(null, "p", "r", 0))
        .withMessage("kind");
    assertThatNullPointerException()
        .isThrownBy(() -> new Veto(Veto.Kind.HARD, null, "r", 0))
        .withMessage("policy");
    assertThatNullPointerException()
        .isThrownBy(() -> new Veto(Veto.Kind.HARD, "p", null, 0))
        .withMessage("reason");
  }
}
