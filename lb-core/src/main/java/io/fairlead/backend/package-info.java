/**
 * The servers behind one name. A {@link io.fairlead.backend.Backend} is a plain value: an address and what is known of
 * it. A {@link io.fairlead.backend.BackendPool} is the live set of them, in which each is a
 * {@link io.fairlead.backend.Member} with its state. {@link io.fairlead.backend.Members} is one membership of the pool, as
 * strategies see it, and {@link io.fairlead.backend.Live} those of it that may be picked now.
 */
@NullMarked
package io.fairlead.backend;

import org.jspecify.annotations.NullMarked;
