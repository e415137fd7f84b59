/** What things cost, measured with JMH. Where implementations are compared, the parameter {@code impl} tells them apart. */
@NullMarked
package io.fairlead.benchmarks;

import org.jspecify.annotations.NullMarked;
