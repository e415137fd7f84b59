package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.MockResponse;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cookies belong to the logical host: one backend sets them, all get them. */
class CookiesTest {

  /** Keeps all, and gives each to whom it is for. */
  static final class Jar implements CookieJar {
    final List<Cookie> cookies = new CopyOnWriteArrayList<>();

    @Override
    public void saveFromResponse(HttpUrl url, List<Cookie> added) {
      cookies.addAll(added);
    }

    @Override
    public List<Cookie> loadForRequest(HttpUrl url) {
      return cookies.stream().filter(cookie -> cookie.matches(url)).toList();
    }
  }

  @ParameterizedTest
  @EnumSource
  void cookie_setByOneBackend_isSentToAll(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inTurn(wire, 3)) {
      OkHttpClient client = fleet
          .interceptor()
          .install(wire.client().newBuilder().cookieJar(new Jar()).build());
      MockResponse.Builder first = new MockResponse.Builder()
          .addHeader("Set-Cookie", "host=1; Path=/")
          .addHeader("Set-Cookie", "domain=2; Domain=" + Fleet.HOST)
          .addHeader("Set-Cookie", "foreign=4; Domain=elsewhere.org");
      fleet.answer(0, first.build());
      fleet.answer(1, "");
      fleet.answer(2, "");
      for (int i = 0; i < 3; i++) {
        fleet.read(client, "/");
      }
      assertThat(fleet.taken(0).getHeaders().get("Cookie")).isNull();
      assertThat(fleet.taken(1).getHeaders().get("Cookie")).isEqualTo("host=1; domain=2");
      assertThat(fleet.taken(2).getHeaders().get("Cookie")).isEqualTo("host=1; domain=2");
    }
  }

  @ParameterizedTest
  @EnumSource
  void cookieJarOfADerivedClient_holdsAfterAFailureToo(Wire wire) throws IOException {
    try (Fleet fleet = Fleet.inOrder(wire, 2)) {
      Jar jar = new Jar();
      OkHttpClient client = fleet.client().newBuilder().cookieJar(jar).build();
      fleet.fail(0);
      fleet.answer(1, new MockResponse.Builder().addHeader("Set-Cookie", "a=1").build());
      fleet.answer(0, "");
      fleet.read(client, "/");
      fleet.read(client, "/");
      assertThat(jar.cookies).hasSize(1);
      assertThat(fleet.taken(0).getHeaders().get("Cookie")).isNull();
      assertThat(fleet.taken(0).getHeaders().get("Cookie")).isEqualTo("a=1");
    }
  }
}
