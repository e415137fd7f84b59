package io.fairlead.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

/** A proxy selector has a say in everything but balanced hosts. */
class ProxyTest {

  private static final class Selector extends ProxySelector {
    final List<URI> asked = new CopyOnWriteArrayList<>();
    private final MockWebServer proxy;

    Selector(MockWebServer proxy) {
      this.proxy = proxy;
    }

    @Override
    public List<Proxy> select(URI uri) {
      asked.add(uri);
      return List.of(new Proxy(
          Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy.internal", proxy.getPort())));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
  }

  @Test
  void balancedHost_passesTheProxyBy_andAForeignOneDoesNot_afterARedirectEither()
      throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1);
        MockWebServer proxy = Wire.HTTP.server()) {
      Selector selector = new Selector(proxy);
      OkHttpClient client = fleet
          .interceptor()
          .install(Wire.HTTP
              .client()
              .newBuilder()
              .proxySelector(selector)
              .dns(Fleet.dns("proxy.internal"))
              .build());
      fleet.answer(0, "hello");
      assertThat(fleet.read(client, "/")).isEqualTo("hello");
      assertThat(selector.asked).isEmpty();

      proxy.enqueue(new MockResponse.Builder().body("by proxy").build());
      Request foreign =
          new Request.Builder().url("http://elsewhere.example/direct").build();
      assertThat(Fleet.read(client, foreign)).isEqualTo("by proxy");
      assertThat(Fleet.taken(proxy).getRequestLine())
          .isEqualTo("GET http://elsewhere.example/direct HTTP/1.1");

      proxy.enqueue(new MockResponse.Builder().body("by proxy").build());
      fleet.answer(
          0,
          new MockResponse.Builder()
              .code(302)
              .addHeader("Location", "http://elsewhere.example/redirected")
              .build());
      assertThat(fleet.read(client, "/")).isEqualTo("by proxy");
      assertThat(Fleet.taken(proxy).getRequestLine())
          .isEqualTo("GET http://elsewhere.example/redirected HTTP/1.1");
      fleet.assertIdle();
    }
  }

  @Test
  void selectorOfADerivedClient_holds() throws IOException {
    try (Fleet fleet = Fleet.inOrder(Wire.HTTP, 1);
        MockWebServer proxy = Wire.HTTP.server()) {
      OkHttpClient client = fleet
          .client()
          .newBuilder()
          .proxySelector(new Selector(proxy))
          .dns(Fleet.dns("proxy.internal"))
          .build();
      proxy.enqueue(new MockResponse.Builder().body("by proxy").build());
      fleet.answer(
          0,
          new MockResponse.Builder()
              .code(302)
              .addHeader("Location", "http://elsewhere.example/redirected")
              .build());
      assertThat(fleet.read(client, "/")).isEqualTo("by proxy");
      fleet.assertIdle();
    }
  }
}
