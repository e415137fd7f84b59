/** What {@code PickBenchmark} measures: the ways of picking, ours and bare ones, and the request that they pick for. */
@NullMarked
package io.fairlead.benchmarks.picks;

import org.jspecify.annotations.NullMarked;
