package io.fairlead;

/** No server can take the request: the pool is empty, or each one is vetoed, of weight 0, or was tried. Nothing was sent. */
public final class NoBackendException extends LoadBalancingException {

  private static final long serialVersionUID = 1L;

  NoBackendException(String balancer, String message) {
    super(balancer, message);
  }
}
