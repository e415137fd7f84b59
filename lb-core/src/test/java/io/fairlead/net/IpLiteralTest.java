package io.fairlead.net;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpLiteralTest {

  /** Among them the examples of RFC 5952, sections 1 and 4. */
  @ParameterizedTest
  @CsvSource({
    "1.2.3.4,                                 1.2.3.4",
    "0.0.0.0,                                 0.0.0.0",
    "255.255.255.255,                         255.255.255.255",
    "::,                                      ::",
    "0:0:0:0:0:0:0:0,                         ::",
    "::1,                                     ::1",
    "1::,                                     1::",
    "2001:0DB8::0001,                         2001:db8::1",
    "2001:db8:0:0:1:0:0:1,                    2001:db8::1:0:0:1",
    "2001:0db8:0:0:1:0:0:1,                   2001:db8::1:0:0:1",
    "2001:db8::1:0:0:1,                       2001:db8::1:0:0:1",
    "2001:db8::0:1:0:0:1,                     2001:db8::1:0:0:1",
    "2001:db8:0000:0:1::1,                    2001:db8::1:0:0:1",
    "2001:DB8:0:0:1::1,                       2001:db8::1:0:0:1",
    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA,  2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",
    "2001:db8:0:1:1:1:1:1,                    2001:db8:0:1:1:1:1:1",
    "2001:db8::1:1:1:1:1,                     2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1,                      2001:0:0:1::1",
    "0:1:0:1:0:1:0:1,                         0:1:0:1:0:1:0:1",
    "1:0:1:0:1:0:0:0,                         1:0:1:0:1::",
    "0:0:1:1:1:1:0:0,                         ::1:1:1:1:0:0",
    "64:ff9b::192.0.2.33,                     64:ff9b::c000:221",
    "::ffff:1.2.3.4,                          1.2.3.4",
    "::FFFF:102:304,                          1.2.3.4",
    "fe80::1%1,                               fe80::1%1",
  })
  void address_isReadAndWrittenInItsCanonicalForm(String text, String canonical) {
    InetAddress address = IpLiteral.parse(text);

    assertThat(address).isNotNull();
    assertThat(IpLiteral.canonical(address)).isEqualTo(canonical);
    assertThat(address)
        .isInstanceOf(canonical.contains(":") ? Inet6Address.class : Inet4Address.class);
    assertThat(IpLiteral.parse(canonical)).as("read again").isEqualTo(address);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ".",
        ":",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        ".1.2.3.4",
        "1..2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.1000",
        "01.2.3.4",
        "1.2.3.04",
        "+1.2.3.4",
        "-1.2.3.4",
        "1.2.3.4 ",
        "0x7f.0.0.1",
        "١.٢.٣.٤",
        "１.2.3.4",
        "localhost",
        "a.b.c.d",
        ":::",
        "1:2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::8:9",
        "::1::",
        "12345::",
        "g::",
        "::1.2.3",
        "::1.2.3.256",
        "[::1]",
        "[::1",
        "::1]",
        "::1%",
        "::%",
        "::ffff:1.2.3.4%1",
        "fe80::1%no-such-interface",
        "::１",
        "::1 ",
        "a:80",
        "localhost:80",
        // InetAddress would ask a name service about those that begin with a dot.
        ".::1",
        ".:",
        ".a:1",
        "..::",
      })
  void anythingElse_isNoAddress(String text) {
    assertThat(IpLiteral.parse(text)).isNull();
  }

  @Test
  void zone_byName_isKept() throws Exception {
    String linkLocal = NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet6Address && address.isLinkLocalAddress())
        .map(IpLiteral::canonical)
        .findFirst()
        .orElse("");
    assumeTrue(linkLocal.contains("%"), "this machine has a link-local address");

    assertThat(IpLiteral.canonical(requireNonNull(IpLiteral.parse(linkLocal))))
        .isEqualTo(linkLocal);
  }

  @Test
  void canonical_randomAddresses_readsBackAsTheSame() throws Exception {
    long seed = 5952;
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[16];
      for (int group = 0; group < 8; group++) {
        if (random.nextBoolean()) { // else zero, so that runs of zeros are frequent
          bytes[2 * group] = (byte) (random.nextBoolean() ? 0 : random.nextInt());
          bytes[2 * group + 1] = (byte) random.nextInt();
        }
      }
      InetAddress address = InetAddress.getByAddress(bytes);
      String text = IpLiteral.canonical(address);

      assertThat(IpLiteral.parse(text)).as("seed %d, %s", seed, text).isEqualTo(address);
      assertThat(text).as("seed %d", seed).doesNotContain(":::").doesNotMatch(".*::.*::.*");
      assertThat(text)
          .as("seed %d: two zeros left", seed)
          .doesNotMatch("([0-9a-f]+:)*0:0(:[0-9a-f]+)*");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1.2.3.4, true",
    "1, true",
    "..., true",
    "1.2.3.a, false",
    "'', false",
    "１.2, false",
  })
  void looksLikeIpv4_digitsAndDotsOnly(String text, boolean looks) {
    assertThat(IpLiteral.looksLikeIpv4(text)).isEqualTo(looks);
  }
}
