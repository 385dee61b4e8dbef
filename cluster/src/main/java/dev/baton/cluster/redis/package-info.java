/** Scripts, futures with a deadline and periodic tasks for the packages that use Redis. */
@NullMarked
package dev.baton.cluster.redis;

import org.jspecify.annotations.NullMarked;
