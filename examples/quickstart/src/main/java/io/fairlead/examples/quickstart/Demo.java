package io.fairlead.examples.quickstart;

import io.fairlead.backend.Backend;
import java.time.Duration;
import java.util.List;

/**
 * Three servers on this machine: two fast ones, of which one stops for the middle third of the requests, or again and again for
 * some seconds, and a slow one.
 */
final class Demo {

  private static final Duration FAST = Duration.ofMillis(10);
  private static final Duration SLOW = Duration.ofMillis(50);

  /** How long the server that stops again and again runs, and how long it does not. */
  private static final Duration UP = Duration.ofSeconds(4);

  private static final Duration DOWN = Duration.ofSeconds(2);

  private Demo() {}

  static Results run(Options options, Progress progress) throws InterruptedException {
    try (DemoServer steady = DemoServer.start(FAST);
        DemoServer failing = DemoServer.start(FAST);
        DemoServer slow = DemoServer.start(SLOW)) {
      List<Backend> backends =
          List.of(backend("fast-1", steady), backend("fast-2", failing), backend("slow", slow));
      if (options.time() != null) {
        AgainAndAgain script = new AgainAndAgain(failing, progress);
        return Quickstart.send(options, backends, progress, request -> script.run());
      }
      long stop = options.requests() / 3;
      long restart = 2 * stop;
      return Quickstart.send(options, backends, progress, request -> {
        if (request == stop) {
          progress.say("fast-2 stops");
          failing.stop();
        } else if (request == restart) {
          failing.restart();
          progress.say("fast-2 is back, on the same port");
        }
      });
    }
  }

  /** Stops a server and starts it again, every few seconds: by whoever is about to send a request. Thread-safe. */
  private static final class AgainAndAgain {
    private final DemoServer server;
    private final Progress progress;
    private volatile long nextNanos = System.nanoTime() + UP.toNanos(); // written under this
    private boolean stopped; // under this

    AgainAndAgain(DemoServer server, Progress progress) {
      this.server = server;
      this.progress = progress;
    }

    void run() {
      if (isDue()) {
        next();
      }
    }

    private boolean isDue() {
      return System.nanoTime() - nextNanos >= 0;
    }

    private synchronized void next() {
      if (!isDue()) {
        return; // another one has done it
      }
      stopped = !stopped;
      nextNanos = System.nanoTime() + (stopped ? DOWN : UP).toNanos();
      if (stopped) {
        progress.say("fast-2 stops");
        server.stop();
      } else {
        server.restart();
        progress.say("fast-2 is back, on the same port");
      }
    }
  }

  private static Backend backend(String id, DemoServer server) {
    return Backend.builder("127.0.0.1", server.port()).id(id).build();
  }
}
