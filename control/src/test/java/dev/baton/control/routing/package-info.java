/** Which route wins, and when. */
@NullMarked
package dev.baton.control.routing;

import org.jspecify.annotations.NullMarked;
