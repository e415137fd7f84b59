/**
 * The seams through which Fairlead meets time and chance: clocks, a scheduler, a waiter, and a source of random
 * numbers. Everything that reads a clock, sets a timer, waits or draws lots does it through these interfaces, so that
 * a test or a simulation can put its own in their place and see the very same code run in virtual time, alike on every
 * run. Production code uses {@link io.fairlead.time.TimeSource#system()} and {@link io.fairlead.time.Chance#system()}
 * without ever naming them.
 */
@NullMarked
package io.fairlead.time;

import org.jspecify.annotations.NullMarked;
