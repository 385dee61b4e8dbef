/** Where a request runs: pure choices over the workers' own reports and what one gateway has sent since. No clock. */
@NullMarked
package dev.baton.control.routing;

import org.jspecify.annotations.NullMarked;
