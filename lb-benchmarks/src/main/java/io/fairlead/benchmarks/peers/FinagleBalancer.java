package io.fairlead.benchmarks.peers;

import com.twitter.finagle.ClientConnection;
import com.twitter.finagle.NoBrokersAvailableException;
import com.twitter.finagle.Service;
import com.twitter.finagle.ServiceFactory;
import com.twitter.finagle.StackParams;
import com.twitter.finagle.loadbalancer.Balancers;
import com.twitter.finagle.loadbalancer.EndpointFactory;
import com.twitter.finagle.loadbalancer.LoadBalancerFactory;
import com.twitter.util.Activity;
import com.twitter.util.Future;
import io.fairlead.benchmarks.picks.Backends;
import io.fairlead.benchmarks.picks.Pick;
import io.fairlead.benchmarks.picks.Request;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;
import scala.collection.immutable.IndexedSeq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Finagle's balancers, on sessions that are open already, without statistics. Its choice can't be had without the rest, so
 * this is all of an attempt: a session is acquired, which counts as load from then on, and released, which is when peak EWMA
 * measures it.
 */
public final class FinagleBalancer implements Pick {

  private final ServiceFactory<Object, Object> balancer;

  private FinagleBalancer(LoadBalancerFactory factory, int members) {
    List<EndpointFactory<Object, Object>> endpoints = IntStream.range(0, members)
        .<EndpointFactory<Object, Object>>mapToObj(
            i -> new FinagleEndpoint(new InetSocketAddress(Backends.host(i), Backends.PORT)))
        .toList();
    IndexedSeq<EndpointFactory<Object, Object>> sequence =
        CollectionConverters.asScala(endpoints).toIndexedSeq();
    this.balancer = factory.newBalancer(
        Activity.value(sequence),
        new NoBrokersAvailableException("benchmark"),
        StackParams.empty());
  }

  /** The one of two with fewer requests. */
  public static Pick p2c(int members) {
    return new FinagleBalancer(Balancers.p2c(Balancers.p2c$default$1()), members);
  }

  /** The one of two with the lower peak EWMA of its latencies, times its requests. */
  public static Pick p2cPeakEwma(int members) {
    return new FinagleBalancer(
        Balancers.p2cPeakEwma(Balancers.p2cPeakEwma$default$1(), Balancers.p2cPeakEwma$default$2()),
        members);
  }

  @Override
  public Object pick(Request request) {
    Future<Service<Object, Object>> acquired = balancer.apply(ClientConnection.nil());
    Service<Object, Object> session = acquired.poll().get().get(); // done already
    session.close();
    return session;
  }

  @Override
  public void close() {
    balancer.close();
  }
}
