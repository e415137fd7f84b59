/**
 * Other libraries' ways of picking, each on the least of its own surroundings that it works in, and called as its own client
 * calls it. Where one can't pick without more, such as an object for the request, that is made beforehand.
 */
@NullMarked
package io.fairlead.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
