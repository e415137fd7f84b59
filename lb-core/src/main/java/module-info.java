/** Client-side load balancing: the core, which knows of no protocol. */
module io.fairlead {
  requires static transitive org.jspecify;
  requires com.dynatrace.hash4j;
  requires com.github.benmanes.caffeine;
  requires org.slf4j;

  exports io.fairlead;
  exports io.fairlead.backend;
  exports io.fairlead.concurrency;
  exports io.fairlead.circuitbreaker;
  exports io.fairlead.ratelimit;
  exports io.fairlead.request;
  exports io.fairlead.retry;
  exports io.fairlead.strategy;
  exports io.fairlead.time;
}
