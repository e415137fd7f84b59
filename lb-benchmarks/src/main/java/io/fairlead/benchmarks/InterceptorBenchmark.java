package io.fairlead.benchmarks;

import io.fairlead.LoadBalancer;
import io.fairlead.concurrency.ConcurrencyLimit;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import io.fairlead.ratelimit.RateLimit;
import io.fairlead.ratelimit.TokenBucket;
import io.fairlead.retry.Hedging;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the interceptor adds to an OkHttp call that goes well. {@code canned} has no network below, so that what is added
 * shows; {@code loopback} is a real call to a server that costs next to nothing.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m", "-XX:+AlwaysPreTouch"})
@SuppressWarnings("NullAway.Init") // JMH fills a state's fields before it measures
public class InterceptorBenchmark {

  private static final String LOGICAL = "http://orders/v1/items";

  /**
   * Who does it: OkHttp alone; with the interceptor, added for canned calls and installed for real ones; the same with every limit on
   * too; and that with calls that may be hedged, and never are, which is for real calls only.
   */
  @Param({"referenceBare", "fairleadBalanced", "fairleadEverything", "fairleadHedgeable"})
  public String impl;

  private CannedServer server;
  private LoadBalancer balancer;
  private OkHttpClient cannedClient;
  private OkHttpClient loopbackClient;
  private Request cannedRequest;
  private Request loopbackRequest;

  @Setup
  public void setUp() throws IOException {
    server = new CannedServer();
    balancer = builder(impl).backends("127.0.0.1:" + server.port()).build();
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of(balancer);
    cannedRequest = new Request.Builder().url(LOGICAL).build();
    switch (impl) {
      case "referenceBare" -> {
        cannedClient = new OkHttpClient.Builder()
            .addInterceptor(InterceptorBenchmark::answer)
            .build();
        loopbackClient = new OkHttpClient();
        loopbackRequest = new Request.Builder()
            .url("http://127.0.0.1:" + server.port() + "/v1/items")
            .build();
      }
      case "fairleadBalanced", "fairleadEverything", "fairleadHedgeable" -> {
        cannedClient = new OkHttpClient.Builder()
            .addInterceptor(interceptor)
            .addInterceptor(InterceptorBenchmark::answer)
            .build();
        loopbackClient = interceptor.install(new OkHttpClient());
        loopbackRequest = cannedRequest;
      }
      default -> throw new IllegalArgumentException("impl: " + impl);
    }
  }

  /** Retries, their budget, ejection and the watch for silence are always on. */
  private static LoadBalancer.Builder builder(String impl) {
    LoadBalancer.Builder builder = LoadBalancer.builder("orders");
    if (impl.equals("fairleadEverything") || impl.equals("fairleadHedgeable")) {
      builder
          .rateLimit(
              TokenBucket.builder().limit(RateLimit.perSecond(1_000_000_000)).build())
          .concurrencyLimit(ConcurrencyLimit.fixed(1000))
          .memberConcurrencyLimit(ConcurrencyLimit.gradient());
    }
    if (impl.equals("fairleadHedgeable")) {
      builder.hedging(Hedging.after(Duration.ofSeconds(1)));
    }
    return builder;
  }

  @TearDown
  public void tearDown() throws IOException {
    loopbackClient.connectionPool().evictAll();
    balancer.close();
    server.close();
  }

  /** As if it had come over the network: without a network response it would be one from the cache. */
  private static Response answer(Interceptor.Chain chain) {
    Response network = new Response.Builder()
        .request(chain.request())
        .protocol(Protocol.HTTP_1_1)
        .code(200)
        .message("OK")
        .build();
    return network
        .newBuilder()
        .networkResponse(network)
        .body(ResponseBody.create(CannedServer.BODY, null))
        .build();
  }

  @Benchmark
  public String canned() throws IOException {
    return call(cannedClient, cannedRequest);
  }

  @Benchmark
  public String loopback() throws IOException {
    return call(loopbackClient, loopbackRequest);
  }

  private static String call(OkHttpClient client, Request request) throws IOException {
    try (Response response = client.newCall(request).execute()) {
      return response.body().string();
    }
  }
}
