package io.fairlead.strategy;

import io.fairlead.request.RequestContext;

/** What of a request a strategy goes by that sends equal ones to the same member. */
public enum HashKey {

  /** {@link RequestContext#key}. */
  KEY {
    @Override
    public boolean isIn(RequestContext context) {
      return context.hasKey();
    }

    @Override
    public long hash(RequestContext context) {
      return context.keyHash();
    }
  },

  /** {@link RequestContext#clientIp}. */
  CLIENT_IP {
    @Override
    public boolean isIn(RequestContext context) {
      return context.clientIp() != null;
    }

    @Override
    public long hash(RequestContext context) {
      return context.clientIpHash();
    }
  };

  /** Whether the request has it. */
  public abstract boolean isIn(RequestContext context);

  /** The hash of it, of 64 bits; 0 if the request does not have it. Of IP addresses, the same for all textual variants. */
  public abstract long hash(RequestContext context);
}
