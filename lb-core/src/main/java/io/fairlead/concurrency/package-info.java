/**
 * How many requests may be in flight at a time: a {@link io.fairlead.concurrency.ConcurrencyLimit}, fixed or finding out by
 * itself what a server can take. It stands alone; a balancer is not needed.
 */
@NullMarked
package io.fairlead.concurrency;

import org.jspecify.annotations.NullMarked;
