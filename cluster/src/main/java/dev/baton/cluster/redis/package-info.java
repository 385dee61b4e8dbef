/** How the other packages ask Redis. No threads of its own. */
@NullMarked
package dev.baton.cluster.redis;

import org.jspecify.annotations.NullMarked;
