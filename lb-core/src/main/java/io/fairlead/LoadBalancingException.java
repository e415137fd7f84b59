package io.fairlead;

import java.io.IOException;

/** A request that could not be carried out. Its message names the service and tells how its servers stand. */
public abstract class LoadBalancingException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String balancer;

  LoadBalancingException(String balancer, String message) {
    super(balancer + ": " + message);
    this.balancer = balancer;
  }

  /** The name of the balancer. */
  public String balancer() {
    return balancer;
  }
}
