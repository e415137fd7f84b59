package io.fairlead;

/** The balancer is closed. Nothing was sent. */
public final class LoadBalancerClosedException extends LoadBalancingException {

  private static final long serialVersionUID = 1L;

  LoadBalancerClosedException(String balancer) {
    super(balancer, "the load balancer is closed");
  }
}
