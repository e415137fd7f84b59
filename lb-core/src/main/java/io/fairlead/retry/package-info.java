/**
 * What comes after an attempt. A {@link io.fairlead.retry.CallPlan} decides for one call whether to send, to whom, and when
 * to stop; it does no I/O, reads no clock and holds no thread, so that a blocking transport, an asynchronous one and a
 * simulation in virtual time drive the very same object.
 */
@NullMarked
package io.fairlead.retry;

import org.jspecify.annotations.NullMarked;
