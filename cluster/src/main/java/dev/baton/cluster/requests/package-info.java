/**
 * The truth about each request, in Redis: which attempt counts, in which phase it is, who executes it, who owns it.
 * Every change is a compare-and-set in one script. No threads of its own; results arrive on the Redis client's threads.
 */
@NullMarked
package dev.baton.cluster.requests;

import org.jspecify.annotations.NullMarked;
