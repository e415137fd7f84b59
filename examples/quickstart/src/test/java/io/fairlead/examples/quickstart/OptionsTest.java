package io.fairlead.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.backend.Backend;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {

  @Test
  void parse_nothing_isTheDemonstration() {
    Options options = Options.parse();
    assertThat(options.backends()).isEmpty();
    assertThat(options.requests()).isEqualTo(3000);
    assertThat(options.time()).isNull();
    assertThat(options.concurrency()).isEqualTo(12);
    assertThat(options.strategy()).hasToString("leastConnections");
    assertThat(options.json()).isFalse();
    assertThat(options.help()).isFalse();
  }

  @Test
  void parse_backendsAlone_hasDefaultsForTheRest() {
    Options options = Options.parse("--backends", "10.0.0.1:80");
    assertThat(options.backends()).containsExactly(Backend.of("10.0.0.1:80"));
    assertThat(options.url()).hasToString("http://service/");
    assertThat(options.strategy()).hasToString("roundRobin");
  }

  @Test
  void parse_everything_isTaken() {
    Options options = Options.parse(
        "--json",
        "--strategy",
        "least-connections",
        "--concurrency",
        "7",
        "--requests",
        "5000000000",
        "--url",
        "https://orders:1/v1/items?all",
        "--backends",
        "10.0.0.1:80,[::1]:81,api.internal:82");
    assertThat(options.backends())
        .containsExactly(
            Backend.of("10.0.0.1:80"), Backend.of("[::1]:81"), Backend.of("api.internal:82"));
    assertThat(options.url()).hasToString("https://orders:1/v1/items?all");
    assertThat(options.requests()).isEqualTo(5_000_000_000L);
    assertThat(options.concurrency()).isEqualTo(7);
    assertThat(options.strategy()).hasToString("leastConnections");
    assertThat(options.json()).isTrue();
  }

  @Test
  void parse_seconds_isWithoutEndOfRequests() {
    Options options = Options.parse("--seconds", "60");
    assertThat(options.time()).isEqualTo(Duration.ofMinutes(1));
    assertThat(options.requests()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void parse_help_needsNothingElse() {
    assertThat(Options.parse("--help").help()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      --nonsense                                       | --nonsense: unknown option
      localhost:80                                     | localhost:80: unknown option
      --json=true                                      | --json=true: unknown option
      --requests                                       | --requests: its value is missing
      --requests --json                                | --requests: its value is missing
      --backends                                       | --backends: its value is missing
      --requests ten                                   | --requests: ten (expected: 1 or more)
      --requests 1.5                                   | --requests: 1.5 (expected: 1 or more)
      --requests 0                                     | --requests: 0 (expected: 1 or more)
      --requests -1                                    | --requests: -1 (expected: 1 or more)
      --requests 99999999999999999999                  | --requests: 99999999999999999999 (expected: 1 or more)
      --seconds 0                                      | --seconds: 0 (expected: 1 to 86400)
      --seconds 86401                                  | --seconds: 86401 (expected: 1 to 86400)
      --seconds 60 --requests 10                       | --seconds: not together with --requests
      --concurrency 0                                  | --concurrency: 0 (expected: 1 to 10000)
      --concurrency 10001                              | --concurrency: 10001 (expected: 1 to 10000)
      --requests 1 --requests 2                        | --requests: given twice
      --json --json                                    | --json: given twice
      --strategy fastest                               | --strategy: fastest (expected: round-robin, random, least-connections, power-of-two-choices or least-response-time)
      --strategy Round-Robin                           | --strategy: Round-Robin (expected: round-robin, random, least-connections, power-of-two-choices or least-response-time)
      --backends localhost                             | backend: localhost has no port
      --backends localhost:http                        | backend: localhost:http has port 'http'
      --backends localhost:0                           | (expected: 1 to 65535)
      --backends localhost:80,                         | has no port
      --backends http://localhost:80                   | is a URL
      --backends localhost:80,localhost:80             | localhost:80
      --url http://orders/                             | --url: needs --backends
      --backends localhost:80 --url orders             | --url: orders (expected: as in http://
      --backends localhost:80 --url ftp://orders       | --url: ftp://orders (expected: as in http://
      --backends localhost:80 --url http://127.0.0.1/  | host: 127.0.0.1
      """)
  void parse_whatCannotBeDone_saysWhatWasWrong(String line, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Options.parse(line.split(" ")))
        .withMessageContaining(message);
  }
}
