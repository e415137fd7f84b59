package io.fairlead.benchmarks.peers;

import io.servicetalk.client.api.ConnectionFactory;
import io.servicetalk.client.api.RequestTracker;
import io.servicetalk.concurrent.api.Completable;
import io.servicetalk.concurrent.api.Single;
import io.servicetalk.context.api.ContextMap;
import io.servicetalk.transport.api.TransportObserver;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens connections for ServiceTalk at once, with no network below. */
final class ServiceTalkConnections implements ConnectionFactory<String, ServiceTalkConnection> {

  @Override
  public Single<ServiceTalkConnection> newConnection(
      String address, @Nullable ContextMap context, @Nullable TransportObserver observer) {
    RequestTracker tracker =
        context == null ? null : context.get(RequestTracker.REQUEST_TRACKER_KEY);
    return Single.succeeded(new ServiceTalkConnection(Objects.requireNonNull(tracker, "tracker")));
  }

  @Override
  public Completable onClose() {
    return Completable.never();
  }

  @Override
  public Completable closeAsync() {
    return Completable.completed();
  }
}
