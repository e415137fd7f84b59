package io.fairlead.examples;

import io.fairlead.LoadBalancer;
import io.fairlead.LoadBalancerListener;
import io.fairlead.backend.Backend;
import io.fairlead.backend.Derived;
import io.fairlead.backend.Live;
import io.fairlead.backend.Member;
import io.fairlead.okhttp.CallOptions;
import io.fairlead.request.RequestContext;
import io.fairlead.strategy.ConsistentHash;
import io.fairlead.strategy.HashKey;
import io.fairlead.strategy.LeastResponseTime;
import io.fairlead.strategy.Maglev;
import io.fairlead.strategy.Rendezvous;
import io.fairlead.strategy.Sampler;
import io.fairlead.strategy.StickySessions;
import io.fairlead.strategy.Strategy;
import io.fairlead.strategy.Subset;
import io.fairlead.strategy.ZoneAware;
import java.time.Duration;
import okhttp3.Request;

/** The code of the guide, compiled. {@link DocsTest} compares the two. */
@SuppressWarnings({"unused", "SystemOut"})
final class GuideSnippets {

  private GuideSnippets() {}

  static void choose() {
    LoadBalancer images = LoadBalancer.builder("images")
        .backends("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080")
        .strategy(Strategy.consistentHash())
        .build();
  }

  static void context(String documentId, String sessionId, String remoteAddress) {
    RequestContext context = RequestContext.withKey(documentId)
        .session(sessionId)
        .clientIp(remoteAddress)
        .zone("eu-1a");

    Request request = new Request.Builder()
        .url("http://images/v1/items")
        .tag(CallOptions.class, CallOptions.of(context))
        .build();
  }

  static void tuned() {
    Strategy patient = LeastResponseTime.builder()
        .decay(Duration.ofSeconds(30))
        .failurePenalty(20)
        .build();

    Strategy ring = ConsistentHash.builder().virtualNodes(200).boundedLoad(1.25).build();

    Strategy table = Maglev.builder().key(HashKey.CLIENT_IP).tableSize(262_147).build();

    Strategy scores = Rendezvous.by(HashKey.KEY);

    Strategy sessions = StickySessions.builder(Strategy.leastConnections())
        .maxSessions(1_000_000)
        .idleTime(Duration.ofMinutes(30))
        .build();

    Strategy zones =
        ZoneAware.builder(Strategy.leastResponseTime()).overprovisioning(1.2).build();
  }

  static void subset(int podIndex, int podCount) {
    Strategy few = Subset.builder(Strategy.leastResponseTime())
        .size(20)
        .client(podIndex, podCount)
        .build();
  }

  static void zones() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .zone("eu-1a")
        .backends(
            Backend.builder("10.1.0.1:8080").zone("eu-1a").build(),
            Backend.builder("10.1.0.2:8080").zone("eu-1a").build(),
            Backend.builder("10.2.0.1:8080").zone("eu-1b").build())
        .strategy(Strategy.zoneAware(Strategy.leastResponseTime()))
        .build();
  }

  static void slowStart() {
    LoadBalancer orders = LoadBalancer.builder("orders")
        .backends("10.0.0.1:8080", "10.0.0.2:8080")
        .slowStart(Duration.ofSeconds(30))
        .panicThreshold(0.3)
        .build();
  }

  static void moved() {
    LoadBalancer shop = LoadBalancer.builder("shop")
        .backends("10.0.0.1:8080", "10.0.0.2:8080")
        .strategy(Strategy.sticky(Strategy.leastResponseTime()))
        .listener(new LoadBalancerListener() {
          @Override
          public void sessionMoved(String session, Member from, Member to) {
            System.out.println("a session moved from " + from + " to " + to);
          }
        })
        .build();
  }

  static void composed() {
    Strategy sessionsInZones = Strategy.sticky(Strategy.zoneAware(Strategy.leastResponseTime()));

    Strategy someOfEachZone = Strategy.zoneAware(Strategy.subset(20, Strategy.leastResponseTime()));
  }

  static void own() {
    Strategy byWeight = Strategy.of(members -> {
      Derived<Sampler> sampler = Sampler.of(members);
      return choice -> {
        Sampler now = sampler.get();
        Live live = now.live();
        return live.size() == 0 ? null : live.member(now.draw(choice.random()));
      };
    });
  }
}
