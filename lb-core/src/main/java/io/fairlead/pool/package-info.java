/**
 * The machinery of the live set of backends: counting what is in flight on each member, vetoes, and the publication of a
 * membership together with its picker. Between the strategies, which see its members through the interfaces of
 * {@link io.fairlead.backend}, and the balancer, which drives it. Not exported.
 */
@NullMarked
package io.fairlead.pool;

import org.jspecify.annotations.NullMarked;
