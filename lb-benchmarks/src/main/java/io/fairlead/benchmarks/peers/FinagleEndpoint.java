package io.fairlead.benchmarks.peers;

import com.twitter.finagle.Address;
import com.twitter.finagle.Addresses;
import com.twitter.finagle.ClientConnection;
import com.twitter.finagle.Service;
import com.twitter.finagle.ServiceFactory;
import com.twitter.finagle.Status;
import com.twitter.finagle.loadbalancer.EndpointFactory;
import com.twitter.util.Future;
import com.twitter.util.Time;
import java.net.InetSocketAddress;
import scala.runtime.BoxedUnit;

/** A server of Finagle's with a session that is open already. */
final class FinagleEndpoint extends ServiceFactory<Object, Object>
    implements EndpointFactory<Object, Object> {

  private final Address address;
  private final Future<Service<Object, Object>> session =
      Future.value(Service.constant(Future.value("")));

  FinagleEndpoint(InetSocketAddress address) {
    this.address = Addresses.newInetAddress(address);
  }

  @Override
  public Future<Service<Object, Object>> apply(ClientConnection client) {
    return session;
  }

  @Override
  public Address address() {
    return address;
  }

  @Override
  public Status status() {
    return Status.Open$.MODULE$;
  }

  @Override
  public void remake() {}

  @Override
  public Future<BoxedUnit> close(Time deadline) {
    return Future.Done();
  }
}
