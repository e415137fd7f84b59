/**
 * How often something may happen. A {@link io.fairlead.ratelimit.TokenBucket} limits one thing, a
 * {@link io.fairlead.ratelimit.KeyedTokenBucket} each of many by a key, both by one or several
 * {@linkplain io.fairlead.ratelimit.RateLimit limits}. They stand alone: no load balancer is needed.
 */
@NullMarked
package io.fairlead.ratelimit;

import org.jspecify.annotations.NullMarked;
