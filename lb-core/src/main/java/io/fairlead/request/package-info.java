/**
 * What is known of a request before it is sent, {@link io.fairlead.request.RequestContext}, and what became of an
 * attempt to send it, {@link io.fairlead.request.Outcome}. Both are immutable values that know of no protocol.
 */
@NullMarked
package io.fairlead.request;

import org.jspecify.annotations.NullMarked;
