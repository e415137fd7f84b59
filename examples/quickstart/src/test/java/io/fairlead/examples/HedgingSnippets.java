package io.fairlead.examples;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Member;
import io.fairlead.okhttp.Attempts;
import io.fairlead.okhttp.CallOptions;
import io.fairlead.request.RequestContext;
import io.fairlead.retry.Hedging;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** The code of docs/guide/hedging.md, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class HedgingSnippets {

  private HedgingSnippets() {}

  static void quantile() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .hedging(Hedging.atQuantile(0.95))
        .build();
  }

  static void fixed() {
    LoadBalancer prices = LoadBalancer.builder("prices")
        .backends("10.0.2.1:8080", "10.0.2.2:8080")
        .hedging(Hedging.after(Duration.ofMillis(50)).budget(0.02))
        .build();
  }

  static void executor(Executor background) {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .hedging(Hedging.atQuantile(0.95))
        .executor(background)
        .build();
  }

  static void withoutOkHttp(LoadBalancer orders) throws IOException {
    byte[] page = orders.call(RequestContext.empty().repeatable(), attempt -> {
      try (Socket socket = new Socket()) {
        attempt.onCancel(() -> closeQuietly(socket));
        socket.connect(
            new InetSocketAddress(attempt.backend().host(), attempt.backend().port()), 500);
        return ask(socket);
      }
    });
  }

  private static byte[] ask(Socket socket) throws IOException {
    return socket.getInputStream().readAllBytes();
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It was to be closed.
    }
  }

  static void oneRequest() {
    Request report = new Request.Builder()
        .url("http://orders/v1/reports/2026")
        .tag(CallOptions.class, CallOptions.of(RequestContext.empty().hedging(false)))
        .build();
  }

  static LongAdder count(LoadBalancer orders) {
    LongAdder hedges = new LongAdder();
    orders.addListener(new LoadBalancerListener() {
      @Override
      public void hedged(Member from, Member to) {
        hedges.increment();
      }
    });
    return hedges;
  }

  static void attempts(OkHttpClient client, Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      for (Attempts.Attempt attempt : Attempts.of(response).all()) {
        System.out.println(attempt.backend() + " " + attempt.outcome() + " " + attempt.elapsed());
      }
    }
  }
}
