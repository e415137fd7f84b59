/**
 * Circuit breakers: whoever keeps failing is left alone for a while, and then tried with a few calls. A {@link
 * io.fairlead.circuitbreaker.CircuitBreaker} stands alone and knows nothing of what is called.
 */
@NullMarked
package io.fairlead.circuitbreaker;

import org.jspecify.annotations.NullMarked;
