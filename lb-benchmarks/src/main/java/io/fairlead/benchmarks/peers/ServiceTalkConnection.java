package io.fairlead.benchmarks.peers;

import io.servicetalk.client.api.LoadBalancedConnection;
import io.servicetalk.client.api.RequestTracker;
import io.servicetalk.concurrent.api.Completable;

/** A connection of ServiceTalk's that takes any number of requests, with what measures those of its server. */
final class ServiceTalkConnection implements LoadBalancedConnection {

  private final RequestTracker tracker;

  ServiceTalkConnection(RequestTracker tracker) {
    this.tracker = tracker;
  }

  /** Begins a request and ends it, well: as ServiceTalk's HTTP client tells its tracker. */
  void request() {
    long start = tracker.beforeRequestStart();
    tracker.onRequestSuccess(start);
  }

  @Override
  public Result tryRequest() {
    return Result.Accepted;
  }

  @Override
  public void requestFinished() {}

  @Override
  public int score() {
    return 1;
  }

  @Override
  public boolean tryReserve() {
    return true;
  }

  @Override
  public Completable releaseAsync() {
    return Completable.completed();
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
