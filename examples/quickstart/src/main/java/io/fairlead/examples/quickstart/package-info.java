/**
 * A program to see the balancer at work. {@link io.fairlead.examples.quickstart.Quickstart} is where it begins, and where the
 * library is used; the rest is servers to talk to, threads that call, and tables.
 */
@NullMarked
package io.fairlead.examples.quickstart;

import org.jspecify.annotations.NullMarked;
