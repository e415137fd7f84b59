package io.fairlead.strategy;

import io.fairlead.request.RequestContext;

/** What of a request a strategy goes by that sends equal ones to the same member. */
public enum HashKey {

  /** {@link RequestContext#key}. */
  KEY {
    @Override
    boolean isIn(RequestContext context) {
      return context.hasKey();
    }

    @Override
    long hash(RequestContext context) {
      return context.keyHash();
    }
  },

  /** {@link RequestContext#clientIp}. */
  CLIENT_IP {
    @Override
    boolean isIn(RequestContext context) {
      return context.clientIp() != null;
    }

    @Override
    long hash(RequestContext context) {
      return context.clientIpHash();
    }
  };

  abstract boolean isIn(RequestContext context);

  abstract long hash(RequestContext context);
}
