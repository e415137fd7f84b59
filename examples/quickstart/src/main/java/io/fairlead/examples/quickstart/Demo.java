package io.fairlead.examples.quickstart;

import io.fairlead.backend.Backend;
import java.time.Duration;
import java.util.List;

/** Three servers on this machine: two fast ones, of which one stops for the middle third of the requests, and a slow one. */
final class Demo {

  private static final Duration FAST = Duration.ofMillis(10);
  private static final Duration SLOW = Duration.ofMillis(50);

  private Demo() {}

  static Results run(Options options, Progress progress) throws InterruptedException {
    try (DemoServer steady = DemoServer.start(FAST);
        DemoServer failing = DemoServer.start(FAST);
        DemoServer slow = DemoServer.start(SLOW)) {
      List<Backend> backends =
          List.of(backend("fast-1", steady), backend("fast-2", failing), backend("slow", slow));
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

  private static Backend backend(String id, DemoServer server) {
    return Backend.builder("127.0.0.1", server.port()).id(id).build();
  }
}
