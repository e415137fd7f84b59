package io.fairlead.examples.quickstart;

import io.fairlead.LoadBalancer;
import io.fairlead.backend.Backend;
import io.fairlead.okhttp.LoadBalancingInterceptor;
import java.io.PrintStream;
import java.util.List;
import java.util.function.LongConsumer;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/**
 * Sends requests through a load balancer and tells what went where: to three servers of its own, one of them slow and one of
 * them stopped mid-way, or to servers that are there already. {@code --help} tells more.
 */
public final class Quickstart {

  private static final int ALL_ANSWERED = 0;
  private static final int SOME_FAILED = 1;
  private static final int WRONG_USAGE = 2;

  private Quickstart() {}

  public static void main(String[] args) throws InterruptedException {
    System.exit(run(System.out, System.err, args));
  }

  /** The program, but for the exit. Returns the exit status. */
  static int run(PrintStream out, PrintStream err, String... args) throws InterruptedException {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      err.println("quickstart: " + e.getMessage());
      err.println();
      err.print(Options.USAGE);
      return WRONG_USAGE;
    }
    if (options.help()) {
      out.print(Options.USAGE);
      return ALL_ANSWERED;
    }
    Progress progress = new Progress(options.json() ? err : out);
    Results results = options.backends().isEmpty()
        ? Demo.run(options, progress)
        : send(options, options.backends(), progress, request -> {});
    progress.say(results.table());
    if (options.json()) {
      out.println(results.json());
    }
    return results.failed() == 0 ? ALL_ANSWERED : SOME_FAILED;
  }

  /**
   * Balances the requests over the backends.
   *
   * @param script told the number of each request, from 0, before it is sent
   */
  static Results send(
      Options options, List<Backend> backends, Progress progress, LongConsumer script)
      throws InterruptedException {
    Results results = new Results(backends);

    // The host of the URL is the name of the balancer: that is what leads a call to it.
    try (LoadBalancer balancer = LoadBalancer.builder(options.url().host())
        .backends(backends)
        .strategy(options.strategy())
        .build()) {

      OkHttpClient client = LoadBalancingInterceptor.of(balancer)
          .install(new OkHttpClient.Builder()
              .eventListener(new ConnectionCounter(results))
              .followRedirects(false) // a redirect is an answer, and may lead elsewhere
              .build());

      Request request = new Request.Builder().url(options.url()).build();
      Traffic traffic = new Traffic(client, request, results, script);
      if (options.time() == null) {
        traffic.send(options.requests(), options.concurrency(), progress);
      } else {
        traffic.send(options.time(), options.concurrency(), balancer.pool(), progress);
      }

      client.connectionPool().evictAll();
    }
    return results;
  }
}
