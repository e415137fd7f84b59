package io.fairlead.examples.quickstart;

import io.fairlead.backend.BackendPool;
import io.fairlead.okhttp.Attempts;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/** Threads that make the same call again and again. */
final class Traffic {

  private static final long PROGRESS_MILLIS = 100;
  private static final long SECOND_MILLIS = 1000;

  private final OkHttpClient client;
  private final Request request;
  private final Results results;
  private final LongConsumer script;
  private final AtomicLong tickets = new AtomicLong();

  Traffic(OkHttpClient client, Request request, Results results, LongConsumer script) {
    this.client = client;
    this.request = request;
    this.results = results;
    this.script = script;
  }

  /** Makes so many calls, and returns when the last one has ended. */
  void send(long requests, int concurrency, Progress progress) throws InterruptedException {
    int threads = (int) Math.min(concurrency, requests);
    send(
        threads,
        () -> callWhile(ticket -> ticket < requests),
        PROGRESS_MILLIS,
        () -> progress.update(results.line(requests)));
    progress.update(results.line(requests));
  }

  /** Makes calls for so long, and tells each second how it goes. Returns when the last one has ended. */
  void send(Duration time, int concurrency, BackendPool pool, Progress progress)
      throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    Seconds seconds = new Seconds(results, pool);
    send(
        concurrency,
        () -> callWhile(ticket -> System.nanoTime() - end < 0),
        SECOND_MILLIS,
        () -> progress.say(seconds.line()));
  }

  private void send(int threads, Runnable caller, long everyMillis, Runnable tell)
      throws InterruptedException {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    long start = System.nanoTime();
    try {
      CompletableFuture<Void> all = CompletableFuture.allOf(IntStream.range(0, threads)
          .mapToObj(i -> CompletableFuture.runAsync(caller, workers))
          .toArray(CompletableFuture[]::new));
      while (!ends(all, everyMillis)) {
        tell.run();
      }
    } finally {
      workers.shutdownNow();
    }
    results.took(System.nanoTime() - start);
  }

  /** Waits for a moment. Whether it has ended by then. */
  private static boolean ends(CompletableFuture<Void> all, long millis)
      throws InterruptedException {
    try {
      all.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a thread that calls has failed", e.getCause());
    }
  }

  private void callWhile(LongPredicate more) {
    for (long ticket = tickets.getAndIncrement();
        more.test(ticket);
        ticket = tickets.getAndIncrement()) {
      script.accept(ticket);
      call();
    }
  }

  private void call() {
    Call call = client.newCall(request);
    int status = 0;
    IOException failure = null;
    try (Response response = call.execute()) {
      status = response.code();
      response.body().source().readAll(Okio.blackhole());
    } catch (IOException e) {
      failure = e;
    }
    record(call, status, failure);
  }

  private void record(Call call, int status, @Nullable IOException failure) {
    Attempts attempts = Attempts.of(call);
    if (attempts != null) { // null only if the URL's host had no balancer
      boolean truncated = status != 0 && failure != null;
      results.attempts(attempts.all(), truncated);
    }
    results.call(status, failure);
  }
}
