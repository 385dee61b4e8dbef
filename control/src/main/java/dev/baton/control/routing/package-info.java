/** Where a request runs: pure choices over what the workers say of themselves. No clock, no thread. */
@NullMarked
package dev.baton.control.routing;

import org.jspecify.annotations.NullMarked;
