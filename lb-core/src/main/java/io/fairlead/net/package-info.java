/** IP addresses in text. Shared inside Fairlead, not exported. */
@NullMarked
package io.fairlead.net;

import org.jspecify.annotations.NullMarked;
